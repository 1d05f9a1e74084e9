/**
 * AlgorithmIdentifiers of signatures, matched and written as whole DER values (RFC 4055, RFC 5758, RFC 8410).
 *
 * ```asn1
 * AlgorithmIdentifier ::= SEQUENCE { algorithm OBJECT IDENTIFIER, parameters ANY DEFINED BY algorithm OPTIONAL }
 * ```
 * ECDSA and Ed25519 have no parameters; PKCS#1 v1.5 has NULL, and older software leaves it out.
 */
import { encodeNull, encodeOid, encodeSequence } from "../asn1/mod.ts";
import { type Bytes, equalBytes, SignetError } from "../base/mod.ts";
import type { Digest, SignatureScheme } from "./algorithms.ts";

interface KnownAlgorithm {
  readonly der: Bytes;
  readonly scheme: SignatureScheme;
}

const ECDSA_OIDS = {
  "SHA-256": "1.2.840.10045.4.3.2",
  "SHA-384": "1.2.840.10045.4.3.3",
  "SHA-512": "1.2.840.10045.4.3.4",
  "SHA-1": "1.2.840.10045.4.1",
} as const satisfies Record<Digest, string>;
const RSA_OIDS = {
  "SHA-256": "1.2.840.113549.1.1.11",
  "SHA-384": "1.2.840.113549.1.1.12",
  "SHA-512": "1.2.840.113549.1.1.13",
  "SHA-1": "1.2.840.113549.1.1.5",
} as const satisfies Record<Digest, string>;

const DIGESTS = ["SHA-256", "SHA-384", "SHA-512", "SHA-1"] as const satisfies readonly Digest[];

/** Every accepted form, the commonest first; the first of a scheme is the one that is written. */
const KNOWN: readonly KnownAlgorithm[] = [
  ...DIGESTS.map((digest) => ({
    der: encodeSequence(encodeOid(ECDSA_OIDS[digest])),
    scheme: { type: "ecdsa", digest } as const,
  })),
  ...DIGESTS.map((digest) => ({
    der: encodeSequence(encodeOid(RSA_OIDS[digest]), encodeNull()),
    scheme: { type: "rsa", digest } as const,
  })),
  { der: encodeSequence(encodeOid("1.3.101.112")), scheme: { type: "ed25519" } },
  ...DIGESTS.map((digest) => ({
    der: encodeSequence(encodeOid(RSA_OIDS[digest])),
    scheme: { type: "rsa", digest } as const,
  })),
];

/** The scheme of a whole AlgorithmIdentifier; `undefined` when it is not one that signet verifies. */
export function findSignatureScheme(algorithm: Uint8Array): SignatureScheme | undefined {
  for (const { der, scheme } of KNOWN) if (equalBytes(der, algorithm)) return scheme;
  return undefined;
}

/**
 * The AlgorithmIdentifier of `scheme`; shared, not to be changed.
 *
 * @throws {SignetError} `x509.unsupported_algorithm` for SHA-1, which signet verifies but does not write.
 */
export function encodeSignatureAlgorithm(scheme: SignatureScheme): Bytes {
  const found = KNOWN.find(({ scheme: known }) =>
    known.type === scheme.type &&
    (known.type === "ed25519" || scheme.type === "ed25519" || known.digest === scheme.digest)
  );
  if (found === undefined || (scheme.type !== "ed25519" && scheme.digest === "SHA-1")) {
    throw new SignetError(
      "x509.unsupported_algorithm",
      `Cannot write signature algorithm: ${scheme.type} with SHA-1, should be SHA-256 or better`,
    );
  }
  return found.der;
}
