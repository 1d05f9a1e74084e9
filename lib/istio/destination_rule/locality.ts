/** Localities of a load balancer: `region/zone/subzone`, the last part `*` at will; no two of a list may cover one place. */

/** What is wrong with a list of localities; `undefined` when nothing is. */
export function localitiesFault(localities: readonly string[]): string | undefined {
  const taken: (readonly string[])[] = [];
  for (const locality of localities) {
    const stars = locality.split("*").length - 1;
    if (stars > 1 || stars === 1 && !locality.endsWith("*")) {
      return `locality ${locality} wildcard '*' number can not exceed 1 and must be in the end`;
    }
    const parts = splitInThree(locality);
    if (parts.includes("")) {
      return `locality ${locality} must not contain empty region/zone/subzone info`;
    }
    if (taken.some((other) => overlap(parts, other))) {
      return `locality ${locality} overlap with previous specified ones`;
    }
    taken.push(parts);
  }
  return undefined;
}

function splitInThree(locality: string): readonly string[] {
  const [region = "", zone, ...rest] = locality.split("/");
  if (zone === undefined) return [region];
  return rest.length === 0 ? [region, zone] : [region, zone, rest.join("/")];
}

/**
 * Whether `parts` collides with one that stands before it. Each place claims its parts and all below; `*` alone claims everything that comes
 * later, and so does a `*` for a zone or a subzone within its region or zone.
 */
function overlap(parts: readonly string[], before: readonly string[]): boolean {
  for (const [at, part] of before.entries()) {
    const own = parts[at];
    if (part === "*") return true;
    // The earlier one names a part of what the later one claims whole.
    if (own === undefined) return true;
    if (own !== part) return false;
  }
  return true;
}
