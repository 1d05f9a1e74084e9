/** Every block of a file, told in order. */
import { isSignetError, SignetError } from "../../base/mod.ts";
import type { CryptoProvider } from "../../crypto/mod.ts";
import { type Certificate, decodeCertificate } from "../../x509/mod.ts";
import { describeCertificate, type Description } from "./certificate.ts";
import { describeCrl } from "./crl.ts";
import { describeCsr } from "./csr.ts";
import { describeUnread } from "./foreign.ts";
import {
  describePrivateKey,
  describePublicKey,
  type KeyMatchCandidate,
  PRIVATE_KEY_LABELS,
} from "./key.ts";
import type { FileBlock, InspectedFile } from "./blocks.ts";
import { findSigners, type NumberedCertificate } from "./signers.ts";

/** What is known beside the file. */
export interface InspectContext {
  /** Checks signatures and imports keys. */
  readonly crypto: CryptoProvider;
  /** Time, milliseconds since the epoch. */
  readonly nowMs: number;
  /** Certificates beside the file that a key in it may belong to. */
  readonly beside: readonly KeyMatchCandidate[];
}

/** A block that was told of. */
export interface Inspected extends Description {
  /** Its number, from 1. */
  readonly number: number;
  /** False when signet could not read it. */
  readonly isRead: boolean;
}

/** Tells of every block. A block that signet cannot read is told of as such; the others are not lost for it. */
export async function inspectFile(
  { blocks, mode }: InspectedFile,
  { crypto, nowMs, beside }: InspectContext,
): Promise<readonly Inspected[]> {
  const certificates = certificatesOf(blocks);
  const signers = await findSigners(certificates, crypto);
  const candidates = [...ownCandidates(certificates), ...beside];
  const describe = async (block: FileBlock, number: number): Promise<Description> => {
    const own = certificates.find((candidate) => candidate.number === number);
    if (own !== undefined) {
      const signer = signers.get(number) ?? { kind: "elsewhere" };
      return describeCertificate(own.certificate, { nowMs, signer });
    }
    return await describeOther(block, { crypto, candidates, mode, nowMs });
  };
  const told: Inspected[] = [];
  for (const [at, block] of blocks.entries()) {
    const number = at + 1;
    try {
      told.push({ ...await describe(block, number), number, isRead: true });
    } catch (thrown) {
      if (!isSignetError(thrown)) throw thrown;
      told.push({ ...describeUnread(block, thrown), number, isRead: false });
    }
  }
  return told;
}

/** The certificates that signet reads. */
function certificatesOf(blocks: readonly FileBlock[]): readonly NumberedCertificate[] {
  return blocks.flatMap(({ label, der }, at) => {
    if (label !== undefined && label !== "CERTIFICATE") return [];
    const certificate = readCertificate(der);
    return certificate === undefined ? [] : [{ number: at + 1, certificate }];
  });
}

function readCertificate(der: Uint8Array): Certificate | undefined {
  try {
    return decodeCertificate(der);
  } catch (thrown) {
    if (isSignetError(thrown)) return undefined; // Told of when its turn comes.
    throw thrown;
  }
}

function ownCandidates(
  certificates: readonly NumberedCertificate[],
): readonly KeyMatchCandidate[] {
  return certificates.map(({ number, certificate }) => ({
    where: `block ${number} of this file`,
    spki: certificate.publicKey.spki,
  }));
}

type OtherContext = Parameters<typeof describePrivateKey>[2] & Pick<InspectContext, "nowMs">;

async function describeOther(block: FileBlock, context: OtherContext): Promise<Description> {
  const { label, der } = block;
  if (label === undefined) return await describeDer(der, context);
  if (label in PRIVATE_KEY_LABELS) return await describePrivateKey(der, label, context);
  switch (label) {
    case "CERTIFICATE":
      decodeCertificate(der);
      throw new TypeError("A certificate that decodes was told of before");
    case "CERTIFICATE REQUEST":
    case "NEW CERTIFICATE REQUEST":
      return await describeCsr(der, context.crypto);
    case "X509 CRL":
      return describeCrl(der, context.nowMs);
    case "PUBLIC KEY":
      return describePublicKey(der);
    case "EC PARAMETERS":
      return { title: "EC parameters", fields: [], document: { type: "parameters" }, findings: [] };
    case "ENCRYPTED PRIVATE KEY":
      return encryptedKey();
    default:
      throw new SignetError("commands.failed", "Signet knows no PEM block of that label");
  }
}

function encryptedKey(): Description {
  return {
    title: "encrypted private key",
    fields: [],
    document: { type: "encryptedPrivateKey" },
    findings: [{
      severity: "refused",
      by: "Envoy and signet",
      reason: "keys are read unencrypted; decrypt it: openssl pkey -in FILE -out KEY",
    }],
  };
}

/** DER does not say what it is: each decoder is asked. */
async function describeDer(der: Uint8Array, context: OtherContext): Promise<Description> {
  const readers: readonly (() => Description | Promise<Description>)[] = [
    () => describeCsr(der, context.crypto),
    () => describeCrl(der, context.nowMs),
    () => describePublicKey(der),
    ...Object.keys(PRIVATE_KEY_LABELS).map((label) => () =>
      describePrivateKey(der, label, context)
    ),
  ];
  for (const read of readers) {
    try {
      return await read();
    } catch (thrown) {
      if (!isSignetError(thrown)) throw thrown;
    }
  }
  decodeIfCertificate(der);
  throw new SignetError(
    "commands.failed",
    "It is neither PEM nor a DER certificate, CSR, revocation list or key",
  );
}

/** A certificate's own complaint says more than that it is nothing that is known. */
function decodeIfCertificate(der: Uint8Array): void {
  try {
    decodeCertificate(der);
  } catch (thrown) {
    if (isSignetError(thrown) && thrown.code.startsWith("x509.")) throw thrown;
  }
}
