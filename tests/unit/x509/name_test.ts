import assert from "node:assert/strict";
import fc from "fast-check";

import { isSignetError } from "signet/base/mod.ts";
import { commonName, describeName, EMPTY_NAME, organizationName } from "signet/x509/mod.ts";
import { assertBitFlipsCalm, assertTruncationsRefused } from "../../support/mutations.ts";
import { Name } from "../../support/peculiar.ts";

Deno.test("organizationName() and commonName() write what @peculiar/x509 reads", async (t) => {
  for (const value of ["cluster.local", "under_score", "zwölf", "a@b", "x".repeat(200)]) {
    await t.step(value.slice(0, 20), () => {
      assert.deepEqual(new Name(organizationName(value)).getField("O"), [value]);
      assert.deepEqual(new Name(commonName(value)).getField("CN"), [value]);
    });
  }
});

Deno.test("organizationName() uses PrintableString where it can and UTF8String elsewhere", () => {
  assert.equal(organizationName("a.b").toHex(), "300e310c300a060355040a1303612e62");
  assert.equal(organizationName("a_b").toHex(), "300e310c300a060355040a0c03615f62");
});

Deno.test("commonName() refuses an empty value", () => {
  assert.throws(() => commonName(""), (thrown) => isSignetError(thrown, "x509.bad_name"));
});

Deno.test("describeName() is for people: short types, no control characters, a bounded length", () => {
  assert.equal(describeName(EMPTY_NAME), "");
  assert.equal(describeName(organizationName("cluster.local")), "O=cluster.local");
  assert.equal(describeName(commonName("a\nb\u001b[31m")), "CN=a?b?[31m");
  assert.equal(describeName(commonName("x".repeat(5000))).length, 203);
  assert.equal(
    describeName(Uint8Array.fromHex("300b3109300706022a03050100")).slice(0, 8),
    "1.2.3=#0",
  );
});

Deno.test("describeName() reads names of several attributes in their order", () => {
  const foreign = new Name("C=DE, O=Example, OU=Two, CN=x");
  assert.equal(describeName(new Uint8Array(foreign.toArrayBuffer())), "C=DE,O=Example,OU=Two,CN=x");
});

Deno.test("describeName() refuses truncations and takes any bytes calmly", () => {
  assertTruncationsRefused(organizationName("cluster.local"), describeName);
  assertBitFlipsCalm(organizationName("cluster.local"), describeName);
  fc.assert(fc.property(fc.uint8Array({ maxLength: 80 }), (bytes) => {
    try {
      describeName(bytes);
    } catch (thrown) {
      assert.ok(isSignetError(thrown), String(thrown));
    }
  }));
});
