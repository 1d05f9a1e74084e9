import assert from "node:assert/strict";
import { isSignetError } from "signet/base/mod.ts";
import { BACKDATE_MS, grantTtl, leafValidity } from "signet/ca/mod.ts";

const HOUR_MS = 3_600_000;
const RULES = { defaultTtlMs: 24 * HOUR_MS, maxTtlMs: 2 * HOUR_MS };

Deno.test("grantTtl() gives the default for zero and less", async (t) => {
  for (const seconds of [0n, -1n, -(2n ** 63n)]) {
    await t.step(`${seconds} s`, () => assert.equal(grantTtl(seconds, RULES), RULES.defaultTtlMs));
  }
});

Deno.test("grantTtl() takes exactly the maximum and refuses a second more with istiod's text", () => {
  assert.equal(grantTtl(7200n, RULES), 2 * HOUR_MS);
  assert.throws(() => grantTtl(10800n, RULES), (thrown) => {
    assert(isSignetError(thrown, "ca.ttl_error"));
    assert.equal(thrown.message, "requested TTL 3h0m0s is greater than the max allowed TTL 2h0m0s");
    return true;
  });
});

Deno.test("grantTtl() refuses requests that would wrap in 64-bit nanoseconds", async (t) => {
  for (const seconds of [2n ** 63n - 1n, 9_223_372_037n, 18_446_744_074n]) {
    await t.step(`${seconds} s`, () => {
      assert.throws(
        () => grantTtl(seconds, RULES),
        (thrown) => isSignetError(thrown, "ca.ttl_error"),
      );
    });
  }
});

Deno.test("leafValidity() backdates by two minutes and adds the TTL to now", () => {
  const now = Date.UTC(2026, 0, 2, 3, 4, 5, 678);
  const { notBeforeMs, notAfterMs } = leafValidity(now, HOUR_MS, Number.MAX_SAFE_INTEGER);
  assert.equal(notAfterMs - notBeforeMs - BACKDATE_MS, HOUR_MS);
  assert.equal(notBeforeMs % 1000, 0);
});

Deno.test("leafValidity() never outlives the signing certificate", () => {
  const now = Date.UTC(2026, 0, 1);
  assert.equal(leafValidity(now, HOUR_MS, now + 60_000).notAfterMs, now + 60_000);
});

Deno.test("leafValidity() refuses an expired signing certificate", () => {
  const now = Date.UTC(2026, 0, 1);
  assert.throws(() => leafValidity(now, HOUR_MS, now - 1), (thrown) => {
    assert(isSignetError(thrown, "ca.cert_gen_error"));
    assert.match(thrown.message, /^signing certificate has expired at 2025-12-31T23:59:59\.999Z$/);
    return true;
  });
});
