/** Localities of a load balancer: `region/zone/subzone`, the last part `*` at will; no two of a list may cover one place. */

/** What is wrong with a list of localities; `undefined` when nothing is. */
export function localitiesFault(localities: readonly string[]): string | undefined {
  /** Places that are claimed with all below them; the whole world is the empty text. */
  const claimed = new Set<string>();
  /** Places of which a part is claimed. */
  const opened = new Set<string>();
  for (const locality of localities) {
    const stars = locality.split("*").length - 1;
    if (stars > 1 || stars === 1 && !locality.endsWith("*")) {
      return `locality ${locality} wildcard '*' number can not exceed 1 and must be in the end`;
    }
    const parts = splitInThree(locality);
    if (parts.includes("")) {
      return `locality ${locality} must not contain empty region/zone/subzone info`;
    }
    const around = parts.map((_, length) => parts.slice(0, length).join("/"));
    // One for the rest of a place may stand behind those for its parts, one for the place as a whole may not.
    if ([...around, locality].some((place) => claimed.has(place)) || opened.has(locality)) {
      return `locality ${locality} overlap with previous specified ones`;
    }
    claimed.add(parts.at(-1) === "*" ? around.at(-1)! : locality);
    for (const place of around) if (place !== "") opened.add(place);
  }
  return undefined;
}

function splitInThree(locality: string): readonly string[] {
  const [region = "", zone, ...rest] = locality.split("/");
  if (zone === undefined) return [region];
  return rest.length === 0 ? [region, zone] : [region, zone, rest.join("/")];
}
