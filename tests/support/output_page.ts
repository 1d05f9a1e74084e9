/** The page that lists the fields of the commands' JSON, and the fields of a document. */

/** The fields of each command, by the command's words. */
export async function documentedFields(): Promise<ReadonlyMap<string, readonly string[]>> {
  const text = await Deno.readTextFile(new URL("../../docs/output.md", import.meta.url));
  const sections = text.split(/^## signet /m).slice(1);
  return new Map(sections.map((section) => {
    const [command = ""] = section.split("\n");
    return [command, [...section.matchAll(/^\| `([^`]+)`/gm)].map(([, field]) => field!)];
  }));
}

/** Paths of the values in a document, as the page writes them: `a.b`, `a[].b`. An empty list has none. */
export function pathsOf(value: unknown, path = ""): readonly string[] {
  if (Array.isArray(value)) return value.flatMap((each) => pathsOf(each, `${path}[]`));
  if (value === null || typeof value !== "object") return [path];
  return Object.entries(value).flatMap(([name, inner]) =>
    pathsOf(inner, path === "" ? name : `${path}.${name}`)
  );
}

/** What was printed and is not on the page, and what is on the page and was not printed. A `null` may stand for a list or an object. */
export function difference(
  printed: ReadonlySet<string>,
  documented: readonly string[],
): { readonly undocumented: readonly string[]; readonly unprinted: readonly string[] } {
  const hasParts = (path: string) =>
    documented.some((field) => field.startsWith(`${path}.`) || field.startsWith(`${path}[]`));
  return {
    undocumented: [...printed].filter((path) => !documented.includes(path) && !hasParts(path)),
    unprinted: documented.filter((field) => !printed.has(field)),
  };
}
