/**
 * Issuing a leaf: policy has passed; build, lint, record, sign, record (RFC 5280 section 4; the profile is istiod's with the
 * differences that certificate linters ask for).
 */
import {
  type Bytes,
  isSignetError,
  type MaybePromise,
  messageOf,
  SignetError,
} from "../base/mod.ts";
import { type Hasher, keyIdentifier, randomBytes, type SigningKey } from "../crypto/mod.ts";
import type { Logger } from "../telemetry/mod.ts";
import { EVENT } from "../telemetry/mod.ts";
import {
  createLeafTemplate,
  encodeCertificate,
  encodePem,
  type LeafTemplate,
  type PublicKeyInfo,
} from "../x509/mod.ts";
import { lintIdentities } from "./lint.ts";
import type { CaBundle, IssuedCertificate } from "./port.ts";
import { leafValidity } from "./profile.ts";

/** A serial number is 16 random bytes: uniform below 2^128 (RFC 5280 section 4.1.2.2 asks for at most 20 octets). */
const SERIAL_BYTES = 16;
/** Longest common name (RFC 5280 appendix A, ub-common-name). */
const MAX_COMMON_NAME_BYTES = 64;

/** One state of the CA: its bundle, key and the template made from them. */
export interface Issuer {
  /** The certificates in force. */
  readonly bundle: CaBundle;
  /** The key that signs. */
  readonly key: SigningKey;
  /** The parts of a leaf that do not change from one to the next. */
  readonly template: LeafTemplate;
}

/** What is to be issued. */
export interface LeafRequest {
  /** The subject's public key. */
  readonly publicKey: PublicKeyInfo;
  /** Names for the SAN, in order. */
  readonly identities: readonly string[];
  /** Lifetime in milliseconds, already granted. */
  readonly ttlMs: number;
  /** True to name the subject by its first identity, when that fits. */
  readonly withCommonName: boolean;
  /** The name that the subject is to have when it is not the first identity. */
  readonly commonName?: string | undefined;
  /** Who asks, for the audit record. */
  readonly caller: string;
  /** Called with the subject's SubjectPublicKeyInfo before anything is recorded or signed; what it throws ends the request. */
  readonly beforeSigning?: (spki: Bytes) => MaybePromise<void>;
}

/** Makes the {@linkcode Issuer} of a bundle. */
export function createIssuer(bundle: CaBundle, key: SigningKey): Issuer {
  const { caCertificate } = bundle;
  const template = createLeafTemplate({
    issuerName: caCertificate.subject,
    authorityKeyId: caCertificate.subjectKeyIdentifier,
    signatureScheme: key.scheme,
  });
  return { bundle, key, template };
}

/**
 * Issues one leaf. An audit record is written before the key is used and another after.
 *
 * @throws {SignetError} `ca.cert_gen_error`.
 */
export async function issueLeaf(
  issuer: Issuer,
  request: LeafRequest,
  options: { readonly nowMs: number; readonly audit: Logger; readonly hasher: Hasher },
): Promise<IssuedCertificate> {
  const { bundle, key, template } = issuer;
  const validity = leafValidity(options.nowMs, request.ttlMs, bundle.caCertificate.notAfterMs);
  const serial = newSerialNumber();
  const tbs = build(template, request, {
    ...validity,
    serial,
    subjectKeyId: keyIdentifier(request.publicKey.keyBits, options.hasher),
  });
  const serialNumber = serial.toHex();
  if (request.beforeSigning !== undefined) {
    const permission = request.beforeSigning(new Uint8Array(request.publicKey.spki));
    if (permission instanceof Promise) await permission;
  }
  options.audit.info(EVENT.certificateSigning, "Signing certificate", {
    serial: serialNumber,
    identities: request.identities,
    not_after: new Date(validity.notAfterMs).toISOString(),
    caller: request.caller,
  });
  const signature = await sign(key, tbs);
  const der = encodeCertificate(tbs, key.scheme, signature);
  options.audit.info(EVENT.certificateIssued, "Issued certificate", { serial: serialNumber });
  return { ...validity, serialNumber, der, certificatePem: encodePem("CERTIFICATE", der), bundle };
}

/** istiod's kind for whatever goes wrong while signing. */
async function sign(key: SigningKey, tbs: Uint8Array): Promise<Uint8Array> {
  try {
    return await key.sign(tbs);
  } catch (cause) {
    if (!isSignetError(cause)) throw cause;
    throw new SignetError("ca.cert_gen_error", `Cannot sign certificate: ${messageOf(cause)}`, {
      cause,
    });
  }
}

function build(
  template: LeafTemplate,
  request: LeafRequest,
  fields: {
    readonly serial: Uint8Array;
    readonly subjectKeyId: Uint8Array;
    readonly notBeforeMs: number;
    readonly notAfterMs: number;
  },
): Uint8Array {
  try {
    lintIdentities(request.identities);
    return template.encode({
      serialNumber: fields.serial,
      notBeforeMs: fields.notBeforeMs,
      notAfterMs: fields.notAfterMs,
      subjectCommonName: request.withCommonName
        ? commonNameOf(request.commonName ?? request.identities[0])
        : undefined,
      publicKey: request.publicKey,
      subjectKeyId: fields.subjectKeyId,
      subjectAltNames: request.identities,
    });
  } catch (thrown) {
    if (!isSignetError(thrown) || thrown.code === "ca.cert_gen_error") throw thrown;
    throw new SignetError("ca.cert_gen_error", `Cannot build certificate: ${messageOf(thrown)}`, {
      cause: thrown,
    });
  }
}

/** The first identity when it fits into a common name; a longer one is left out, as istiod does. */
function commonNameOf(identity: string | undefined): string | undefined {
  if (identity === undefined) return undefined;
  return new TextEncoder().encode(identity).length <= MAX_COMMON_NAME_BYTES ? identity : undefined;
}

/** A random serial number that is never zero. */
export function newSerialNumber(): Uint8Array {
  const serial = randomBytes(SERIAL_BYTES);
  if (serial.every((byte) => byte === 0)) serial[SERIAL_BYTES - 1] = 1;
  return serial;
}
