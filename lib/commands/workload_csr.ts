/** A new key of a workload, and the CSR for it. */
import {
  type CryptoProvider,
  encodePrivateKeyPem,
  type KeySpec,
  parsePrivateKeyPem,
} from "../crypto/mod.ts";
import { choiceOption } from "../config/mod.ts";
import { buildCsrInfo, encodeCsr, encodePem } from "../x509/mod.ts";

const SPECS = {
  "P-256": { type: "ec", curve: "P-256" },
  "P-384": { type: "ec", curve: "P-384" },
  "RSA-2048": { type: "rsa", bits: 2048 },
  "RSA-3072": { type: "rsa", bits: 3072 },
  "RSA-4096": { type: "rsa", bits: 4096 },
  "Ed25519": { type: "ed25519" },
} as const satisfies Record<string, KeySpec>;

/** Name of a kind of key on the command line. */
export type KeyTypeName = keyof typeof SPECS;

/** `--keyType`. */
export const keyTypeOption = choiceOption(
  { flag: "keyType", fallback: "P-256", help: "kind of key to make" },
  Object.keys(SPECS) as KeyTypeName[],
);

/** A key and a CSR that it signed. */
export interface WorkloadCsr {
  /** The private key, PKCS#8 or SEC1 PEM. */
  readonly keyPem: string;
  /** The CSR, PEM. */
  readonly csrPem: string;
}

/** Makes a key, or takes one, and asks for `identities`; a CA of Istio takes those of the caller whatever the CSR says. */
export async function makeWorkloadCsr(
  crypto: CryptoProvider,
  { keyType, identities, keyPem }: {
    readonly keyType: KeyTypeName;
    readonly identities: readonly string[];
    readonly keyPem?: string | undefined;
  },
): Promise<WorkloadCsr> {
  const pkcs8 = keyPem === undefined
    ? (await crypto.generateKey(SPECS[keyType])).pkcs8
    : parsePrivateKeyPem(keyPem);
  using key = await crypto.importPrivateKey(pkcs8);
  const info = buildCsrInfo({ spki: key.spki, subjectAltNames: identities });
  const csr = encodeCsr(info, key.scheme, await key.sign(info));
  return { keyPem: encodePrivateKeyPem(pkcs8), csrPem: encodePem("CERTIFICATE REQUEST", csr) };
}
