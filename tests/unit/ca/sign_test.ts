/** `Ca.sign` from a CSR to a certificate, judged by `@peculiar/x509`. */
import assert from "node:assert/strict";
import {
  encodeNull,
  encodeOctetString,
  encodeOid,
  encodeSequence,
  encodeSet,
  encodeSmallInteger,
} from "signet/asn1/mod.ts";
import { isSignetError } from "signet/base/mod.ts";
import type { Ca } from "signet/ca/mod.ts";
import {
  commonName,
  decodeCsrPem,
  encodeSubjectAltNames,
  organizationName,
} from "signet/x509/mod.ts";
import { csrPem, extensionRequest, makeCsr, wishedExtension } from "../../support/csrs.ts";
import { createFakeClock } from "../../support/fake_clock.ts";
import { assertLeaf } from "../../support/leaf_oracle.ts";
import { testProviders } from "../../support/providers.ts";
import { createTestCa } from "../../support/test_ca.ts";
import { makeTestKey, TEST_KEY_KINDS } from "../../support/test_keys.ts";
import { listVectors, readVector } from "../../support/x509_vectors.ts";

const ID = "spiffe://cluster.local/ns/shop/sa/web";
const START = Date.UTC(2026, 5, 1, 12, 0, 0, 250);

function sign(
  ca: Ca,
  pem: string,
  more: { identities?: readonly string[]; ttl?: bigint } = {},
) {
  return ca.sign({
    csrPem: pem,
    identities: more.identities ?? [ID],
    requestedTtlSeconds: more.ttl ?? 0n,
    caller: "192.0.2.1:1",
  });
}

testProviders("Ca.sign() certifies openssl's CSRs of every accepted kind", async (t, crypto) => {
  const { ca } = await createTestCa({ crypto, clock: createFakeClock(START) });
  using _ca = ca;
  for (const name of listVectors("csr/good")) {
    await t.step(name, async () => {
      const pem = readVector(`csr/good/${name}.pem`);
      const { certificatePem } = await sign(ca, pem);
      const { publicKey, subjectHasCommonName } = decodeCsrPem(pem);
      const subject = subjectHasCommonName ? `CN=${ID}` : "";
      await assertLeaf(certificatePem, { bundle: ca.bundle, publicKey, identities: [ID], subject });
    });
  }
});

testProviders(
  "Ca.sign() refuses openssl's CSRs of every other kind as CSR_ERROR",
  async (t, crypto) => {
    const { ca, records } = await createTestCa({ crypto });
    using _ca = ca;
    for (const name of listVectors("csr/bad")) {
      await t.step(name, async () => {
        await assert.rejects(
          sign(ca, readVector(`csr/bad/${name}.pem`)),
          (thrown) => isSignetError(thrown, "ca.csr_error"),
        );
      });
    }
    // Nothing was about to be signed.
    assert.deepEqual(records.filter(({ scope }) => scope === "audit"), []);
  },
);

/** Extensions and attributes that a CSR may wish for; none of them reaches a certificate. */
function wishes(): Readonly<Record<string, readonly Uint8Array[]>> {
  const ext = (oid: string, value: Uint8Array) => extensionRequest(wishedExtension(oid, value));
  const names = encodeSubjectAltNames(["spiffe://evil/ns/kube-system/sa/admin", "evil.example"]);
  return {
    "a CA flag": [ext("2.5.29.19", encodeSequence(Uint8Array.of(1, 1, 0xff)))],
    "a CA flag with a path length": [
      ext("2.5.29.19", encodeSequence(Uint8Array.of(1, 1, 0xff), encodeSmallInteger(9))),
    ],
    "keyCertSign": [ext("2.5.29.15", Uint8Array.of(3, 2, 1, 6))],
    "other names": [ext("2.5.29.17", names)],
    "no names": [ext("2.5.29.17", encodeSequence())],
    "code signing": [ext("2.5.29.37", encodeSequence(encodeOid("1.3.6.1.5.5.7.3.3")))],
    "any purpose": [ext("2.5.29.37", encodeSequence(encodeOid("2.5.29.37.0")))],
    "its own key identifier": [ext("2.5.29.14", encodeOctetString(new Uint8Array(20)))],
    "another issuer's key identifier": [ext("2.5.29.35", encodeSequence())],
    "name constraints": [ext("2.5.29.30", encodeSequence())],
    "a policy": [ext("2.5.29.32", encodeSequence(encodeSequence(encodeOid("2.5.29.32.0"))))],
    "an unknown critical extension": [ext("1.2.3.4", encodeNull())],
    "a private extension of 100 kB": [ext("1.2.3.4", encodeOctetString(new Uint8Array(100_000)))],
    "all of them": [
      extensionRequest(
        wishedExtension("2.5.29.19", encodeSequence(Uint8Array.of(1, 1, 0xff))),
        wishedExtension("2.5.29.17", names),
        wishedExtension("2.5.29.15", Uint8Array.of(3, 2, 1, 6)),
      ),
    ],
    "the same twice": [
      ext("2.5.29.17", names),
      ext("2.5.29.17", names),
    ],
    "a challenge password": [
      encodeSequence(
        encodeOid("1.2.840.113549.1.9.7"),
        encodeSet(Uint8Array.of(0x0c, 3, 0x61, 0x62, 0x63)),
      ),
    ],
    "Microsoft's attribute": [
      encodeSequence(encodeOid("1.3.6.1.4.1.311.13.2.3"), encodeSet(encodeNull())),
    ],
    "an extension request that is none": [
      encodeSequence(encodeOid("1.2.840.113549.1.9.14"), encodeSet(encodeNull())),
    ],
    "an empty extension request": [
      encodeSequence(encodeOid("1.2.840.113549.1.9.14"), encodeSet()),
    ],
  };
}

testProviders("Ca.sign() copies no wish of a CSR", async (t, crypto) => {
  const { ca } = await createTestCa({ crypto });
  using _ca = ca;
  const key = makeTestKey("P-256");
  for (const [name, attributes] of Object.entries(wishes())) {
    await t.step(name, async () => {
      const { certificatePem } = await sign(ca, csrPem(makeCsr(key, { attributes })));
      await assertLeaf(certificatePem, {
        bundle: ca.bundle,
        publicKey: key.publicKey,
        identities: [ID],
      });
    });
  }
});

Deno.test("Ca.sign() takes nothing of the CSR's subject but that it has a common name", async (t) => {
  const { ca } = await createTestCa();
  using _ca = ca;
  const key = makeTestKey("P-256");
  const relative = (oid: string, text: string) =>
    encodeSet(
      encodeSequence(
        encodeOid(oid),
        Uint8Array.of(0x0c, text.length, ...new TextEncoder().encode(text)),
      ),
    );
  const rows: readonly (readonly [string, Uint8Array, string])[] = [
    ["empty", encodeSequence(), ""],
    ["an organization", organizationName("evil"), ""],
    ["a common name", commonName("root"), `CN=${ID}`],
    ["an empty common name", encodeSequence(relative("2.5.4.3", "")), ""],
    [
      "organization, unit, common name",
      encodeSequence(
        relative("2.5.4.10", "evil"),
        relative("2.5.4.11", "unit"),
        relative("2.5.4.3", "cn"),
      ),
      `CN=${ID}`,
    ],
    [
      "two common names",
      encodeSequence(relative("2.5.4.3", "a"), relative("2.5.4.3", "b")),
      `CN=${ID}`,
    ],
    ["an e-mail address", encodeSequence(relative("1.2.840.113549.1.9.1", "a@b")), ""],
  ];
  for (const [name, subject, expected] of rows) {
    await t.step(name, async () => {
      const { certificatePem } = await sign(ca, csrPem(makeCsr(key, { subject })));
      await assertLeaf(certificatePem, {
        bundle: ca.bundle,
        publicKey: key.publicKey,
        identities: [ID],
        subject: expected,
      });
    });
  }
});

Deno.test("Ca.sign() leaves a common name out when the first identity is longer than 64 bytes", async () => {
  const { ca } = await createTestCa();
  using _ca = ca;
  const key = makeTestKey("P-256");
  const pem = csrPem(makeCsr(key, { subject: commonName("x") }));
  for (const [length, subject] of [[64, true], [65, false]] as const) {
    const identity = `spiffe://cluster.local/ns/${"a".repeat(length - 32)}/sa/web`.slice(0, length);
    const padded = identity.padEnd(length, "x");
    assert.equal(padded.length, length);
    const { certificatePem } = await sign(ca, pem, { identities: [padded] });
    await assertLeaf(certificatePem, {
      bundle: ca.bundle,
      publicKey: key.publicKey,
      identities: [padded],
      subject: subject ? `CN=${padded}` : "",
    });
  }
});

Deno.test("Ca.sign() writes the caller's names of every kind in their order", async (t) => {
  const { ca } = await createTestCa();
  using _ca = ca;
  const key = makeTestKey("P-256");
  const pem = csrPem(makeCsr(key));
  const rows: readonly (readonly string[])[] = [
    [ID],
    ["b.example", ID, "a.example"],
    ["10.0.0.1", ID],
    ["spiffe://a/ns/b/sa/c", "spiffe://a/ns/b/sa/d"],
    Array.from({ length: 100 }, (_, n) => `n${n}.example`),
  ];
  for (const identities of rows) {
    await t.step(`${identities.length}: ${identities[0]}`, async () => {
      const { certificatePem } = await sign(ca, pem, { identities });
      await assertLeaf(certificatePem, {
        bundle: ca.bundle,
        publicKey: key.publicKey,
        identities,
      });
    });
  }
});

Deno.test("Ca.sign() refuses names that no certificate may hold, before anything is signed", async (t) => {
  const { ca, records } = await createTestCa();
  using _ca = ca;
  const pem = csrPem(makeCsr(makeTestKey("P-256")));
  const rows: Readonly<Record<string, readonly string[]>> = {
    "none": [],
    "an empty one": [""],
    "one empty among good ones": [ID, ""],
    "a comma: two names for istiod": [`${ID},spiffe://cluster.local/ns/x/sa/admin`],
    "a blank": ["a b"],
    "a line break": ["a\nb"],
    "NUL": [`${ID}\0.evil`],
    "an umlaut": ["spiffe://clüster.local/ns/a/sa/b"],
    "2049 characters": [`spiffe://a/ns/b/sa/${"c".repeat(2049 - 19)}`],
    "101 names": Array.from({ length: 101 }, (_, n) => `n${n}.example`),
  };
  for (const [name, identities] of Object.entries(rows)) {
    await t.step(name, async () => {
      await assert.rejects(
        sign(ca, pem, { identities }),
        (thrown) => isSignetError(thrown, "ca.cert_gen_error") && !/\n/.test(thrown.message),
      );
    });
  }
  assert.deepEqual(records.filter(({ scope }) => scope === "audit"), []);
});

testProviders("Ca.sign() certifies test keys of every kind", async (t, crypto) => {
  const { ca } = await createTestCa({ crypto });
  using _ca = ca;
  for (const kind of TEST_KEY_KINDS) {
    await t.step(kind, async () => {
      const key = makeTestKey(kind);
      const { certificatePem } = await sign(ca, csrPem(makeCsr(key)), { ttl: 3600n });
      await assertLeaf(certificatePem, {
        bundle: ca.bundle,
        publicKey: key.publicKey,
        identities: [ID],
        ttlMs: 3_600_000,
      });
    });
  }
});

Deno.test("Ca.sign() writes an audit record before the key is used and one after", async () => {
  const { ca, records } = await createTestCa({ clock: createFakeClock(START) });
  using _ca = ca;
  const { serialNumber } = await sign(ca, csrPem(makeCsr(makeTestKey("P-256"))), { ttl: 60n });
  const audit = records.filter(({ scope }) => scope === "audit");
  assert.deepEqual(audit.map(({ level, event, fields }) => [level, event, fields]), [
    ["info", "ca.certificate_signing", {
      serial: serialNumber,
      identities: [ID],
      not_after: "2026-06-01T12:01:00.000Z",
      caller: "192.0.2.1:1",
    }],
    ["info", "ca.certificate_issued", { serial: serialNumber }],
  ]);
});

Deno.test("Ca.sign() gives every certificate its own positive serial number of 16 bytes", async () => {
  const { ca } = await createTestCa();
  using _ca = ca;
  const pem = csrPem(makeCsr(makeTestKey("P-256")));
  const issued = await Promise.all(Array.from({ length: 200 }, () => sign(ca, pem)));
  assert.equal(new Set(issued.map(({ serialNumber }) => serialNumber)).size, 200);
  for (const { serialNumber } of issued) assert.match(serialNumber, /^[0-9a-f]{32}$/);
});

Deno.test("Ca.signWithCertChain() of a root of its own is the leaf alone", async () => {
  const { ca } = await createTestCa();
  using _ca = ca;
  const pem = await ca.signWithCertChain({
    csrPem: csrPem(makeCsr(makeTestKey("P-256"))),
    identities: [ID],
    requestedTtlSeconds: 0n,
    caller: "test",
  });
  assert.equal(pem.match(/BEGIN CERTIFICATE/g)?.length, 1);
  assert.match(
    pem,
    /^-----BEGIN CERTIFICATE-----\n(?:[A-Za-z0-9+/]{64}\n)+[A-Za-z0-9+/=]{1,64}\n-----END CERTIFICATE-----\n$/,
  );
});
