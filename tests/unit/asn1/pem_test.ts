import assert from "node:assert/strict";
import fc from "fast-check";

import {
  decodeFirstPem,
  decodePem,
  encodePem,
  MAX_PEM_BLOCKS,
  MAX_PEM_CHARS,
} from "signet/asn1/mod.ts";
import { isSignetError } from "signet/base/mod.ts";
import { readVector, readVectorDer } from "../../support/x509_vectors.ts";

Deno.test("encodePem() writes openssl's form to the byte", () => {
  const pem = readVector("chain/root.pem");
  assert.equal(encodePem("CERTIFICATE", readVectorDer("chain/root.pem")), pem);
});

Deno.test("decodePem() returns what encodePem() wrote", () => {
  fc.assert(fc.property(fc.array(fc.uint8Array({ maxLength: 200 }), { maxLength: 4 }), (values) => {
    const text = values.map((value) => encodePem("X", value)).join("between\n");
    assert.deepEqual(decodePem(text).map(({ der }) => der.toHex()), values.map((v) => v.toHex()));
  }));
});

Deno.test("decodePem() steps over other text, other labels and every kind of line end", () => {
  const one = encodePem("ONE", Uint8Array.of(1));
  const two = encodePem("TWO", Uint8Array.of(2)).replaceAll("\n", "\r\n");
  const text = `subject: -----BEGIN ONE-----\n${one}\n\n${two}tail`;
  assert.deepEqual(decodePem(text).map(({ label }) => label), ["ONE", "TWO"]);
  assert.deepEqual(decodePem(text, { label: "TWO" }).map(({ der }) => der[0]), [2]);
  assert.equal(decodeFirstPem(text)?.label, "ONE");
  assert.equal(decodeFirstPem(text, { label: "TWO" })?.der[0], 2);
  assert.equal(decodeFirstPem(text, { label: "THREE" }), undefined);
});

Deno.test("decodeFirstPem() does not look behind the first block", () => {
  const text = `${encodePem("ONE", Uint8Array.of(1))}-----BEGIN TWO-----\n!`;
  assert.equal(decodeFirstPem(text)?.label, "ONE");
  assert.throws(() => decodePem(text), (thrown) => isSignetError(thrown, "asn1.bad_pem"));
});

Deno.test("decodePem() refuses what is not armor", async (t) => {
  const table = {
    "no END": "-----BEGIN X-----\nAAAA\n",
    "END of another label": "-----BEGIN X-----\nAAAA\n-----END Y-----\n",
    "a BEGIN line without an end": "-----BEGIN X\nAAAA\n-----END X-----\n",
    "not base64": "-----BEGIN X-----\nA*AA\n-----END X-----\n",
    "missing padding": "-----BEGIN X-----\nAA\n-----END X-----\n",
    "headers": "-----BEGIN X-----\nProc-Type: 4,ENCRYPTED\n\nAAAA\n-----END X-----\n",
    "base64 of the other alphabet": "-----BEGIN X-----\nAA-_\n-----END X-----\n",
  };
  for (const [what, text] of Object.entries(table)) {
    await t.step(what, () => {
      assert.throws(() => decodePem(text), (thrown) => isSignetError(thrown, "asn1.bad_pem"));
    });
  }
});

Deno.test("decodePem() bounds text and blocks", () => {
  const tooMany = encodePem("X", Uint8Array.of(1)).repeat(MAX_PEM_BLOCKS + 1);
  for (const text of [tooMany, " ".repeat(MAX_PEM_CHARS + 1)]) {
    assert.throws(() => decodePem(text), (thrown) => isSignetError(thrown, "asn1.too_large"));
  }
});

Deno.test("decodePem() stays linear on a text of BEGIN lines", () => {
  const text = "x-----BEGIN X-----".repeat(200_000);
  assert.deepEqual(decodePem(text), []);
});
