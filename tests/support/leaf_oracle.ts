/** What a leaf must be, as `@peculiar/x509` reads it: RFC 5280's profile of section 3.4 of the specification. */
import assert from "node:assert/strict";
import { BACKDATE_MS, type CaBundle } from "signet/ca/mod.ts";
import { decodeCertificate, type PublicKeyInfo } from "signet/x509/mod.ts";
import {
  AuthorityKeyIdentifierExtension,
  BasicConstraintsExtension,
  ExtendedKeyUsageExtension,
  KeyUsageFlags,
  KeyUsagesExtension,
  PemConverter,
  SubjectAlternativeNameExtension,
  SubjectKeyIdentifierExtension,
  X509Certificate,
} from "./peculiar.ts";
import { verifyWithNode } from "./test_keys.ts";

/** What is expected of a leaf. */
export interface ExpectedLeaf {
  /** The certificates that were in force. */
  readonly bundle: CaBundle;
  /** The key that is certified. */
  readonly publicKey: PublicKeyInfo;
  /** SAN values in order. */
  readonly identities: readonly string[];
  /** The subject, as `@peculiar/x509` writes it. Default: empty. */
  readonly subject?: string;
  /** From now to the end, in milliseconds. Default: a day. */
  readonly ttlMs?: number;
}

/** The six extensions of a leaf, and no other. */
const EXTENSIONS = [
  "2.5.29.14",
  "2.5.29.15",
  "2.5.29.17",
  "2.5.29.19",
  "2.5.29.35",
  "2.5.29.37",
];

/** Asserts that `pem` is a leaf of exactly this kind, signed by the CA. */
export async function assertLeaf(pem: string, expected: ExpectedLeaf): Promise<X509Certificate> {
  const leaf = new X509Certificate(pem);
  const { bundle, publicKey, identities } = expected;
  assert.equal(leaf.subject, expected.subject ?? "");
  assert.deepEqual(new Uint8Array(leaf.publicKey.rawData), Uint8Array.from(publicKey.spki));
  assertExtensions(leaf, publicKey, bundle);
  const names = leaf.getExtension(SubjectAlternativeNameExtension)!;
  // Beside a subject it should not be critical (RFC 5280 section 4.2.1.6, docs/adr/0007).
  assert.equal(names.critical, leaf.subject === "");
  assert.deepEqual(names.names.toJSON().map(({ value }) => value), identities);
  assertValidity(leaf, bundle, expected.ttlMs ?? 86_400_000);
  await assertSigned(pem, bundle);
  return leaf;
}

function assertExtensions(leaf: X509Certificate, { kind }: PublicKeyInfo, bundle: CaBundle): void {
  assert.deepEqual(Array.from(leaf.extensions, ({ type }) => type).sort(), EXTENSIONS);
  const usage = leaf.getExtension(KeyUsagesExtension)!;
  const both = KeyUsageFlags.digitalSignature | KeyUsageFlags.keyEncipherment;
  assert.equal(usage.critical, true);
  assert.equal(usage.usages, kind.type === "rsa" ? both : KeyUsageFlags.digitalSignature);
  const purposes = leaf.getExtension(ExtendedKeyUsageExtension)!;
  assert.equal(purposes.critical, false);
  assert.deepEqual(Array.from(purposes.usages), ["1.3.6.1.5.5.7.3.1", "1.3.6.1.5.5.7.3.2"]);
  const constraints = leaf.getExtension(BasicConstraintsExtension)!;
  assert.equal(constraints.critical, true);
  assert.equal(constraints.ca, false);
  assert.equal(constraints.pathLength, undefined);
  const root = new X509Certificate(bundle.caCertPem);
  assert.equal(
    leaf.getExtension(AuthorityKeyIdentifierExtension)!.keyId,
    root.getExtension(SubjectKeyIdentifierExtension)!.keyId,
  );
  assert.match(leaf.getExtension(SubjectKeyIdentifierExtension)!.keyId, /^[0-9a-f]{40}$/);
  assert.equal(leaf.issuer, root.subject);
}

function assertValidity(leaf: X509Certificate, bundle: CaBundle, ttlMs: number): void {
  const lifeMs = leaf.notAfter.getTime() - leaf.notBefore.getTime();
  const clamped = leaf.notAfter.getTime() === bundle.caCertificate.notAfterMs;
  if (clamped) assert.ok(lifeMs <= ttlMs + BACKDATE_MS);
  else assert.equal(lifeMs, ttlMs + BACKDATE_MS);
}

async function assertSigned(pem: string, { caCertificate }: CaBundle): Promise<void> {
  const own = decodeCertificate(new Uint8Array(PemConverter.decodeFirst(pem)));
  const { signatureScheme, tbsCertificate, signature } = own;
  assert.ok(
    await verifyWithNode(caCertificate.publicKey, signatureScheme!, tbsCertificate, signature),
  );
}
