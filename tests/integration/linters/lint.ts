/** The two linters, over many files in one run each. */
import assert from "node:assert/strict";
import { run } from "../../support/process.ts";
import type { Issuable } from "./issuable.ts";

const PKILINT = new URL("lint_many.py", import.meta.url).pathname;
const SOURCES = "RFC5280,RFC5480,RFC8813,RFC3279";
/** Results of zlint that no certificate may have. */
const FAULTS: readonly string[] = ["warn", "error", "fatal"];
/** Fewer lints than this were run: the sources' names have changed and nothing would be found. */
const FEWEST_LINTS = 50;
const TIMEOUT_MS = 300_000;
/** Findings of pkilint that are no faults, by code, with what must stand in their message. */
const TAKEN: Readonly<Record<string, RegExp>> = {
  // Its table of URI schemes does not have SPIFFE's.
  "pkix.invalid_uri_syntax": /spiffe:\/\//,
  // A name of one label: RFC 6761 section 6.3 reserves this one.
  "pkix.invalid_domain_name_syntax": /^Invalid domain name syntax: "localhost"$/,
};

interface Finding {
  readonly severity: string;
  readonly code: string;
  readonly message: string | null;
}

/** Faults by file. */
export type Faults = ReadonlyMap<string, readonly unknown[]>;

/** What zlint finds. */
export async function zlint(program: string, paths: readonly string[]): Promise<Faults> {
  const ran = await run(program, ["-includeSources", SOURCES, ...paths], { timeoutMs: TIMEOUT_MS });
  assert.equal(ran.code, 0, ran.stderr);
  const lines = ran.stdout.trim().split("\n");
  assert.equal(lines.length, paths.length, "one line of results for each file");
  return new Map(lines.map((line, at) => {
    const all = Object.entries(JSON.parse(line) as Record<string, { readonly result: string }>);
    const ran = all.filter(([, { result }]) => result !== "NA" && result !== "NE");
    assert.ok(all.length >= FEWEST_LINTS && ran.length > 0, `${all.length} lints`);
    return [paths[at]!, all.filter(([, { result }]) => FAULTS.includes(result))];
  }));
}

/** What pkilint finds, but for what it does not know. */
export async function pkilint(python: string, paths: readonly string[]): Promise<Faults> {
  const ran = await run(python, [PKILINT, ...paths], { timeoutMs: TIMEOUT_MS });
  assert.equal(ran.code, 0, ran.stderr);
  const lines = ran.stdout.trim().split("\n").map((line) =>
    JSON.parse(line) as { readonly path: string; readonly findings: readonly Finding[] }
  );
  assert.deepEqual(lines.map(({ path }) => path), paths);
  return new Map(
    lines.map(({ path, findings }) => [
      path,
      findings.filter(({ code, message }) => !TAKEN[code]?.test(message ?? "")),
    ]),
  );
}

/** Both linters find nothing in any of them. */
export async function judge(
  t: Deno.TestContext,
  peers: { readonly zlint: string; readonly python: string },
  issued: readonly Issuable[],
): Promise<void> {
  const paths = issued.map(({ path }) => path);
  const [byZlint, byPkilint] = await Promise.all([
    zlint(peers.zlint, paths),
    pkilint(peers.python, paths),
  ]);
  for (const { name, path } of issued) {
    await t.step(name, () => {
      assert.deepEqual(byZlint.get(path), [], "zlint");
      assert.deepEqual(byPkilint.get(path), [], "pkilint");
    });
  }
}
