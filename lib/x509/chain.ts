/**
 * Chains of certificates (RFC 5280 section 6, the part of it that Go's `x509.Verify` does): from a leaf over intermediates to a root.
 *
 * Left out: name constraints (a CA that has them is refused), policies (all are acceptable), revocation. SHA-1 signatures are
 * refused. The work that a hostile chain can cause is bounded: depth, and signature checks in all.
 */
import {
  equalBytes,
  isSignetError,
  type MaybePromise,
  messageOf,
  SignetError,
} from "../base/mod.ts";
import type { PublicKeyInfo, SignatureScheme } from "./algorithms.ts";
import type { Certificate } from "./certificate.ts";
import { EXT_KEY_USAGE } from "./ext_key_usage.ts";
import { KEY_USAGE } from "./key_usage.ts";
import { describeName } from "./name.ts";

/** Checks one signature, as the crypto port's `verify`: false or a {@linkcode SignetError} when it is not good. */
export type VerifySignature = (
  key: PublicKeyInfo,
  scheme: SignatureScheme,
  data: Uint8Array,
  signature: Uint8Array,
) => MaybePromise<boolean>;

/** What is to be verified, and against what. */
export interface ChainOptions {
  /** The certificate in question. */
  readonly leaf: Certificate;
  /** Certificates that may stand between it and a root, in any order. */
  readonly intermediates: readonly Certificate[];
  /** Certificates that are trusted. A leaf that is one of them is a chain by itself. */
  readonly roots: readonly Certificate[];
  /** The time at which all must be valid, milliseconds since the epoch. */
  readonly nowMs: number;
  /** Purposes of which the chain must allow at least one; by default serverAuth, as Go; `EXT_KEY_USAGE.any` asks for none. */
  readonly extKeyUsages?: readonly string[];
  /** Signature check of the crypto provider. */
  readonly verifySignature: VerifySignature;
  /** Most certificates in the chain, leaf and root included; 10 by default. */
  readonly maxDepth?: number;
  /** Most signature checks in all; 32 by default. */
  readonly maxSignatureChecks?: number;
}

const DEFAULT_MAX_DEPTH = 10;
const DEFAULT_MAX_SIGNATURE_CHECKS = 32;

/**
 * Finds a chain from the leaf to a root and returns it, leaf first.
 *
 * @throws {SignetError} `x509.expired`, `x509.not_yet_valid`, `x509.bad_extension` when that is why no chain was found, else
 * `x509.untrusted`.
 */
export async function verifyChain(options: ChainOptions): Promise<readonly Certificate[]> {
  const { leaf, extKeyUsages = [EXT_KEY_USAGE.serverAuth] } = options;
  checkCertificate(leaf, options.nowMs);
  if (options.roots.some((root) => equalBytes(root.raw, leaf.raw))) {
    return checkedForPurpose([leaf], extKeyUsages);
  }
  const search: Search = {
    options,
    extKeyUsages,
    checksLeft: options.maxSignatureChecks ?? DEFAULT_MAX_SIGNATURE_CHECKS,
    reason: undefined,
  };
  const chain = await extend(search, [leaf]);
  if (chain !== undefined) return chain;
  throw search.reason ?? untrusted(`issuer ${issuerOf(leaf)} is unknown`);
}

interface Search {
  readonly options: ChainOptions;
  readonly extKeyUsages: readonly string[];
  checksLeft: number;
  /** Why the last candidate was refused. */
  reason: SignetError | undefined;
}

/** Tries every issuer of the chain's last certificate, roots first. */
async function extend(
  search: Search,
  chain: readonly Certificate[],
): Promise<readonly Certificate[] | undefined> {
  const { roots, intermediates, maxDepth = DEFAULT_MAX_DEPTH } = search.options;
  if (chain.length >= maxDepth) {
    search.reason ??= untrusted(`the chain is longer than ${maxDepth} certificates`);
    return undefined;
  }
  const child = chain[chain.length - 1]!;
  for (const root of candidates(child, roots)) {
    const longer = await tryIssuer(search, chain, root);
    if (longer === undefined) continue;
    try {
      return checkedForPurpose(longer, search.extKeyUsages);
    } catch (thrown) {
      if (!isSignetError(thrown)) throw thrown;
      search.reason = thrown;
    }
  }
  for (const intermediate of candidates(child, intermediates)) {
    const longer = await tryIssuer(search, chain, intermediate);
    const found = longer === undefined ? undefined : await extend(search, longer);
    if (found !== undefined) return found;
  }
  return undefined;
}

/** Certificates that the child names as its issuer, those with the right key identifier first. */
function candidates(child: Certificate, pool: readonly Certificate[]): readonly Certificate[] {
  const named = pool.filter(({ subject }) => equalBytes(subject, child.issuer));
  return [...named].sort((a, b) => keyMismatch(child, a) - keyMismatch(child, b));
}

function keyMismatch(
  { authorityKeyIdentifier: wanted }: Certificate,
  { subjectKeyIdentifier: has }: Certificate,
): number {
  if (wanted === undefined || has === undefined) return 1;
  return equalBytes(wanted, has) ? 0 : 2;
}

/** The chain with `issuer` at its end, when `issuer` may and did sign the last certificate. */
async function tryIssuer(
  search: Search,
  chain: readonly Certificate[],
  issuer: Certificate,
): Promise<readonly Certificate[] | undefined> {
  if (chain.some((certificate) => sameEntity(certificate, issuer))) return undefined;
  try {
    checkCertificate(issuer, search.options.nowMs);
    checkIssuer(issuer, chain.length - 1);
    await checkSignature(search, chain[chain.length - 1]!, issuer);
    return [...chain, issuer];
  } catch (thrown) {
    if (!isSignetError(thrown)) throw thrown;
    search.reason = thrown;
    return undefined;
  }
}

function sameEntity(a: Certificate, b: Certificate): boolean {
  return equalBytes(a.subject, b.subject) && equalBytes(a.publicKey.spki, b.publicKey.spki);
}

/** Rules for every certificate of a chain. The second that notAfter names still counts, as in Go. */
function checkCertificate(certificate: Certificate, nowMs: number): void {
  const { notBeforeMs, notAfterMs, unhandledExtensions } = certificate;
  if (nowMs < notBeforeMs) {
    throw new SignetError(
      "x509.not_yet_valid",
      `Cannot verify certificate: ${subjectOf(certificate)} is valid from ${
        time(notBeforeMs)
      }, now is ${time(nowMs)}`,
    );
  }
  if (nowMs > notAfterMs) {
    throw new SignetError(
      "x509.expired",
      `Cannot verify certificate: ${subjectOf(certificate)} has expired at ${
        time(notAfterMs)
      }, now is ${time(nowMs)}`,
    );
  }
  if (unhandledExtensions.length > 0) {
    throw new SignetError(
      "x509.bad_extension",
      `Cannot verify certificate: ${
        subjectOf(certificate)
      } has extensions that must not be ignored: ${unhandledExtensions.join(", ")}`,
    );
  }
}

/** Rules for every certificate that signs another, `below` intermediates standing between it and the leaf. */
function checkIssuer(issuer: Certificate, below: number): void {
  const { basicConstraints, keyUsage } = issuer;
  if (basicConstraints?.ca !== true) throw untrusted(`${subjectOf(issuer)} is not a CA`);
  if (keyUsage !== undefined && (keyUsage & KEY_USAGE.keyCertSign) === 0) {
    throw untrusted(`${subjectOf(issuer)} may not sign certificates`);
  }
  if (basicConstraints.pathLen !== undefined && below > basicConstraints.pathLen) {
    throw untrusted(
      `${
        subjectOf(issuer)
      } allows ${basicConstraints.pathLen} intermediates below it, there are ${below}`,
    );
  }
}

async function checkSignature(
  search: Search,
  child: Certificate,
  issuer: Certificate,
): Promise<void> {
  const { signatureScheme: scheme, tbsCertificate, signature } = child;
  if (scheme === undefined || (scheme.type !== "ed25519" && scheme.digest === "SHA-1")) {
    throw untrusted(`${subjectOf(child)} is signed with an algorithm that is not accepted`);
  }
  if (search.checksLeft-- <= 0) throw untrusted("too many signatures would have to be checked");
  const keyType = issuer.publicKey.kind.type;
  const good = scheme.type === (keyType === "ec" ? "ecdsa" : keyType) &&
    await isGood(
      search.options.verifySignature,
      issuer.publicKey,
      scheme,
      tbsCertificate,
      signature,
    );
  if (!good) {
    throw untrusted(`${subjectOf(child)} is not signed by the key of ${subjectOf(issuer)}`);
  }
}

async function isGood(
  verify: VerifySignature,
  ...signed: Parameters<VerifySignature>
): Promise<boolean> {
  try {
    return await verify(...signed);
  } catch (thrown) {
    if (!isSignetError(thrown, "crypto.bad_key", "crypto.unsupported_algorithm")) throw thrown;
    throw new SignetError("x509.untrusted", `Cannot verify certificate: ${messageOf(thrown)}`, {
      cause: thrown,
    });
  }
}

/**
 * Go's rule for purposes: of those asked for, at least one must be allowed by every certificate of the chain that has the extension.
 */
function checkedForPurpose(
  chain: readonly Certificate[],
  wanted: readonly string[],
): readonly Certificate[] {
  if (wanted.includes(EXT_KEY_USAGE.any)) return chain;
  const fitting = wanted.filter((purpose) =>
    chain.every(({ extKeyUsage }) =>
      extKeyUsage === undefined || extKeyUsage.includes(EXT_KEY_USAGE.any) ||
      extKeyUsage.includes(purpose)
    )
  );
  if (fitting.length > 0) return chain;
  throw new SignetError(
    "x509.bad_extension",
    `Cannot verify certificate: the chain of ${subjectOf(chain[0]!)} is not for ${
      wanted.join(" or ")
    }`,
  );
}

function untrusted(what: string): SignetError {
  return new SignetError("x509.untrusted", `Cannot verify certificate: ${what}`);
}

function subjectOf(certificate: Certificate): string {
  const name = describeName(certificate.subject) || (certificate.subjectAltNames[0]?.value ?? "");
  return JSON.stringify(name.slice(0, 200));
}

function issuerOf(certificate: Certificate): string {
  return JSON.stringify(describeName(certificate.issuer));
}

function time(ms: number): string {
  return new Date(ms).toISOString();
}
