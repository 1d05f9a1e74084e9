// deno-lint-ignore-file no-console -- a script prints
/**
 * Asks `deno doc --lint` two things: that every export of every file of `lib/` and of `main.ts` has a doc comment, and that what the doors
 * of the rooms (`mod.ts`) show is typed and names public types alone, so that no package's type leaks out of a room.
 *
 * Usage: `scripts/deno task doc:lint`
 */

/** Findings that stay, by kind and file or folder, each with its reason. One that is no longer found is a fault, too. */
const KNOWN: Readonly<Record<string, string>> = {
  "missing-explicit-type lib/config/table.ts":
    "OPTIONS is the table from which the type of every option's value is inferred",
  "private-type-ref lib/istio/":
    "the types of kinds are inferred from the schemas that stand above them",
};

/** Whether a finding is one that stays: by this key of the table. */
function isOf(known: string, { kind, file }: Finding): boolean {
  const [ofKind = "", place = ""] = known.split(" ");
  return kind === ofKind && (place.endsWith("/") ? file.startsWith(place) : file === place);
}

/** One complaint: its kind, and where. */
interface Finding {
  readonly kind: string;
  readonly file: string;
  readonly text: string;
}

/** The complaints of `deno doc --lint` about some files. */
async function lint(files: readonly string[]): Promise<readonly Finding[]> {
  const { code, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["doc", "--lint", ...files],
    env: { NO_COLOR: "1" },
    stdin: "null",
    stdout: "null",
    stderr: "piped",
  }).output();
  const findings = parseFindings(new TextDecoder().decode(stderr), Deno.cwd());
  if (code !== 0 && findings.length === 0) {
    throw new TypeError(`Cannot lint docs: ${new TextDecoder().decode(stderr)}`);
  }
  return findings;
}

/** Reads what `deno doc --lint` prints. */
export function parseFindings(output: string, root: string): readonly Finding[] {
  const pattern = /^error\[([a-z-]+)\]: (.*)\n\s*--> (\S+?):(\d+):\d+$/gm;
  return [...output.matchAll(pattern)].map(([, kind = "", what = "", path = "", line = ""]) => {
    const file = path.replace(`${root.replace(/\/$/, "")}/`, "");
    return { kind, file, text: `${file}:${line}: ${what} (${kind})` };
  });
}

async function sources(folder: string): Promise<readonly string[]> {
  const found: string[] = [];
  for await (const { name, isDirectory } of Deno.readDir(folder)) {
    if (isDirectory) found.push(...await sources(`${folder}/${name}`));
    else if (name.endsWith(".ts")) found.push(`${folder}/${name}`);
  }
  return found.sort();
}

async function main(): Promise<boolean> {
  const files = [...await sources("lib"), "main.ts"];
  const [all, doors] = await Promise.all([
    lint(files),
    lint(files.filter((file) => file.endsWith("/mod.ts"))),
  ]);
  const found = [...all.filter(({ kind }) => kind === "missing-jsdoc"), ...doors];
  const isKnown = (finding: Finding) => Object.keys(KNOWN).some((known) => isOf(known, finding));
  const faults = new Set(found.filter((finding) => !isKnown(finding)).map(({ text }) => text));
  for (const known of Object.keys(KNOWN)) {
    if (found.some((finding) => isOf(known, finding))) continue;
    faults.add(`${known}: is found no longer: take it out of scripts/doc_lint.ts`);
  }
  for (const fault of faults) console.error(fault);
  console.log(`doc lint: ${files.length} files, ${faults.size} faults`);
  return faults.size === 0;
}

if (import.meta.main) {
  Deno.chdir(new URL("..", import.meta.url));
  Deno.exit(await main() ? 0 : 1);
}
