/** What the rest of signet sees of the CA. */
import type { Bytes, MaybePromise } from "../base/mod.ts";
import type { Certificate } from "../x509/mod.ts";
import type { Validity } from "./profile.ts";

/** The certificates that are in force; a change makes a new value with a higher generation. */
export interface CaBundle {
  /** Counts up with every change. */
  readonly generation: number;
  /** The signing certificate, decoded. */
  readonly caCertificate: Certificate;
  /** The signing certificate as PEM. */
  readonly caCertPem: string;
  /** Certificates to send after a leaf, the one that signs first; empty for a self-signed root. */
  readonly chain: readonly Certificate[];
  /** The same, each as its own PEM. */
  readonly chainPems: readonly string[];
  /** All roots as one PEM text: what workloads are sent as the mesh's roots. */
  readonly rootCertsPem: string;
  /** All roots, decoded. */
  readonly roots: readonly Certificate[];
  /** Revocation lists of the chain for relying parties, as they were plugged in. */
  readonly crlPem: string | undefined;
}

/** Where the CA comes from. */
export type CaOrigin = "created" | "loaded" | "plugged-in";

/** A request to sign. */
export interface SignRequest {
  /** The CSR in PEM, as it arrived. */
  readonly csrPem: string;
  /** What goes into the SAN, in order: the caller's identities, never the CSR's. */
  readonly identities: readonly string[];
  /** Wanted lifetime in seconds; zero or less asks for the default. */
  readonly requestedTtlSeconds: bigint;
  /** Who asks, for the audit record: an address or the name of a command. */
  readonly caller: string;
  /** Metadata `CertSigner`: which signer of `CERT_SIGNER_DOMAIN` is wanted. The built-in CA signs whatever it says. Default: none. */
  readonly certSigner?: string;
  /**
   * Called once, with the SubjectPublicKeyInfo of the CSR, when nothing but the signature is left to do; what it throws ends the
   * request. Credentials that can be spent are spent here.
   */
  readonly beforeSigning?: (spki: Bytes) => MaybePromise<void>;
}

/** An issued certificate. */
export interface IssuedCertificate extends Validity {
  /** The certificate as PEM. */
  readonly certificatePem: string;
  /** The certificate as DER. */
  readonly der: Bytes;
  /** The serial number in lower-case hex. */
  readonly serialNumber: string;
  /** The certificates that were in force when it was signed. */
  readonly bundle: CaBundle;
}

/** A leaf as a workload is sent it. */
export interface WorkloadCertificate {
  /** The certificate as PEM. */
  readonly certificatePem: string;
  /** What is sent after it. */
  readonly bundle: Pick<CaBundle, "chainPems" | "rootCertsPem">;
}

/** Whoever signs workloads' certificates: the built-in CA, or the signers of a cluster in its place. */
export interface WorkloadSigner {
  /**
   * Signs a CSR as a workload leaf.
   *
   * @throws {SignetError} `ca.csr_error`, `ca.ttl_error`, `ca.cert_gen_error`, `ca.not_ready`; what `beforeSigning` throws.
   */
  sign(request: SignRequest): Promise<WorkloadCertificate>;
}

/** A certificate with a key that was made for it. */
export interface KeyCert extends Validity {
  /** The private key as PEM, in istiod's forms (PKCS#1, SEC1). */
  readonly keyPem: string;
  /** The leaf followed by the intermediates, as PEM. */
  readonly certChainPem: string;
}

/** A request for a key and its certificate. */
export interface GenKeyCertRequest {
  /** Names of the certificate: DNS names, addresses, SPIFFE IDs. */
  readonly hosts: readonly string[];
  /** Lifetime in milliseconds, cut at the signing certificate's. */
  readonly ttlMs: number;
  /** True to refuse a lifetime above the maximum for workloads. */
  readonly checkLifetime: boolean;
  /** Who asks, for the audit record. */
  readonly caller: string;
}

/** The certificate authority. */
export interface Ca extends WorkloadSigner, Disposable {
  /** The certificates in force now. */
  readonly bundle: CaBundle;
  /** Whether start made the root, found it in the store, or took a plugged-in CA. */
  readonly origin: CaOrigin;
  /** Where the CA's files are, for people. */
  readonly location: string;
  /** What an operator should know of this CA, one sentence each. */
  readonly remarks: readonly string[];
  /**
   * Signs a CSR as a workload leaf.
   *
   * @throws {SignetError} `ca.csr_error`, `ca.ttl_error`, `ca.cert_gen_error`, `ca.not_ready`.
   */
  sign(request: SignRequest): Promise<IssuedCertificate>;
  /** {@linkcode Ca.sign}, returning the leaf followed by the intermediates as PEM. */
  signWithCertChain(request: SignRequest): Promise<string>;
  /** Makes a key of the CA's own kind (P-384 for a P-384 CA, P-256 for other curves, else RSA 2048) and its certificate. */
  genKeyCert(request: GenKeyCertRequest): Promise<KeyCert>;
  /**
   * Looks whether another set became current and, when it did and passes every check, signs with it from now on.
   * True when the bundle changed.
   *
   * @throws {SignetError} `store.*` when the new set cannot be used; the one before then stays in force. A set that was refused is
   * refused once, and looked at again when it changes.
   */
  reload(): Promise<boolean>;
  /** Says in the store what is in force, for commands that wait for it. {@linkcode Ca.reload} says it again after a change. */
  announce(): Promise<void>;
  /** Calls `listener` after every change of {@linkcode Ca.bundle}. */
  onChange(listener: (bundle: CaBundle) => void): Disposable;
}
