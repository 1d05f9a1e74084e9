/** Rules of a VirtualService that nothing ever reaches: behind one without matches, or behind the same match. They are warned of. */
import { quote } from "../../base/mod.ts";
import type { Json } from "../schema/port.ts";
import { below, type Cursor, warn } from "../schema/port.ts";
import type { HttpMatch } from "./match.ts";
import type { StringMatch } from "./string_match.ts";

/** Most matches of prefixes that are compared with one another; to warn of more is not worth the time. */
const MAX_COMPARED = 300;
/** Most headers and parameters of these: each match is compared with all the others by every one of them. */
const MAX_COMPARED_TEXTS = 3_000;

/** A route with its matches, however they are matched. */
export interface Rule {
  /** Its name; empty for none. */
  readonly name: string;
  /** Its matches in a form that tells them apart, with their names. */
  readonly matches: readonly { readonly name: string; readonly json: Json }[];
}

/** Warns of rules that are never used; `at` is the place of the list. */
export function warnOfUnreachable(rules: readonly Rule[], at: Cursor): void {
  const seen = new Map<string, number>();
  let empty = -1;
  for (const [index, { name, matches }] of rules.entries()) {
    const place = below(at, index);
    const rule = nameOf(name, index);
    const unused = (at: Cursor, why: string) =>
      warn(at, `virtualService rule ${rule} not used (${why})`);
    if (matches.length === 0) {
      if (empty >= 0) unused(place, "only the last rule can have no matches");
      empty = index;
      continue;
    }
    let again = 0;
    for (const [nth, match] of matches.entries()) {
      const at = below(place, "match", nth);
      if (empty >= 0) {
        unused(at, "route without matches defined before");
        continue;
      }
      const key = JSON.stringify(inOrder(match.json));
      const first = seen.get(key);
      if (first === undefined) seen.set(key, index);
      else {
        again++;
        const other = nameOf(rules[first]!.name, first);
        warn(at, ineffective(rule, nameOf(match.name, nth), other));
      }
    }
    if (again === matches.length) unused(place, "all matches used by prior rules");
  }
}

function nameOf(name: string, index: number): string {
  return name === "" ? `#${index}` : quote(name);
}

function ineffective(rule: string, match: string, other: string): string {
  return `virtualService rule ${rule} match ${match} is not used (duplicate/overlapping match in rule ${other})`;
}

/** Entries of maps in order of their keys. */
function inOrder(value: Json): Json {
  if (Array.isArray(value)) return value.map(inOrder);
  if (typeof value !== "object" || value === null) return value;
  const entries = Object.entries(value).sort(([one], [other]) => one < other ? -1 : 1);
  return Object.fromEntries(entries.map(([key, each]) => [key, inOrder(each)]));
}

interface PrefixMatch {
  readonly place: Cursor;
  readonly rule: string;
  readonly match: string;
  readonly prefix: string;
  readonly port: number;
  readonly method: string;
  readonly authority: string;
  readonly maps: readonly Readonly<Record<string, string>>[];
}

/** Warns of prefixes behind a shorter one that takes all that they match. */
export function warnOfCoveredPrefixes(
  routes: readonly { readonly name: string; readonly match: readonly HttpMatch[] }[],
  at: Cursor,
): void {
  const found = prefixMatches(routes, at);
  for (const [index, former] of found.entries()) {
    for (const latter of found.slice(index + 1)) {
      if (latter.prefix === former.prefix || !covers(former, latter)) continue;
      const other = `${former.match} of prefix ${former.prefix} on ${former.rule}`;
      const match = `${latter.match} of prefix ${latter.prefix}`;
      warn(latter.place, ineffective(latter.rule, match, other));
    }
  }
}

function prefixMatches(
  routes: readonly { readonly name: string; readonly match: readonly HttpMatch[] }[],
  at: Cursor,
): readonly PrefixMatch[] {
  const found: PrefixMatch[] = [];
  let texts = 0;
  const firstEmpty = routes.findIndex(({ match }) => match.length === 0);
  const reached = firstEmpty < 0 ? routes : routes.slice(0, firstEmpty);
  for (const [index, { name, match }] of reached.entries()) {
    for (const [nth, each] of match.entries()) {
      const prefix = each.uri?.prefix ?? "";
      if (prefix === "") continue;
      const maps = [each.headers, each.queryParams, each.withoutHeaders].map(textsOf);
      texts += maps.reduce((sum, map) => sum + Object.keys(map).length, 0);
      if (found.length >= MAX_COMPARED || texts > MAX_COMPARED_TEXTS) return found;
      found.push({
        place: below(at, index, "match", nth),
        rule: nameOf(name, index),
        match: nameOf(each.name, nth),
        prefix,
        port: each.port,
        method: textOf(each.method) || "exact:GET",
        authority: textOf(each.authority),
        maps,
      });
    }
  }
  return found;
}

function textOf(match: StringMatch | undefined): string {
  if (match?.exact) return `exact:${match.exact}`;
  return match?.prefix ? `prefix:${match.prefix}` : "";
}

function textsOf(matches: Readonly<Record<string, StringMatch>>): Readonly<Record<string, string>> {
  return Object.fromEntries(Object.entries(matches).map(([key, each]) => [key, textOf(each)]));
}

function covers(former: PrefixMatch, latter: PrefixMatch): boolean {
  return latter.prefix.startsWith(former.prefix) && former.port === latter.port &&
    former.method.startsWith(latter.method) && former.authority.startsWith(latter.authority) &&
    former.maps.every((own, index) => {
      const other = latter.maps[index]!;
      const keys = Object.keys(own);
      return keys.length === Object.keys(other).length &&
        keys.every((key) => Object.hasOwn(other, key) && own[key]!.startsWith(other[key]!));
    });
}
