/** Ten years of a CA on the fake clock, a leaf every day. */
import assert from "node:assert/strict";
import { isSignetError } from "signet/base/mod.ts";
import { BACKDATE_MS } from "signet/ca/mod.ts";
import { decodeCertificate, decodePem, verifyChain } from "signet/x509/mod.ts";
import { csrPem, makeCsr } from "../../support/csrs.ts";
import { createFakeClock } from "../../support/fake_clock.ts";
import { createTestCa } from "../../support/test_ca.ts";
import { makeTestKey, verifyWithNode } from "../../support/test_keys.ts";

const START = Date.UTC(2026, 1, 27, 23, 59, 30);
const DAY_MS = 86_400_000;

Deno.test("A CA of ten years signs on every fifth day of them, leap days included, and not a day longer", async () => {
  const clock = createFakeClock(START);
  const { ca } = await createTestCa({ clock });
  using _ca = ca;
  const { notAfterMs: endMs } = ca.bundle.caCertificate;
  assert.equal(endMs - START, 3650 * DAY_MS);
  const pem = csrPem(makeCsr(makeTestKey("P-256")));
  const sign = () =>
    ca.sign({
      csrPem: pem,
      identities: ["spiffe://cluster.local/ns/a/sa/b"],
      requestedTtlSeconds: 30n * 86_400n,
      caller: "test",
    });
  for (let day = 0; day < 3650; day += 5) {
    const nowMs = clock.nowMs();
    const { certificatePem, notBeforeMs, notAfterMs } = await sign();
    const leaf = decodeCertificate(decodePem(certificatePem)[0]!.der);
    // What was written is what was meant, in whichever form of time the year asks for.
    assert.equal(leaf.notBeforeMs, notBeforeMs);
    assert.equal(leaf.notAfterMs, notAfterMs);
    assert.equal(notBeforeMs, nowMs - BACKDATE_MS);
    assert.equal(notAfterMs, Math.min(nowMs + 30 * DAY_MS, endMs));
    await verifyChain({
      leaf,
      intermediates: [],
      roots: ca.bundle.roots,
      nowMs,
      verifySignature: verifyWithNode,
    });
    await clock.advance(5 * DAY_MS);
  }
  await sign();
  await clock.advance(1000);
  await assert.rejects(sign(), (thrown) => isSignetError(thrown, "ca.cert_gen_error"));
  // A CA sets no timer at all.
  assert.equal(clock.longestTimerMs, 0);
});

Deno.test("A CA writes times before and after 2050 as RFC 5280 section 4.1.2.5 says", async (t) => {
  const rows: readonly (readonly [string, number, number])[] = [
    ["the last second of 2049", Date.UTC(2049, 11, 31, 23, 59, 59), 0x17],
    ["the first second of 2050", Date.UTC(2050, 0, 1), 0x18],
  ];
  for (const [name, endMs, tag] of rows) {
    await t.step(name, async () => {
      const clock = createFakeClock(endMs - 60_000);
      const { ca } = await createTestCa({ clock });
      using _ca = ca;
      const { certificatePem } = await ca.sign({
        csrPem: csrPem(makeCsr(makeTestKey("P-256"))),
        identities: ["spiffe://cluster.local/ns/a/sa/b"],
        requestedTtlSeconds: 60n,
        caller: "test",
      });
      const { der } = decodePem(certificatePem)[0]!;
      assert.equal(decodeCertificate(der).notAfterMs, endMs);
      const text = new Date(endMs).toISOString().replaceAll(/[-:T]|\.000/g, "");
      const written = new TextEncoder().encode(tag === 0x17 ? text.slice(2) : text);
      const hex = `${tag.toString(16)}${
        written.length.toString(16).padStart(2, "0")
      }${written.toHex()}`;
      assert.ok(der.toHex().includes(hex), `${hex} is not in the certificate`);
    });
  }
});
