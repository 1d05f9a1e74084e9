import assert from "node:assert/strict";
import { NOT_YET, ROWS } from "./rows.ts";
import { STATUSES } from "./statuses.ts";

const TESTS = new URL("../../", import.meta.url);

/** True when the file has a test, a step or a row of that name. */
async function exists(name: string): Promise<boolean> {
  const [, file = "", claim = ""] = /^(\S+): (.*)$/.exec(name) ?? [];
  const text = await Deno.readTextFile(new URL(file, TESTS));
  return text.includes(`"${claim}"`) || text.includes(`\`${claim}\``);
}

async function missing(cases: readonly string[]): Promise<readonly string[]> {
  const found = await Promise.all(cases.map(exists));
  return cases.filter((_, at) => !found[at]);
}

Deno.test("every status of CreateCertificate has its case", async (t) => {
  for (const { code, situation, cases } of STATUSES) {
    await t.step(`${code}: ${situation}`, async () => {
      assert.ok(cases.length > 0);
      assert.deepEqual(await missing(cases), []);
    });
  }
});

Deno.test("every behaviour that istiod's tests pin has its case, or a reason", async (t) => {
  for (const { upstream, pins, cases } of ROWS) {
    await t.step(`${upstream}: ${pins}`, async () => {
      assert.ok(cases.length > 0);
      assert.deepEqual(await missing(cases), []);
    });
  }
  await t.step("no row stands twice", () => {
    const names = [...ROWS, ...NOT_YET].map(({ upstream, pins }) => `${upstream}: ${pins}`);
    assert.equal(new Set(names).size, names.length);
  });
});
