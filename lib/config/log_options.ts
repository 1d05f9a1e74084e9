/** istiod's spelling of log levels: `scope:level,scope:level`, or a level alone for every scope. */
import { quote } from "../base/mod.ts";
import { BadValue, type Option, type OptionSpec, splitList } from "./option.ts";

/** The levels of the log, from silence to everything. */
export const LEVELS = ["none", "fatal", "error", "warn", "info", "debug"] as const;

/** A level of the log. */
export type LevelName = typeof LEVELS[number];

/** The level of each scope that was named. */
export type ScopeLevels = Readonly<Record<string, LevelName>>;

/** Levels by scope. */
export function levelsOption(spec: OptionSpec): Option<ScopeLevels> {
  return { ...spec, kind: "scope:level", isRepeatable: true, parse: parseLevels };
}

function parseLevels(text: string): ScopeLevels {
  return Object.fromEntries(
    splitList(text).map((part) => {
      const colon = part.indexOf(":");
      const scope = colon < 0 ? "default" : part.slice(0, colon);
      return [scope, parseLevel(part.slice(colon + 1))];
    }),
  );
}

function parseLevel(text: string): LevelName {
  const level = LEVELS.find((name) => name === text);
  if (level !== undefined) return level;
  throw new BadValue(`has level ${quote(text)}, should be one of ${LEVELS.join(", ")}`);
}
