import assert from "node:assert/strict";
import {
  FROM_SOURCE,
  IN_PROCESS,
  ONCE,
  PHASES,
  type TestPhase,
} from "../../../scripts/test_phases.ts";

const TESTS = PHASES.filter((phase): phase is TestPhase => phase.kind === "tests");

function named(name: string): TestPhase {
  return TESTS.find((phase) => phase.name === name) ?? assert.fail(name);
}

/** Test files at a path. */
function filesAt(path: string): readonly string[] {
  if (Deno.statSync(path).isFile) return [path];
  return [...Deno.readDirSync(path)].flatMap(({ name, isDirectory }) =>
    isDirectory || name.endsWith("_test.ts") ? filesAt(`${path}/${name}`) : []
  );
}

const IMPORT_REGEXP = /^(?:import|export)\s+(?!type\s)[^;]*?from "(\.[^"]+)"/gm;

/** What a file loads of the repository, itself included. */
function loaded(file: string, seen = new Set<string>()): ReadonlySet<string> {
  if (seen.has(file)) return seen;
  seen.add(file);
  for (const [, path] of Deno.readTextFileSync(file).matchAll(IMPORT_REGEXP)) {
    loaded(new URL(path!, `file:///${file}`).pathname.slice(1), seen);
  }
  return seen;
}

Deno.test("PHASES leave out nothing that another phase does not run", () => {
  const [rest, long] = [named("executable"), named("executable load")];
  assert.deepEqual(rest.paths, long.paths);
  assert.deepEqual([rest.longRows, long.longRows], ["without", "only"]);
  assert.deepEqual([rest.without, long.without], [IN_PROCESS, undefined]);
  for (const phase of TESTS) {
    if (phase.program !== "executable" && phase.without !== undefined) {
      assert.equal(phase.without, ONCE, phase.name);
    }
  }
  const source = named("integration");
  assert.deepEqual([source.paths, source.without, source.program], [
    FROM_SOURCE,
    undefined,
    undefined,
  ]);
  for (const path of IN_PROCESS) assert.ok(source.paths.includes(path), path);
  for (const path of FROM_SOURCE) assert.ok(filesAt(path).length > 0, path);
  const once = new Set(ONCE.flatMap(filesAt));
  for (const file of IN_PROCESS.flatMap(filesAt)) assert.ok(!once.has(file), file);
});

Deno.test("IN_PROCESS names no test that starts signet", () => {
  const starts = "tests/support/server.ts";
  assert.ok(loaded("tests/integration/lifecycle/stop_test.ts").has(starts));
  assert.ok(loaded("tests/integration/dns_over_tls/kdig_test.ts").has(starts), "through mesh.ts");
  for (const file of IN_PROCESS.flatMap(filesAt)) {
    assert.ok(!loaded(file).has(starts), file);
    assert.doesNotMatch(Deno.readTextFileSync(file), /SIGNET_EXECUTABLE|longTestWithPeers/, file);
  }
});

Deno.test("PHASES run unit and integration tests on both versions alike, and check types once for each", () => {
  const other = TESTS.find(({ deno }) => deno !== undefined)?.deno ?? assert.fail();
  assert.deepEqual(named(`unit ${other}`).paths, named("unit").paths);
  const [pinned, next] = [named("executable"), named(`integration ${other}`)];
  assert.deepEqual([pinned.deno, next.deno], [undefined, other]);
  assert.deepEqual(next.paths, pinned.paths);
  const checks = PHASES.flatMap((phase) =>
    phase.kind === "program" && phase.args.join() === "check" ? [phase.deno] : []
  );
  assert.deepEqual(checks, [undefined, other]);
});
