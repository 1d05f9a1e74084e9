/** The fast path's own codec against protobuf-es: what it reads, the other reads alike; what it writes, the other reads back. */
import assert from "node:assert/strict";
import { create, fromBinary, type JsonObject, toBinary } from "@bufbuild/protobuf";
import fc from "fast-check";
import { concatBytes } from "signet/base/mod.ts";
import { createAnswerEncoder, decodePlainRequest } from "../../../lib/grpc/ca_codec.ts";
import {
  IstioCertificateRequestSchema,
  IstioCertificateResponseSchema,
} from "../../../proto/gen/istio/v1/auth/ca_pb.ts";
import { readVector } from "../../support/x509_vectors.ts";

const CSR = readVector("csr/good/p256_sha256.pem");

function encode(
  fields: { csr?: string; validityDuration?: bigint; metadata?: JsonObject },
): Uint8Array {
  return toBinary(IstioCertificateRequestSchema, create(IstioCertificateRequestSchema, fields));
}

/** What the general codec makes of a message; `undefined` when it refuses it. */
function general(message: Uint8Array) {
  try {
    const { csr, validityDuration, metadata } = fromBinary(IstioCertificateRequestSchema, message);
    const impersonated = metadata?.["ImpersonatedIdentity"];
    return {
      csr,
      validityDuration,
      impersonatedIdentity: typeof impersonated === "string" ? impersonated : "",
    };
  } catch {
    return undefined;
  }
}

/** Asserts that the fast path either leaves the message alone or reads it as the general codec does. True when it read it. */
function assertAlike(message: Uint8Array): boolean {
  const plain = decodePlainRequest(message);
  if (plain === undefined) return false;
  assert.deepEqual(plain, general(message), message.toHex());
  return true;
}

Deno.test("decodePlainRequest() reads what Istio's agents send", async (t) => {
  const rows: Readonly<Record<string, Parameters<typeof encode>[0]>> = {
    "nothing": {},
    "a CSR": { csr: CSR },
    "a CSR for a day": { csr: CSR, validityDuration: 86_400n },
    "the longest that it reads": { csr: CSR, validityDuration: 2n ** 49n - 1n },
    "an agent's metadata": {
      csr: CSR,
      validityDuration: 86_400n,
      metadata: { CertSigner: "", ClusterID: "Kubernetes", WorkloadName: "web", WorkloadIP: "::1" },
    },
    "empty metadata": { csr: CSR, metadata: {} },
  };
  for (const [name, fields] of Object.entries(rows)) {
    await t.step(name, () => assert.ok(assertAlike(encode(fields))));
  }
});

Deno.test("decodePlainRequest() leaves everything unusual to the general codec", async (t) => {
  const good = encode({ csr: CSR });
  const rows: Readonly<Record<string, Uint8Array>> = {
    "impersonation": encode({
      csr: CSR,
      metadata: { ImpersonatedIdentity: "spiffe://a/ns/b/sa/c" },
    }),
    "an empty impersonation": encode({ csr: CSR, metadata: { ImpersonatedIdentity: "" } }),
    "impersonation behind other metadata": encode({
      csr: CSR,
      metadata: { CertSigner: "", ImpersonatedIdentity: "x" },
    }),
    "metadata that is a number": encode({ csr: CSR, metadata: { CertSigner: 1 } }),
    "metadata within metadata": encode({
      csr: CSR,
      metadata: { a: { ImpersonatedIdentity: "x" } },
    }),
    "a negative validity": encode({ csr: CSR, validityDuration: -1n }),
    "a validity of more than 49 bits": encode({ csr: CSR, validityDuration: 2n ** 49n }),
    "a CSR with an umlaut": encode({ csr: "ü" }),
    "a key with an umlaut": encode({ csr: CSR, metadata: { ü: "" } }),
    "a CSR twice": concatBytes([good, good]),
    "metadata twice": concatBytes([
      encode({ metadata: { a: "" } }),
      encode({ metadata: { ImpersonatedIdentity: "x" } }),
    ]),
    "an unknown field": concatBytes([good, Uint8Array.of(0x78, 1)]),
    "the field that was before 1.7": concatBytes([good, Uint8Array.of(0x12, 1, 0x61)]),
    "a CSR that ends early": Uint8Array.of(0x0a, 5, 0x61),
    "a length without end": Uint8Array.of(
      0x0a,
      0xff,
      0xff,
      0xff,
      0xff,
      0xff,
      0xff,
      0xff,
      0xff,
      0x01,
    ),
    "another wire type": Uint8Array.of(0x08, 1),
    "an entry with its value first": Uint8Array.fromHex("220a0a0812031a01781a0161".slice(0, 24)),
    "an entry with two keys": Uint8Array.fromHex("220b0a090a01610a016212031a00".slice(0, 26)),
  };
  for (const [name, message] of Object.entries(rows)) {
    await t.step(name, () => assert.equal(decodePlainRequest(message), undefined));
  }
});

const TEXT = fc.oneof(
  fc.string({ maxLength: 40 }),
  fc.constantFrom("ImpersonatedIdentity", "CertSigner", "", "ImpersonatedIdentitx"),
);
const VALUE = fc.oneof(
  { weight: 5, arbitrary: TEXT },
  fc.double({ noNaN: true, noDefaultInfinity: true }),
  fc.boolean(),
  fc.constant(null),
  fc.array(TEXT, { maxLength: 2 }),
);
const REQUEST = fc.record({
  csr: fc.oneof(
    fc.constant(CSR),
    fc.string({ maxLength: 200, unit: "binary" }).map((text) => text.toWellFormed()),
  ),
  validityDuration: fc.oneof(
    fc.bigInt({ min: -10n, max: 200_000n }),
    fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }),
  ),
  metadata: fc.option(fc.dictionary(TEXT, VALUE, { maxKeys: 4, noNullPrototype: true }), {
    nil: undefined,
  }),
});

Deno.test("decodePlainRequest() never reads a message otherwise than the general codec", () => {
  let read = 0;
  fc.assert(
    fc.property(REQUEST, ({ metadata, ...fields }) => {
      const message = encode(
        metadata === undefined ? fields : { ...fields, metadata: metadata as JsonObject },
      );
      if (assertAlike(message)) read++;
    }),
    { numRuns: 2000 },
  );
  assert.ok(read > 100, `${read} of the messages took the fast path`);
});

Deno.test("decodePlainRequest() never reads changed bytes otherwise than the general codec", () => {
  const base = encode({
    csr: "-----BEGIN X-----\nAAAA\n-----END X-----\n",
    validityDuration: 86_400n,
    metadata: { CertSigner: "", ClusterID: "Kubernetes", ImpersonatedIdentitx: "y" },
  });
  for (let bit = 0; bit < base.length * 8; bit++) {
    const bent = base.slice();
    bent[bit >> 3]! ^= 1 << (bit & 7);
    assertAlike(bent);
  }
  for (let length = 0; length < base.length; length++) assertAlike(base.slice(0, length));
  const change = fc.tuple(fc.nat(base.length - 1), fc.nat(255));
  fc.assert(
    fc.property(fc.array(change, { minLength: 1, maxLength: 4 }), (changes) => {
      const bent = base.slice();
      for (const [at, value] of changes) bent[at] = value;
      assertAlike(bent);
    }),
    { numRuns: 5000 },
  );
});

Deno.test("decodePlainRequest() takes any bytes calmly", () => {
  fc.assert(fc.property(fc.uint8Array({ maxLength: 100 }), (bytes) => void assertAlike(bytes)), {
    numRuns: 5000,
  });
});

function decodeFrame(frame: Uint8Array): readonly string[] {
  assert.equal(frame[0], 0, "the message is not compressed");
  assert.equal(new DataView(frame.buffer, frame.byteOffset).getUint32(1), frame.length - 5);
  return fromBinary(IstioCertificateResponseSchema, frame.subarray(5)).certChain;
}

Deno.test("createAnswerEncoder() writes leaf, chain and roots as the general codec reads them", async (t) => {
  const long = "x".repeat(20_000);
  const rows: readonly (readonly [string, readonly string[], string, readonly string[]])[] = [
    ["leaf", [], "roots", ["leaf", "roots"]],
    ["leaf", ["a", "b"], "roots", ["leaf", "a", "b", "roots"]],
    ["leaf", [], "", ["leaf"]],
    ["l".repeat(127), [], "r".repeat(128), ["l".repeat(127), "r".repeat(128)]],
    ["l".repeat(128), ["c".repeat(16_384)], "r", ["l".repeat(128), "c".repeat(16_384), "r"]],
    [long, [long], long, [long, long, long]],
    ["leaf", [], "# Wurzel für Zürich\n", ["leaf", "# Wurzel für Zürich\n"]],
  ];
  for (const [leaf, chain, roots, expected] of rows) {
    await t.step(expected.map(({ length }) => length).join(), () => {
      assert.deepEqual(decodeFrame(createAnswerEncoder().encode({ leaf, chain, roots })), expected);
    });
  }
});

Deno.test("createAnswerEncoder() follows every change of chain and roots, and keeps no answer's leaf", () => {
  const encoder = createAnswerEncoder();
  const chain = ["chain"];
  const answers = [
    { leaf: "1", chain, roots: "r" },
    { leaf: "2", chain, roots: "r" },
    { leaf: "3", chain, roots: "s" },
    { leaf: "4", chain: ["other"], roots: "s" },
    { leaf: "5", chain: [], roots: "" },
    { leaf: "6", chain, roots: "r" },
  ];
  const frames = answers.map((answer) => encoder.encode(answer));
  for (const [at, { leaf, chain, roots }] of answers.entries()) {
    const expected = [leaf, ...chain, ...(roots === "" ? [] : [roots])];
    assert.deepEqual(decodeFrame(frames[at]!), expected);
  }
});
