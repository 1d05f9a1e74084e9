/** The registration authority: what it sends to a signer of the cluster, and what it believes of the answer. */
import assert from "node:assert/strict";
import { encodeOid, encodeSequence, encodeSet, encodeText, TAG } from "signet/asn1/mod.ts";
import { isSignetError, SignetError } from "signet/base/mod.ts";
import type { Ca, SignerRequest } from "signet/ca/mod.ts";
import { selectProvider } from "signet/crypto/mod.ts";
import {
  type Certificate,
  commonName,
  decodeCertificate,
  decodeFirstPem,
  decodeSubjectAltNames,
  encodeSubjectAltNames,
  organizationName,
} from "signet/x509/mod.ts";
import {
  checkAnswer,
  createRegistrationAuthority,
  type RegistrationConfig,
} from "../../../lib/ca/registration.ts";
import type { RootList, SignerRoots } from "../../../lib/ca/signer_roots.ts";
import { csrPem, extensionRequest, makeCsr, wishedExtension } from "../../support/csrs.ts";
import { createFakeClock } from "../../support/fake_clock.ts";
import { recordLogs } from "../../support/log_records.ts";
import { createTestCa } from "../../support/test_ca.ts";
import { makeTestKey } from "../../support/test_keys.ts";

const ID = "spiffe://cluster.local/ns/shop/sa/web";
const START = Date.UTC(2026, 5, 1, 12);
const CONFIG: RegistrationConfig = {
  signerName: "signers.example.org/x",
  signerDomain: "signers.example.com",
  maxWorkloadTtlMs: 2_160 * 3_600_000,
  minRsaBits: 1024,
};
const NO_ROOTS: SignerRoots = { file: undefined, mesh: new Map() };
const key = makeTestKey("P-256");

function names(...values: readonly string[]): Uint8Array {
  return extensionRequest(wishedExtension("2.5.29.17", encodeSubjectAltNames(values)));
}

const GOOD = csrPem(makeCsr(key, { attributes: [names(ID)] }));

function rootsOf({ bundle }: Ca): RootList {
  return { certificates: bundle.roots, pem: bundle.rootCertsPem, where: "the test" };
}

interface Opened {
  readonly sign: (
    csr?: string,
    more?: { ttl?: bigint; certSigner?: string; beforeSigning?: () => Promise<void> },
  ) => Promise<{ certificatePem: string; chainPems: readonly string[]; rootCertsPem: string }>;
  readonly asked: SignerRequest[];
  readonly events: () => readonly string[];
}

/** A registration authority in front of a signer that is `answer`; by default a CA that does as it is told. */
async function open(
  ca: Ca,
  options: {
    readonly config?: Partial<RegistrationConfig>;
    readonly roots?: SignerRoots;
    readonly answer?: (request: SignerRequest) => Promise<string>;
  } = {},
): Promise<Opened> {
  const asked: SignerRequest[] = [];
  const logs = recordLogs();
  const { provider: crypto } = await selectProvider("webcrypto");
  const authority = createRegistrationAuthority({ ...CONFIG, ...options.config }, {
    ...{ crypto, clock: createFakeClock(START), logger: logs.logger },
    roots: () => options.roots ?? { file: rootsOf(ca), mesh: new Map() },
    ask: (request) => {
      asked.push(request);
      return (options.answer ?? ((wanted) => answerOf(ca, wanted)))(request);
    },
  });
  return {
    asked,
    events: () => logs.records.filter(({ scope }) => scope === "audit").map(({ event }) => event),
    async sign(csr = GOOD, { ttl = 0n, ...more } = {}) {
      const { certificatePem, bundle } = await authority.sign({
        ...{ csrPem: csr, identities: [ID], requestedTtlSeconds: ttl, caller: "test" },
        ...more,
      });
      return { certificatePem, ...bundle };
    },
  };
}

async function answerOf(
  ca: Ca,
  { csrPem, names }: Pick<SignerRequest, "csrPem" | "names">,
): Promise<string> {
  const { certificatePem } = await ca.sign({
    ...{ csrPem, identities: names, requestedTtlSeconds: 0n, caller: "signer" },
  });
  return certificatePem;
}

const is = (code: "ca.csr_error" | "ca.ttl_error" | "ca.cert_gen_error", words: RegExp) =>
(
  thrown: unknown,
) => isSignetError(thrown, code) && words.test(thrown.message);

Deno.test("a CSR that says who its caller is goes to the signer, and its certificate comes back", async () => {
  const { ca } = await createTestCa({ clock: createFakeClock(START) });
  using _ca = ca;
  const { sign, asked, events } = await open(ca);
  const { certificatePem, chainPems, rootCertsPem } = await sign(`junk\n${GOOD}`, { ttl: 3600n });
  assert.equal(
    decodeCertificate(decodeFirstPem(certificatePem)!.der).subjectAltNames[0]!.value,
    ID,
  );
  assert.deepEqual([chainPems, rootCertsPem], [[], ca.bundle.rootCertsPem]);
  assert.deepEqual(asked, [{
    signerName: CONFIG.signerName,
    expirationSeconds: 3600,
    csrPem: GOOD,
    names: [ID],
    usages: ["digital signature", "key encipherment", "server auth", "client auth"],
  }]);
  assert.deepEqual(events(), ["ca.certificate_signing", "ca.certificate_issued"]);
});

Deno.test("subjects of Istio's agents are empty in three ways", async () => {
  const { ca } = await createTestCa({ clock: createFakeClock(START) });
  using _ca = ca;
  const { sign } = await open(ca);
  for (const tag of [TAG.printableString, TAG.utf8String]) {
    const attribute = encodeSequence(encodeOid("2.5.4.10"), encodeText(tag, ""));
    const subject = encodeSequence(encodeSet(attribute));
    await sign(csrPem(makeCsr(key, { subject, attributes: [names(ID)] })));
  }
});

/** CSRs that say more than their caller, or less. */
function wrongCsrs(): Readonly<Record<string, string>> {
  const csr = (...attributes: readonly Uint8Array[]) => csrPem(makeCsr(key, { attributes }));
  const san = (value: Uint8Array) => extensionRequest(wishedExtension("2.5.29.17", value));
  const email = encodeSequence(Uint8Array.of(0x81, 3, 0x61, 0x40, 0x62));
  return {
    "no names": csrPem(makeCsr(key)),
    "another's name": csr(names("spiffe://cluster.local/ns/shop/sa/admin")),
    "a second URI": csr(names(ID, "spiffe://cluster.local/ns/shop/sa/admin")),
    "its name twice": csr(names(ID, ID)),
    "a DNS name": csr(names(ID, "istiod.istio-system.svc")),
    "an address": csr(names(ID, "10.0.0.1")),
    "an e-mail address": csr(san(email)),
    "names that cannot be read": csr(san(encodeSequence(Uint8Array.of(0x86, 0x7f)))),
    "another extension": csr(extensionRequest(
      wishedExtension("2.5.29.17", encodeSubjectAltNames([ID])),
      wishedExtension("2.5.29.19", encodeSequence(Uint8Array.of(1, 1, 0xff))),
    )),
    "extensions twice": csr(names(ID), names(ID)),
    "a common name": csrPem(makeCsr(key, {
      subject: commonName("admin"),
      attributes: [names(ID)],
    })),
    "an organization": csrPem(makeCsr(key, {
      subject: organizationName("system:masters"),
      attributes: [names(ID)],
    })),
  };
}

Deno.test("a CSR that says more than its caller, or less, never reaches the signer", async (t) => {
  const { ca } = await createTestCa({ clock: createFakeClock(START) });
  using _ca = ca;
  const { sign, asked, events } = await open(ca);
  for (const [name, csr] of Object.entries(wrongCsrs())) {
    await t.step(name, async () => {
      await assert.rejects(
        sign(csr),
        is("ca.csr_error", /^unable to validate SAN Identities in CSR$/),
      );
    });
  }
  await t.step("one that its key did not sign", async () => {
    const { signature } = { signature: makeTestKey("P-256").sign(new Uint8Array(3)) };
    const csr = csrPem(makeCsr(key, { attributes: [names(ID)], signature }));
    await assert.rejects(sign(csr), is("ca.csr_error", /not signed by its own key/));
  });
  assert.deepEqual([asked, events()], [[], []]);
});

Deno.test("lifetimes: none is made up, the longest is the mesh's, the shortest the signers'", async () => {
  const { ca } = await createTestCa({ clock: createFakeClock(START) });
  using _ca = ca;
  const { sign, asked } = await open(ca);
  await sign(GOOD, { ttl: -5n });
  assert.equal(asked[0]!.expirationSeconds, undefined);
  const tooLong = /^requested TTL .* is greater than the max allowed TTL 2160h0m0s$/;
  await assert.rejects(sign(GOOD, { ttl: 2n ** 62n }), is("ca.ttl_error", tooLong));
  await assert.rejects(sign(GOOD, { ttl: 599n }), is("ca.ttl_error", /at least 600 s/));
  assert.equal(asked.length, 1);
});

Deno.test("the signer: K8S_SIGNER, or the caller's of CERT_SIGNER_DOMAIN, and nobody else's", async () => {
  const { ca } = await createTestCa({ clock: createFakeClock(START) });
  using _ca = ca;
  const { sign, asked } = await open(ca);
  await sign(GOOD, { certSigner: "foo" });
  assert.equal(asked[0]!.signerName, "signers.example.com/foo");
  for (const certSigner of ["a/b", "../x", "a b", "-", "a".repeat(254), "ä", "x\n"]) {
    await assert.rejects(sign(GOOD, { certSigner }), is("ca.csr_error", /no name of a signer/));
  }
  const withoutDomain = await open(ca, { config: { signerDomain: "" } });
  await assert.rejects(
    withoutDomain.sign(GOOD, { certSigner: "foo" }),
    is("ca.cert_gen_error", /certSignerDomain is required/),
  );
  const withoutSigner = await open(ca, { config: { signerName: "" } });
  await assert.rejects(withoutSigner.sign(), is("ca.cert_gen_error", /K8S_SIGNER names none/));
});

Deno.test("a credential is spent after every check and before the signer is asked", async () => {
  const { ca } = await createTestCa({ clock: createFakeClock(START) });
  using _ca = ca;
  const { sign, asked, events } = await open(ca);
  const refusal = new SignetError("authn.refused", "It is used up");
  const beforeSigning = () => Promise.reject(refusal);
  await assert.rejects(sign(GOOD, { beforeSigning }), refusal);
  assert.deepEqual([asked, events()], [[], []]);
});

Deno.test("roots: the file's, else the mesh config's for the signer, else the end of the signer's own chain", async () => {
  const { ca } = await createTestCa({ clock: createFakeClock(START) });
  const { ca: other } = await createTestCa({ clock: createFakeClock(START) });
  using _ca = ca;
  using _other = other;
  const mesh = new Map([["signers.example.com/foo", rootsOf(ca)], [
    CONFIG.signerName,
    rootsOf(other),
  ]]);
  const byMesh = await open(ca, { roots: { file: undefined, mesh } });
  const { rootCertsPem } = await byMesh.sign(GOOD, { certSigner: "foo" });
  assert.equal(rootCertsPem, ca.bundle.rootCertsPem);
  await assert.rejects(
    byMesh.sign(),
    is("ca.csr_error", /^root cert from signed cert-chain is inv/),
  );
  const withRoot = async (request: SignerRequest) =>
    await answerOf(ca, request) + ca.bundle.rootCertsPem;
  const byChain = await open(ca, { roots: NO_ROOTS, answer: withRoot });
  const answer = await byChain.sign();
  assert.deepEqual([answer.chainPems, answer.rootCertsPem], [[], ca.bundle.rootCertsPem]);
  const byNothing = await open(ca, { roots: NO_ROOTS });
  await assert.rejects(byNothing.sign(), is("ca.csr_error", /^failed to find root cert/));
});

Deno.test("an answer that is not the CSR's certificate goes no further", async (t) => {
  const { ca } = await createTestCa({ clock: createFakeClock(START) });
  using _ca = ca;
  const otherCsr = csrPem(makeCsr(makeTestKey("P-256"), { attributes: [names(ID)] }));
  const answers: Readonly<Record<string, readonly [() => Promise<string>, RegExp]>> = {
    "nothing": [() => Promise.resolve(""), /sent 0 certificates/],
    "no certificate": [() => Promise.resolve(GOOD), /sent 0 certificates/],
    "junk": [
      () => Promise.resolve("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"),
      /cannot be read/,
    ],
    "too many": [
      () => Promise.resolve(ca.bundle.rootCertsPem.repeat(11)),
      /sent 11 certificates, at most 10/,
    ],
    "another key": [() => answerOf(ca, { csrPem: otherCsr, names: [ID] }), /for another key/],
    "another name": [
      () => answerOf(ca, { csrPem: GOOD, names: ["spiffe://cluster.local/ns/a/sa/b"] }),
      /for other names/,
    ],
    "one name more": [
      () => answerOf(ca, { csrPem: GOOD, names: [ID, "istiod.istio-system.svc"] }),
      /for other names/,
    ],
    "a CA": [() => Promise.resolve(ca.bundle.caCertPem), /for another key/],
  };
  for (const [name, [answer, words]] of Object.entries(answers)) {
    await t.step(name, async () => {
      const { sign, events } = await open(ca, { answer });
      await assert.rejects(sign(), is("ca.cert_gen_error", words));
      assert.deepEqual(events(), ["ca.certificate_signing"]);
    });
  }
});

Deno.test("what the API server said against it is for the log alone, what the signer said is told", async () => {
  const { ca } = await createTestCa({ clock: createFakeClock(START) });
  using _ca = ca;
  const refused = new SignetError("kube.refused", 'User "x" cannot create at the cluster scope');
  const { sign } = await open(ca, { answer: () => Promise.reject(refused) });
  await assert.rejects(sign(), (thrown) => {
    assert.ok(isSignetError(thrown, "ca.cert_gen_error"));
    assert.doesNotMatch(thrown.message, /scope/);
    return thrown.cause === refused;
  });
  const said = new SignetError("kube.not_signed", "Cannot get certificate: no ink");
  const failing = await open(ca, { answer: () => Promise.reject(said) });
  await assert.rejects(failing.sign(), is("ca.cert_gen_error", /no ink/));
});

Deno.test("checkAnswer() compares names as a certificate holds them: by kind, and addresses by their octets", () => {
  const spki = Uint8Array.of(1);
  const check = (names: readonly string[], san: Uint8Array) => {
    const subjectAltNames = decodeSubjectAltNames(san);
    const leaf = { publicKey: { spki }, subjectAltNames } as unknown as Certificate;
    checkAnswer(leaf, { names, signerName: CONFIG.signerName }, spki);
  };
  check(["fd00:0::1", "a.b"], encodeSubjectAltNames(["a.b", "fd00::1"]));
  const dns = Uint8Array.of(0x82, ID.length, ...new TextEncoder().encode(ID));
  for (
    const [names, san] of [
      [[ID], encodeSequence(dns)],
      [["a.b", "c.d"], encodeSubjectAltNames(["a.b", "a.b"])],
    ] as const
  ) {
    assert.throws(
      () => check(names, san),
      is("ca.cert_gen_error", /a certificate for other names/),
    );
  }
});
