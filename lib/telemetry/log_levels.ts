/** Levels of log scopes that can change while the server runs. */
import type { LogLevel } from "./port.ts";

/** Scopes whose levels may be kept: they are signet's own and the operator's, so more is a mistake. */
const MAX_SCOPES = 200;
const SCOPE_REGEXP = /^[\w.-]{1,64}$/;

/** The levels of all scopes. */
export interface LogLevels {
  /** The level of a scope, as a place that is looked at for each record; the same place for the same scope. */
  place(scope: string): { readonly rank: number };
  /** Changes a scope from now on; false when scope or level are none. */
  set(scope: string, level: string): boolean;
  /** What is in force, by scope. */
  read(): Readonly<Record<string, LogLevel>>;
}

/** Ranks of levels: a record is written when its rank is not above its scope's. */
export const RANK: Readonly<Record<LogLevel, number>> = {
  none: 0,
  fatal: 1,
  error: 2,
  warn: 3,
  info: 4,
  debug: 5,
};

/** Starts with these levels; `default` is for scopes that are not named. */
export function createLogLevels(levels: Readonly<Record<string, LogLevel>>): LogLevels {
  const given = new Map<string, LogLevel>(Object.entries(levels));
  const places = new Map<string, { rank: number }>();
  const levelOf = (scope: string) => given.get(scope) ?? given.get("default") ?? "info";
  return {
    place(scope) {
      let place = places.get(scope);
      if (place === undefined) places.set(scope, place = { rank: RANK[levelOf(scope)] });
      return place;
    },
    set(scope, level) {
      const known = (Object.keys(RANK) as LogLevel[]).find((name) => name === level);
      if (known === undefined || !SCOPE_REGEXP.test(scope)) return false;
      if (!given.has(scope) && given.size >= MAX_SCOPES) return false;
      given.set(scope, known);
      for (const [name, place] of places) place.rank = RANK[levelOf(name)];
      return true;
    },
    read() {
      const scopes = new Set(["default", ...given.keys(), ...places.keys()]);
      return Object.fromEntries([...scopes].sort().map((scope) => [scope, levelOf(scope)]));
    },
  };
}
