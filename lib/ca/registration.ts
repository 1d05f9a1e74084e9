/**
 * The registration authority (istiod's `EXTERNAL_CA=ISTIOD_RA_KUBERNETES_API`): workloads' certificates from signers of the cluster, for
 * callers that signet has authenticated.
 *
 * A signer copies the CSR, so that the CSR is held to the caller's identities before; and since a signer may do as it likes, what comes back
 * is held to the CSR: its key, its name, a chain to the signer's roots.
 */
import { equalBytes, isSignetError, messageOf, SignetError } from "../base/mod.ts";
import type { Clock } from "../base/mod.ts";
import type { CryptoProvider } from "../crypto/mod.ts";
import { EVENT, type Logger } from "../telemetry/mod.ts";
import {
  type Certificate,
  decodeCertificate,
  decodeFirstPem,
  decodePem,
  decodeSubjectAltNames,
  encodePem,
  encodeSubjectAltNames,
  EXT_KEY_USAGE,
  type SubjectAltName,
  verifyChain,
} from "../x509/mod.ts";
import { acceptCsr, type CsrRules } from "./csr_policy.ts";
import type { SignRequest, WorkloadCertificate, WorkloadSigner } from "./port.ts";
import { grantTtl } from "./profile.ts";
import { checkCsrForSigner } from "./ra_policy.ts";
import type { RootList, SignerRoots } from "./signer_roots.ts";

/** Signers of a cluster take no shorter lifetime, in seconds. */
const MIN_TTL_SECONDS = 600;
/** Certificates that a signer may send with the leaf. */
const MAX_CHAIN = 10;
/** A name of a signer, or of a part of one. */
const SIGNER_REGEXP = /^[A-Za-z0-9][-A-Za-z0-9._]{0,252}$/;

/** A certificate that a signer of the cluster is asked for. */
export interface SignerRequest {
  /** The CSR, PEM. */
  readonly csrPem: string;
  /** The signer. */
  readonly signerName: string;
  /** Key usages, in Kubernetes' words. */
  readonly usages: readonly string[];
  /** Wanted lifetime; `undefined` leaves it to the signer. */
  readonly expirationSeconds: number | undefined;
  /** What it is for. */
  readonly names: readonly string[];
}

/** Asks a signer and gives its PEM. @throws {SignetError} `kube.*`. */
export type AskSigner = (request: SignerRequest) => Promise<string>;

/** Settings of the registration authority. */
export interface RegistrationConfig extends CsrRules {
  /** `K8S_SIGNER`: the signer of those who name none; may be empty. */
  readonly signerName: string;
  /** `CERT_SIGNER_DOMAIN`: the domain of the signers that callers name; empty lets them name none. */
  readonly signerDomain: string;
  /** Longest TTL of a leaf. */
  readonly maxWorkloadTtlMs: number;
}

/** What it needs of the world. */
export interface RegistrationHost {
  /** Time. */
  readonly clock: Clock;
  /** Checks signatures. */
  readonly crypto: CryptoProvider;
  /** For audit records. */
  readonly logger: Logger;
  /** Asks a signer. */
  readonly ask: AskSigner;
  /** The signers' roots now. */
  readonly roots: () => SignerRoots;
}

/** Key usages of a workload's certificate. */
const USAGES = ["digital signature", "key encipherment", "server auth", "client auth"];

/** Makes the registration authority. */
export function createRegistrationAuthority(
  config: RegistrationConfig,
  host: RegistrationHost,
): WorkloadSigner {
  const audit = host.logger.scoped("audit");
  return {
    async sign(request) {
      const csr = await acceptCsr(request.csrPem, host.crypto, config);
      const identity = checkCsrForSigner(csr, request.identities);
      const wanted = {
        signerName: signerOf(request, config),
        expirationSeconds: secondsOf(request.requestedTtlSeconds, config),
        csrPem: encodePem("CERTIFICATE REQUEST", decodeFirstPem(request.csrPem)!.der),
        ...{ usages: USAGES, names: [identity] },
      };
      await request.beforeSigning?.(new Uint8Array(csr.publicKey.spki));
      const facts = { signer: wanted.signerName, identities: [identity], caller: request.caller };
      audit.info(EVENT.certificateSigning, "Asking a signer for a certificate", facts);
      const chain = await askFor(wanted, csr.publicKey.spki, host);
      const { whole, result } = await withRoots(chain, wanted.signerName, host);
      const [leaf] = whole;
      audit.info(EVENT.certificateIssued, "A signer issued a certificate", {
        serial: leaf!.serialNumber.toHex(),
        not_after: new Date(leaf!.notAfterMs).toISOString(),
        ...facts,
      });
      return result;
    },
  };
}

/** istiod's choice; a name that a caller sends is a name, and leads to no other domain. */
function signerOf(
  { certSigner = "" }: SignRequest,
  { signerName, signerDomain }: RegistrationConfig,
): string {
  if (certSigner === "") {
    if (signerName !== "") return signerName;
    throw failed("no signer is asked for and K8S_SIGNER names none");
  }
  if (signerDomain === "") {
    throw failed("certSignerDomain is required for signer");
  }
  if (SIGNER_REGEXP.test(certSigner)) return `${signerDomain}/${certSigner}`;
  throw new SignetError("ca.csr_error", "metadata CertSigner is no name of a signer");
}

/** Zero is not made the default: then the signer decides. */
function secondsOf(
  requested: bigint,
  { maxWorkloadTtlMs }: RegistrationConfig,
): number | undefined {
  const ttlMs = grantTtl(requested, { defaultTtlMs: 0, maxTtlMs: maxWorkloadTtlMs });
  if (ttlMs === 0) return undefined;
  const seconds = ttlMs / 1000;
  if (seconds >= MIN_TTL_SECONDS) return seconds;
  throw new SignetError(
    "ca.ttl_error",
    `requested TTL is ${seconds} s, signers of a cluster take at least ${MIN_TTL_SECONDS} s`,
  );
}

/** Leaf first. */
async function askFor(
  wanted: SignerRequest,
  spki: Uint8Array,
  { ask }: RegistrationHost,
): Promise<readonly Certificate[]> {
  const chain = decodeAnswer(await askSigner(wanted, ask), wanted.signerName);
  checkAnswer(chain[0]!, wanted, spki);
  return chain;
}

async function askSigner(wanted: SignerRequest, ask: AskSigner): Promise<string> {
  try {
    return await ask(wanted);
  } catch (thrown) {
    if (!isSignetError(thrown)) throw thrown;
    // What the API server said is for the log alone.
    const what = thrown.code === "kube.not_signed"
      ? thrown.message
      : "the request to the Kubernetes API failed";
    throw failed(`signer ${wanted.signerName}: ${what}`, thrown);
  }
}

/** A signer's answer as certificates. @throws {SignetError} `ca.cert_gen_error`. */
export function decodeAnswer(pem: string, signerName: string): readonly Certificate[] {
  let chain: readonly Certificate[];
  try {
    chain = decodePem(pem, { label: "CERTIFICATE" }).map(({ der }) => decodeCertificate(der));
  } catch (thrown) {
    if (!isSignetError(thrown)) throw thrown;
    throw failed(`signer ${signerName} sent a certificate that cannot be read`, thrown);
  }
  if (chain.length > 0 && chain.length <= MAX_CHAIN) return chain;
  throw failed(`signer ${signerName} sent ${chain.length} certificates, at most ${MAX_CHAIN}`);
}

/** The leaf is for the key and the names that were asked for, and for nothing else. @throws {SignetError} `ca.cert_gen_error`. */
export function checkAnswer(
  leaf: Certificate,
  { names, signerName }: Pick<SignerRequest, "names" | "signerName">,
  spki: Uint8Array,
): void {
  // As they would be read from a certificate: a dNSName that reads as a SPIFFE identity is not one, and addresses are written in many ways.
  const asked = decodeSubjectAltNames(encodeSubjectAltNames(names)).map(nameKey);
  const sent = new Set(leaf.subjectAltNames.map(nameKey));
  if (!equalBytes(leaf.publicKey.spki, spki)) {
    throw failed(`signer ${signerName} sent a certificate for another key`);
  }
  if (leaf.subjectAltNames.length !== names.length || asked.some((name) => !sent.has(name))) {
    throw failed(`signer ${signerName} sent a certificate for other names`);
  }
  if (leaf.basicConstraints?.ca === true) {
    throw failed(`signer ${signerName} sent a certificate of a CA`);
  }
}

function nameKey({ type, raw }: SubjectAltName): string {
  return `${type}:${raw.toHex()}`;
}

/** The signer's roots: the file's, the mesh config's, or the last certificate of its own chain, in istiod's order. */
function rootsFor(
  chain: readonly Certificate[],
  signerName: string,
  { file, mesh }: SignerRoots,
): Pick<RootList, "certificates" | "pem"> {
  const known = file ?? mesh.get(signerName);
  if (known !== undefined) return known;
  const last = chain.at(-1)!;
  if (chain.length > 1 && last.basicConstraints?.ca === true) {
    return { certificates: [last], pem: encodePem("CERTIFICATE", last.raw) };
  }
  throw new SignetError(
    "ca.csr_error",
    "failed to find root cert from either mesh config or signed cert chain",
  );
}

async function withRoots(
  chain: readonly Certificate[],
  signerName: string,
  host: RegistrationHost,
): Promise<{ readonly whole: readonly Certificate[]; readonly result: WorkloadCertificate }> {
  const roots = rootsFor(chain, signerName, host.roots());
  await verifyToRoots(chain, roots.certificates, host);
  const isRoot = ({ raw }: Certificate) =>
    roots.certificates.some((root) => equalBytes(root.raw, raw));
  const [leaf, ...intermediates] = chain;
  return {
    whole: chain,
    result: {
      certificatePem: encodePem("CERTIFICATE", leaf!.raw),
      bundle: {
        chainPems: intermediates.filter((one) => !isRoot(one))
          .map(({ raw }) => encodePem("CERTIFICATE", raw)),
        rootCertsPem: roots.pem,
      },
    },
  };
}

/** @throws {SignetError} `ca.csr_error`, istiod's kind for a root that is not the leaf's. */
async function verifyToRoots(
  [leaf, ...intermediates]: readonly Certificate[],
  roots: readonly Certificate[],
  { clock, crypto }: RegistrationHost,
): Promise<void> {
  try {
    await verifyChain({
      ...{ leaf: leaf!, intermediates, roots, nowMs: clock.nowMs() },
      extKeyUsages: [EXT_KEY_USAGE.any],
      verifySignature: (key, scheme, data, signature) =>
        crypto.verify(key, scheme, data, signature),
    });
  } catch (thrown) {
    if (!isSignetError(thrown)) throw thrown;
    throw new SignetError(
      "ca.csr_error",
      `root cert from signed cert-chain is invalid (${messageOf(thrown)})`,
      { cause: thrown },
    );
  }
}

function failed(what: string, cause?: unknown): SignetError {
  return new SignetError("ca.cert_gen_error", `Cannot issue certificate: ${what}`, { cause });
}
