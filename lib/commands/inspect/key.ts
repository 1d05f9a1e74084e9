/** A key in words: its kind, and the certificate that it belongs to. Of a private key nothing else is ever told. */
import { type CryptoProvider, parsePrivateKeyPem, sha256 } from "../../crypto/mod.ts";
import { decodePublicKey, encodePem } from "../../x509/mod.ts";
import type { Description } from "./certificate.ts";
import type { Finding } from "./verdict.ts";
import { describeBytes, describeKey } from "./words.ts";

/** Labels of private keys, with the name of their form. */
export const PRIVATE_KEY_LABELS: Readonly<Record<string, string>> = {
  "PRIVATE KEY": "PKCS#8",
  "EC PRIVATE KEY": "SEC1",
  "RSA PRIVATE KEY": "PKCS#1",
};

/** A certificate that a key may belong to. */
export interface KeyMatchCandidate {
  /** How people find it: `block 2 of this file`, or a path. */
  readonly where: string;
  /** DER SubjectPublicKeyInfo. */
  readonly spki: Uint8Array;
}

/** What is known beside the key. */
export interface KeyContext {
  /** Imports it. */
  readonly crypto: CryptoProvider;
  /** Certificates in the file and beside it. */
  readonly candidates: readonly KeyMatchCandidate[];
  /** Permission bits of the file. */
  readonly mode: number | undefined;
}

const GROUP_AND_OTHERS = 0o077;

/**
 * Tells of a private key.
 *
 * @throws {SignetError} `crypto.*`, `asn1.*`.
 */
export async function describePrivateKey(
  der: Uint8Array,
  label: string,
  { crypto, candidates, mode }: KeyContext,
): Promise<Description> {
  using key = await crypto.importPrivateKey(parsePrivateKeyPem(encodePem(label, der)));
  const kind = describeKey(decodePublicKey(key.spki).kind);
  const spki = key.spki.toHex();
  const matching = candidates.filter((candidate) => candidate.spki.toHex() === spki);
  const others = candidates.filter((candidate) => candidate.spki.toHex() !== spki);
  const matches = matching.map(({ where }) => where);
  const isOpen = mode !== undefined && (mode & GROUP_AND_OTHERS) !== 0;
  const findings: readonly Finding[] = [
    ...(isOpen
      ? [
        {
          severity: "note",
          by: "this machine",
          reason: `others than its owner may read it (mode ${
            (mode & 0o777).toString(8)
          }); chmod 600 it`,
        } as const,
      ]
      : []),
    ...(matching.length === 0 && others.length > 0
      ? [
        {
          severity: "refused",
          by: "every TLS library",
          reason: `it does not belong to the certificate in ${others[0]!.where}`,
        } as const,
      ]
      : []),
  ];
  return {
    title: "private key",
    fields: [
      ["key", kind],
      ["form", PRIVATE_KEY_LABELS[label] ?? label],
      ["belongs to", ...(matches.length > 0 ? matches : ["no certificate in or beside this file"])],
      ["key's SHA-256", describeBytes(sha256(key.spki))],
    ],
    document: {
      type: "privateKey",
      publicKey: kind,
      form: PRIVATE_KEY_LABELS[label] ?? label,
      belongsTo: matches,
      publicKeySha256: sha256(key.spki).toHex(),
    },
    findings,
  };
}

/** Tells of a public key. @throws {SignetError} `x509.bad_key`, `asn1.*`. */
export function describePublicKey(der: Uint8Array): Description {
  const kind = describeKey(decodePublicKey(der).kind);
  return {
    title: "public key",
    fields: [["key", kind], ["key's SHA-256", describeBytes(sha256(der))]],
    document: { type: "publicKey", publicKey: kind, publicKeySha256: sha256(der).toHex() },
    findings: [],
  };
}
