import assert from "node:assert/strict";
import { ONCE, PHASES, type TestPhase } from "../../../scripts/test_phases.ts";

const TESTS = PHASES.filter((phase): phase is TestPhase => phase.kind === "tests");

function named(name: string): TestPhase {
  return TESTS.find((phase) => phase.name === name) ?? assert.fail(name);
}

Deno.test("PHASES leave out nothing that another phase does not run", () => {
  for (const path of ONCE) assert.ok(Deno.statSync(path), path);
  const [rest, long] = [named("executable"), named("executable load")];
  assert.deepEqual(rest.paths, long.paths);
  assert.deepEqual([rest.longRows, long.longRows], ["without", "only"]);
  for (const phase of TESTS) {
    if (phase.program === "executable") assert.equal(phase.without, undefined, phase.name);
    else assert.ok(phase.without === undefined || phase.without === ONCE, phase.name);
  }
});

Deno.test("PHASES run unit and integration tests on both versions alike, and check types once for each", () => {
  const other = TESTS.find(({ deno }) => deno !== undefined)?.deno ?? assert.fail();
  for (const name of ["unit", "integration"]) {
    const [pinned, next] = [named(name), named(`${name} ${other}`)];
    assert.deepEqual([next.paths, next.without], [pinned.paths, pinned.without]);
    assert.equal(next.longRows, pinned.longRows);
  }
  const checks = PHASES.flatMap((phase) =>
    phase.kind === "program" && phase.args.join() === "check" ? [phase.deno] : []
  );
  assert.deepEqual(checks, [undefined, other]);
});
