/**
 * The steps of a self-signed root's life, each from one set of files to the next; whoever takes a step writes the set as a whole.
 *
 * Renewing keeps the key, as istiod does: what was issued verifies under the new certificate, and with the old one while it lasts.
 * Rotating the key goes in three steps, so that nobody meets a leaf whose root he does not have: the next root is announced among the
 * roots; when every workload has had to renew, and so has the new roots, the next key signs; when the last leaf of the old key has
 * ended, the old root is withdrawn.
 */
import { SignetError } from "../base/mod.ts";
import {
  type CryptoProvider,
  keyIdentifier,
  type KeySpec,
  parsePrivateKeyPem,
} from "../crypto/mod.ts";
import type { CaSet } from "../store/mod.ts";
import {
  buildCaCertificate,
  type Certificate,
  decodeCertificate,
  decodePem,
  encodeCertificate,
  encodePem,
} from "../x509/mod.ts";
import { newSerialNumber } from "./issue.ts";
import { createRootSet } from "./root.ts";

/** A leaf that the old key signed while the step was taken may be noted an hour later than the last that was known. */
const LATE_LEAF_MS = 3_600_000;

/** What every step needs. */
export interface StepHost {
  /** Key operations. */
  readonly crypto: CryptoProvider;
  /** Now. */
  readonly nowMs: number;
}

/** The certificate that signs, decoded. @throws {SignetError} `store.corrupt`. */
export function signingCertificate(set: Pick<CaSet, "caCertPem">): Certificate {
  const [certificate] = decodeAll(set.caCertPem);
  if (certificate !== undefined) return certificate;
  throw new SignetError("store.corrupt", "Cannot rotate root: ca-cert.pem holds no certificate");
}

/** The name by which the store knows a key: its identifier in hex. */
export function keyIdOf({ publicKey }: Certificate): string {
  return keyIdentifier(publicKey.keyBits).toHex();
}

/**
 * A new certificate for the same key and the same subject, from now on for `ttlMs`; the old one's lifetime when it is undefined.
 * The old certificate, expired or not, leaves the roots: the new one verifies all that it verified.
 *
 * @throws {SignetError} `store.corrupt`, `crypto.*`.
 */
export async function renewRoot(
  set: CaSet,
  ttlMs: number | undefined,
  { crypto, nowMs }: StepHost,
): Promise<CaSet> {
  const old = signingCertificate(set);
  using key = await crypto.importPrivateKey(parsePrivateKeyPem(set.caKeyPem));
  const notBeforeMs = Math.floor(nowMs / 1000) * 1000;
  const tbs = buildCaCertificate({
    subject: old.subject,
    spki: key.spki,
    subjectKeyId: old.subjectKeyIdentifier ?? keyIdentifier(old.publicKey.keyBits),
    serialNumber: newSerialNumber(),
    notBeforeMs,
    notAfterMs: notBeforeMs + (ttlMs ?? old.notAfterMs - old.notBeforeMs),
    signatureScheme: key.scheme,
  });
  const der = encodeCertificate(tbs, key.scheme, await key.sign(tbs));
  const caCertPem = encodePem("CERTIFICATE", der);
  return { ...set, caCertPem, rootCertPem: caCertPem + rootsWithout(set, old) };
}

/**
 * Announces a root with a new key: it joins the roots, and signs nothing yet.
 *
 * @throws {SignetError} `store.refused` when a rotation is under way.
 */
export async function announceRoot(
  set: CaSet,
  { keySpec, ttlMs, dueMs }: {
    readonly keySpec: KeySpec;
    readonly ttlMs: number | undefined;
    readonly dueMs: number;
  },
  host: StepHost,
): Promise<CaSet> {
  if (set.rotation !== undefined) {
    throw new SignetError(
      "store.refused",
      `Cannot rotate root: a rotation to a new key is ${set.rotation.phase} already; see signet ca status, and take its next step by signet ca rotate --now`,
    );
  }
  const old = signingCertificate(set);
  const next = await createRootSet({
    subject: old.subject,
    ttlMs: ttlMs ?? old.notAfterMs - old.notBeforeMs,
    keySpec,
  }, host);
  return {
    ...set,
    rootCertPem: set.rootCertPem + next.caCertPem,
    rotation: {
      phase: "announced",
      startedMs: host.nowMs,
      dueMs,
      next: { certPem: next.caCertPem, keyPem: next.caKeyPem },
    },
  };
}

/**
 * Takes the next step of a rotation that is under way: the announced key signs, or the old root is withdrawn.
 *
 * @param lastLeafMs when the last leaf of the key that signs until now ends.
 * @throws {SignetError} `store.refused` when there is none.
 */
export function nextStep(
  set: CaSet,
  { nowMs, lastLeafMs }: { readonly nowMs: number; readonly lastLeafMs: number | undefined },
): CaSet {
  const { rotation, ...rest } = set;
  if (rotation === undefined) {
    throw new SignetError(
      "store.refused",
      "Cannot take the next step: no rotation to a new key is under way; begin one by signet ca rotate --new-key",
    );
  }
  if (rotation.phase === "switched") return { ...rest, rootCertPem: rest.caCertPem };
  const { certPem, keyPem } = rotation.next!;
  const oldRoots = rootsWithout(set, signingCertificate({ caCertPem: certPem }));
  return {
    ...rest,
    caCertPem: certPem,
    caKeyPem: keyPem,
    rootCertPem: certPem + oldRoots,
    rotation: {
      phase: "switched",
      startedMs: rotation.startedMs,
      dueMs: Math.max(nowMs, lastLeafMs ?? nowMs) + LATE_LEAF_MS,
    },
  };
}

/** When a root is due for renewal: when this part of its life is left, in percent. */
export function renewalDueMs(
  { notBeforeMs, notAfterMs }: Pick<Certificate, "notBeforeMs" | "notAfterMs">,
  gracePercentile: number,
): number {
  return notAfterMs - (notAfterMs - notBeforeMs) * gracePercentile / 100;
}

function rootsWithout(set: CaSet, without: Certificate): string {
  const hex = without.raw.toHex();
  return decodeAll(set.rootCertPem).filter(({ raw }) => raw.toHex() !== hex)
    .map(({ raw }) => encodePem("CERTIFICATE", raw)).join("");
}

function decodeAll(pem: string): readonly Certificate[] {
  return decodePem(pem, { label: "CERTIFICATE" }).map(({ der }) => decodeCertificate(der));
}
