import assert from "node:assert/strict";

import { COOLDOWN_MS, createKeyCache, MAX_WAITING } from "../../../lib/authn/key_cache.ts";
import { createFakeClock } from "../../support/fake_clock.ts";

Deno.test("createKeyCache() lets a bounded number wait for newer keys, and tells the rest at once that there are none", async () => {
  const clock = createFakeClock(0);
  const slow = Promise.withResolvers<{ readonly load: number }>();
  let loads = 0;
  await using cache = createKeyCache({
    load: () => ++loads === 1 ? Promise.resolve({ load: 1 }) : slow.promise,
    clock,
    onLoaded: () => {},
    onFailure: () => {},
  });
  const seen = await cache.keys();
  await clock.advance(COOLDOWN_MS);
  const asked = Array.from({ length: MAX_WAITING + 10 }, () => cache.newerThan(seen));
  const rest = await Promise.all(asked.slice(MAX_WAITING));
  assert.ok(rest.every((keys) => keys === undefined));
  assert.equal(await cache.keys(), seen, "what is known is there meanwhile");
  slow.resolve({ load: 2 });
  const waited = await Promise.all(asked.slice(0, MAX_WAITING));
  assert.ok(waited.every((keys) => keys?.load === 2));
  assert.equal(loads, 2);
  assert.equal(await cache.newerThan(seen), await cache.keys());
});
