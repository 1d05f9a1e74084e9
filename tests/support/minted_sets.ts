/** Sets of CA files as an operator might bring them: any key, any validity, with intermediates. */
import { type CryptoProvider, encodePrivateKeyPem, selectProvider } from "signet/crypto/mod.ts";
import type { CaSet } from "signet/store/mod.ts";
import {
  buildCaCertificate,
  createLeafTemplate,
  decodePublicKey,
  encodeCertificate,
  encodePem,
  organizationName,
} from "signet/x509/mod.ts";

/** What a set is to be. */
export interface MintRequest {
  /** The time of making, milliseconds since the epoch. */
  readonly nowMs: number;
  /** Lifetime in milliseconds. Default: ten years. */
  readonly ttlMs?: number;
  /** The subject's `O`. Default: `cluster.local`. */
  readonly organization?: string;
  /** The key. Default: a new one on P-256. */
  readonly pkcs8?: Uint8Array;
  /** False makes a leaf that plays CA. Default: true. */
  readonly isCa?: boolean;
}

const TEN_YEARS_MS = 3650 * 86_400_000;

/** Makes a self-signed set. */
export async function mintSet(request: MintRequest): Promise<CaSet> {
  const { provider } = await selectProvider("webcrypto");
  const pkcs8 = request.pkcs8 ?? (await newKey(provider)).pkcs8;
  using key = await provider.importPrivateKey(pkcs8);
  const tbs = encodeTbs(key, request);
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

function newKey(provider: CryptoProvider) {
  return provider.generateKey({ type: "ec", curve: "P-256" });
}

type Key = Awaited<ReturnType<CryptoProvider["importPrivateKey"]>>;

function encodeTbs(key: Key, request: MintRequest): Uint8Array {
  const second = Math.floor(request.nowMs / 1000) * 1000;
  const subject = organizationName(request.organization ?? "cluster.local");
  const common = {
    serialNumber: crypto.getRandomValues(new Uint8Array(16)),
    notBeforeMs: second,
    notAfterMs: second + (request.ttlMs ?? TEN_YEARS_MS),
    subjectKeyId: crypto.getRandomValues(new Uint8Array(20)),
  };
  if (request.isCa ?? true) {
    return buildCaCertificate({ ...common, subject, spki: key.spki, signatureScheme: key.scheme });
  }
  return createLeafTemplate({
    issuerName: subject,
    authorityKeyId: undefined,
    signatureScheme: key.scheme,
  }).encode({
    ...common,
    subjectCommonName: undefined,
    publicKey: decodePublicKey(key.spki),
    subjectAltNames: ["leaf.example"],
  });
}

/** A two-level set: the CA's certificate is signed by another root, which stands in the roots file alone. */
export async function mintIntermediateSet(request: MintRequest): Promise<CaSet> {
  const { provider } = await selectProvider("webcrypto");
  const root = await newKey(provider);
  const mine = await newKey(provider);
  using rootKey = await provider.importPrivateKey(root.pkcs8);
  const rootName = organizationName("root.example");
  const second = Math.floor(request.nowMs / 1000) * 1000;
  const make = async (spki: Uint8Array, subject: Uint8Array, ttlMs: number, self: boolean) => {
    const tbs = buildCaCertificate({
      subject,
      ...(self ? {} : { issuer: rootName }),
      spki,
      subjectKeyId: crypto.getRandomValues(new Uint8Array(20)),
      serialNumber: crypto.getRandomValues(new Uint8Array(16)),
      notBeforeMs: second,
      notAfterMs: second + ttlMs,
      signatureScheme: rootKey.scheme,
    });
    const der = encodeCertificate(tbs, rootKey.scheme, await rootKey.sign(tbs));
    return encodePem("CERTIFICATE", der);
  };
  const rootCertPem = await make(root.spki, rootName, TEN_YEARS_MS, true);
  const name = organizationName(request.organization ?? "cluster.local");
  const caCertPem = await make(mine.spki, name, request.ttlMs ?? TEN_YEARS_MS, false);
  return {
    caCertPem,
    caKeyPem: encodePrivateKeyPem(mine.pkcs8),
    rootCertPem,
    certChainPem: caCertPem,
  };
}
