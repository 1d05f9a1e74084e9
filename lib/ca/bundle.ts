/**
 * The check of a set of CA files before it signs, in istiod's order: the certificate chains to the roots now, the key can be read and is
 * the certificate's, every certificate of the chain has its revocation list when there are any, and the certificate may sign others.
 */
import { equalBytes, messageOf, SignetError } from "../base/mod.ts";
import { type CryptoProvider, parsePrivateKeyPem, type SigningKey } from "../crypto/mod.ts";
import type { CaSet, CaSetPaths } from "../store/mod.ts";
import {
  type Certificate,
  decodeCertificate,
  decodePem,
  encodePem,
  KEY_USAGE,
  verifyChain,
} from "../x509/mod.ts";
import { checkCrls } from "./crl.ts";
import type { CaBundle } from "./port.ts";

/** How to check a set, and how to speak of it. */
export interface SetOptions {
  /** Key operations. */
  readonly crypto: CryptoProvider;
  /** The time at which all must be valid. */
  readonly nowMs: number;
  /** Number of the bundle that it becomes. */
  readonly generation: number;
  /** Path of each file, for messages. */
  readonly paths: CaSetPaths;
  /** What to do about a file that cannot be used. */
  readonly remedy: string;
  /** True when the certificate is its own root where the file of roots is empty. */
  readonly ownRoot: boolean;
  /** Revocation lists, with the path they came from. */
  readonly crl?: { readonly pem: string; readonly path: string } | undefined;
}

/** A set after every check. */
export interface LoadedSet {
  /** Its certificates. */
  readonly bundle: CaBundle;
  /** Its key. */
  readonly key: SigningKey;
  /** True when the file of the chain, or that of the roots, held the certificate that signs. */
  readonly chainWasWhole: boolean;
}

/**
 * Decodes and verifies a set.
 *
 * @throws {SignetError} `store.corrupt`; the message has the file and, where istiod has a text for the reason, that text.
 */
export async function loadSet(set: CaSet, options: SetOptions): Promise<LoadedSet> {
  const certificates = decodeAll(set, options);
  await verifyCa(certificates, options);
  const key = await importKey(set.caKeyPem, options);
  try {
    checkKeyMatches(certificates.ca, key, options);
    if (options.crl !== undefined) await checkCrls(certificates.chain, options.crl, options.crypto);
    checkMaySign(certificates.ca, options);
  } catch (thrown) {
    key[Symbol.dispose]();
    throw thrown;
  }
  return {
    key,
    bundle: toBundle(certificates, options),
    chainWasWhole: chainIsWhole(certificates),
  };
}

interface SetCertificates {
  readonly ca: Certificate;
  readonly chain: readonly Certificate[];
  readonly roots: readonly Certificate[];
}

function decodeAll(set: CaSet, options: SetOptions): SetCertificates {
  const { paths, ownRoot } = options;
  const ca = readCertificates(set.caCertPem, paths.caCertPem, options)[0];
  if (ca === undefined) {
    throw corrupt(paths.caCertPem, "failed to parse cert PEM: it holds no certificate", options);
  }
  const roots = readCertificates(set.rootCertPem, paths.rootCertPem, options);
  return {
    ca,
    chain: readCertificates(set.certChainPem, paths.certChainPem, options),
    roots: roots.length === 0 && ownRoot ? [ca] : roots,
  };
}

function readCertificates(pem: string, path: string, options: SetOptions): readonly Certificate[] {
  try {
    return decodePem(pem, { label: "CERTIFICATE" }).map((block) => decodeCertificate(block.der));
  } catch (thrown) {
    throw corrupt(path, `failed to parse cert PEM: ${messageOf(thrown)}`, options, thrown);
  }
}

async function verifyCa(
  { ca, chain, roots }: SetCertificates,
  options: SetOptions,
): Promise<void> {
  const { crypto, nowMs } = options;
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
    throw corrupt(
      options.paths.caCertPem,
      `cannot verify the cert with the provided root chain and cert pool with error: ${
        messageOf(thrown)
      }${roots.length === 0 ? `, as ${options.paths.rootCertPem} holds no certificate` : ""}`,
      options,
      thrown,
    );
  }
}

async function importKey(pem: string, options: SetOptions): Promise<SigningKey> {
  try {
    return await options.crypto.importPrivateKey(parsePrivateKeyPem(pem));
  } catch (thrown) {
    throw corrupt(
      options.paths.caKeyPem,
      `failed to parse private key PEM: ${messageOf(thrown)}`,
      options,
      thrown,
    );
  }
}

function checkKeyMatches(ca: Certificate, key: SigningKey, options: SetOptions): void {
  if (equalBytes(ca.publicKey.spki, key.spki)) return;
  throw corrupt(
    options.paths.caCertPem,
    `the cert does not match the key: ${options.paths.caKeyPem} is of another set`,
    options,
  );
}

/** istiod asks for the CA flag alone; a certificate whose key usage forbids signing makes leaves that nobody accepts. */
function checkMaySign({ basicConstraints, keyUsage }: Certificate, options: SetOptions): void {
  const mayByUsage = keyUsage === undefined || (keyUsage & KEY_USAGE.keyCertSign) !== 0;
  if (basicConstraints?.ca === true && mayByUsage) return;
  throw corrupt(
    options.paths.caCertPem,
    "certificate is not authorized to sign other certificates",
    options,
  );
}

function corrupt(
  path: string,
  what: string,
  { remedy }: { readonly remedy: string },
  cause?: unknown,
): SignetError {
  return new SignetError("store.corrupt", `Cannot use ${path}: ${what}; ${remedy}`, { cause });
}

/** True when a relying party that has the roots and the chain has the certificate that signs. */
function chainIsWhole({ ca, chain, roots }: SetCertificates): boolean {
  return [...chain, ...roots].some(({ raw }) => equalBytes(raw, ca.raw));
}

/**
 * What is sent: the roots without whatever else stood in their file, and a chain that is whole. istiod sends the chain as it is, so that
 * leaves of a CA that is not in its own cert-chain.pem verify nowhere.
 */
function toBundle(certificates: SetCertificates, options: SetOptions): CaBundle {
  const { ca, roots } = certificates;
  const pem = (certificate: Certificate) => encodePem("CERTIFICATE", certificate.raw);
  const chain = chainIsWhole(certificates) ? certificates.chain : [ca, ...certificates.chain];
  return {
    generation: options.generation,
    caCertificate: ca,
    caCertPem: pem(ca),
    chain,
    chainPems: chain.map(pem),
    rootCertsPem: roots.map(pem).join(""),
    roots,
    crlPem: options.crl?.pem,
  };
}
