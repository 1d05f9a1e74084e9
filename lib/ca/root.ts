/** The self-signed root: made once, loaded ever after (RFC 5280 section 4.2; keyUsage keyCertSign and cRLSign). */
import { messageOf, SignetError } from "../base/mod.ts";
import {
  type CryptoProvider,
  encodePrivateKeyPem,
  keyIdentifier,
  type KeySpec,
  parsePrivateKeyPem,
  type SigningKey,
} from "../crypto/mod.ts";
import type { CaSet } from "../store/mod.ts";
import {
  buildCaCertificate,
  type Certificate,
  decodeCertificate,
  decodePem,
  encodeCertificate,
  encodePem,
  organizationName,
  verifyChain,
} from "../x509/mod.ts";
import { newSerialNumber } from "./issue.ts";
import type { CaBundle } from "./port.ts";

/** What a new root is to be. */
export interface RootRequest {
  /** Becomes the subject's `O`: the trust domain. */
  readonly organization: string;
  /** Lifetime in milliseconds. */
  readonly ttlMs: number;
  /** Kind of key. */
  readonly keySpec: KeySpec;
}

/** Makes a root key and its self-signed certificate, in the form that is stored. */
export async function createRootSet(
  request: RootRequest,
  crypto: CryptoProvider,
  nowMs: number,
): Promise<CaSet> {
  const { pkcs8, spki } = await crypto.generateKey(request.keySpec);
  using key = await crypto.importPrivateKey(pkcs8);
  const second = Math.floor(nowMs / 1000) * 1000;
  const tbs = buildCaCertificate({
    subject: organizationName(request.organization),
    spki,
    subjectKeyId: keyIdentifier(spki),
    serialNumber: newSerialNumber(),
    notBeforeMs: second,
    notAfterMs: second + request.ttlMs,
    signatureScheme: key.scheme,
  });
  const caCertPem = encodePem(
    "CERTIFICATE",
    encodeCertificate(tbs, key.scheme, await key.sign(tbs)),
  );
  return {
    caCertPem,
    caKeyPem: encodePrivateKeyPem(pkcs8),
    rootCertPem: caCertPem,
    certChainPem: "",
  };
}

/** A stored set after every check. */
export interface LoadedSet {
  /** Its certificates. */
  readonly bundle: CaBundle;
  /** Its key. */
  readonly key: SigningKey;
}

/**
 * Decodes and verifies a stored set: the certificate chains to the roots now, may sign certificates, and belongs to the key.
 *
 * @throws {SignetError} `store.corrupt`, with `where` in the message.
 */
export async function loadSet(
  set: CaSet,
  options: {
    readonly crypto: CryptoProvider;
    readonly nowMs: number;
    readonly where: string;
    readonly generation: number;
  },
): Promise<LoadedSet> {
  const certificates = decodeAll(set, options.where);
  await verifySet(certificates, options);
  const key = await importKey(set.caKeyPem, options);
  try {
    checkKeyMatches(certificates.ca, key, options.where);
  } catch (thrown) {
    key[Symbol.dispose]();
    throw thrown;
  }
  return { key, bundle: toBundle(certificates, options.generation) };
}

interface SetCertificates {
  readonly ca: Certificate;
  readonly chain: readonly Certificate[];
  readonly roots: readonly Certificate[];
}

function decodeAll(set: CaSet, where: string): SetCertificates {
  const read = (pem: string, file: string) => {
    try {
      return decodePem(pem, { label: "CERTIFICATE" }).map((block) => decodeCertificate(block.der));
    } catch (thrown) {
      throw new SignetError(
        "store.corrupt",
        `Cannot use ${where}/${file}: ${messageOf(thrown)}; restore it from a backup`,
        { cause: thrown },
      );
    }
  };
  const ca = read(set.caCertPem, "ca-cert.pem")[0];
  if (ca === undefined) {
    throw new SignetError(
      "store.corrupt",
      `Cannot use ${where}/ca-cert.pem: it holds no certificate; restore it from a backup`,
    );
  }
  const roots = read(set.rootCertPem, "root-cert.pem");
  return {
    ca,
    chain: read(set.certChainPem, "cert-chain.pem"),
    roots: roots.length > 0 ? roots : [ca],
  };
}

async function verifySet(
  { ca, chain, roots }: SetCertificates,
  { crypto, nowMs, where }: {
    readonly crypto: CryptoProvider;
    readonly nowMs: number;
    readonly where: string;
  },
): Promise<void> {
  try {
    await verifyChain({
      leaf: ca,
      intermediates: chain,
      roots,
      nowMs,
      verifySignature: (key, scheme, data, signature) =>
        crypto.verify(key, scheme, data, signature),
    });
  } catch (thrown) {
    throw new SignetError(
      "store.corrupt",
      `Cannot use ${where}/ca-cert.pem: cannot verify the cert with the provided root chain and cert pool with error: ${
        messageOf(thrown)
      }`,
      { cause: thrown },
    );
  }
  if (ca.basicConstraints?.ca !== true) {
    throw new SignetError(
      "store.corrupt",
      `Cannot use ${where}/ca-cert.pem: certificate is not authorized to sign other certificates`,
    );
  }
}

async function importKey(
  pem: string,
  { crypto, where }: { readonly crypto: CryptoProvider; readonly where: string },
): Promise<SigningKey> {
  try {
    return await crypto.importPrivateKey(parsePrivateKeyPem(pem));
  } catch (thrown) {
    throw new SignetError(
      "store.corrupt",
      `Cannot use ${where}/ca-key.pem: failed to parse private key PEM: ${messageOf(thrown)}`,
      { cause: thrown },
    );
  }
}

function checkKeyMatches(ca: Certificate, key: SigningKey, where: string): void {
  if (ca.publicKey.spki.toHex() === key.spki.toHex()) return;
  throw new SignetError(
    "store.corrupt",
    `Cannot use ${where}: the cert does not match the key: ca-cert.pem and ca-key.pem are of different sets`,
  );
}

function toBundle({ ca, chain, roots }: SetCertificates, generation: number): CaBundle {
  const pem = (certificate: Certificate) => encodePem("CERTIFICATE", certificate.raw);
  return {
    generation,
    caCertificate: ca,
    caCertPem: pem(ca),
    chainPems: chain.map(pem),
    rootCertsPem: roots.map(pem).join(""),
    roots,
  };
}
