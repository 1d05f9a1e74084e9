/** When changes are pushed. */
import assert from "node:assert/strict";
import { waitMs, withChange } from "../../../lib/xds/debounce.ts";

const TIMES = { debounceAfterMs: 100, debounceMaxMs: 1_000 };

Deno.test("waitMs() waits for quiet, and not longer than the longest time from the first change", () => {
  const first = withChange(undefined, 5_000);
  assert.equal(waitMs(first, 5_000, TIMES), 100);
  const second = withChange(first, 5_060);
  assert.deepEqual(second, { firstMs: 5_000, lastMs: 5_060 });
  assert.equal(waitMs(second, 5_060, TIMES), 100);
  const late = withChange(second, 5_950);
  assert.equal(waitMs(late, 5_950, TIMES), 50);
  assert.equal(waitMs(withChange(late, 6_200), 6_200, TIMES), 0);
});
