/** The self-signed root, made once (RFC 5280 section 4.2; keyUsage keyCertSign and cRLSign). */
import {
  type CryptoProvider,
  encodePrivateKeyPem,
  keyIdentifier,
  type KeySpec,
} from "../crypto/mod.ts";
import type { CaSet } from "../store/mod.ts";
import { buildCaCertificate, decodePublicKey, encodeCertificate, encodePem } from "../x509/mod.ts";
import { newSerialNumber } from "./issue.ts";

/** What a new root is to be. */
export interface RootRequest {
  /** DER Name of the root; a new mesh's has the trust domain as its `O`. */
  readonly subject: Uint8Array;
  /** Lifetime in milliseconds. */
  readonly ttlMs: number;
  /** Kind of key. */
  readonly keySpec: KeySpec;
}

/** Makes a root key and its self-signed certificate, in the form that is stored. */
export async function createRootSet(
  request: RootRequest,
  { crypto, nowMs }: { readonly crypto: CryptoProvider; readonly nowMs: number },
): Promise<CaSet> {
  const { pkcs8, spki } = await crypto.generateKey(request.keySpec);
  using key = await crypto.importPrivateKey(pkcs8);
  const second = Math.floor(nowMs / 1000) * 1000;
  const tbs = buildCaCertificate({
    subject: request.subject,
    spki,
    subjectKeyId: keyIdentifier(decodePublicKey(spki).keyBits),
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
