/**
 * The check of client certificates: optional, but whoever presents one must present a good one (VerifyClientCertIfGiven).
 *
 * The runtime's own verdict is a first sieve only. What counts is this check against the roots in force now: chain with
 * clientAuth and serverAuth acceptable, then the SPIFFE rule (exactly one URI SAN, `spiffe://<td>/ns/<ns>/sa/<sa>`, trust domain
 * the mesh's). Results are cached by the hash of the chain and the generation of the roots, so that a resumed session with the
 * certificate of a withdrawn root is refused.
 */
import { isSignetError, messageOf, SignetError } from "../base/mod.ts";
import { checkPeerSvid } from "../spiffe/mod.ts";
import {
  type Certificate,
  decodeCertificate,
  EXT_KEY_USAGE,
  verifyChain,
  type VerifySignature,
} from "../x509/mod.ts";

/** Verified chains remembered; a mesh node has a few certificates alive at a time. */
const MAX_CACHED_CHAINS = 4096;
/** Certificates a client may send: leaf and a handful of intermediates. */
const MAX_CHAIN_CERTIFICATES = 10;

/** The roots that clients are checked against, with a number that counts up whenever they change. */
export interface TrustedRoots {
  /** Counts changes. */
  readonly generation: number;
  /** The roots. */
  readonly certificates: readonly Certificate[];
}

/** What is known of a client after the check. */
export interface ClientCertificate {
  /** SAN values that can be issued again: URI and DNS names and addresses, in order. */
  readonly identities: readonly string[];
  /** Kinds of SAN beside those. */
  readonly otherNames: readonly string[];
  /** The first of the chain's ends of validity, in milliseconds since the epoch. */
  readonly notAfterMs: number;
}

/** Checks what a client presented. */
export interface PeerVerifier {
  /**
   * The result for this chain when it is remembered and still in force: an answer without waiting.
   */
  remembered(chainKey: string, nowMs: number): ClientCertificate | undefined;
  /**
   * Checks a chain, leaf first.
   *
   * @throws {SignetError} `tls.peer_refused` with the reason for the log.
   */
  verify(chain: readonly Uint8Array[], chainKey: string): Promise<ClientCertificate>;
}

/** What the verifier needs. */
export interface PeerVerifierOptions {
  /** The roots in force now. */
  readonly roots: () => TrustedRoots;
  /** The mesh's trust domain now. */
  readonly trustDomain: () => string;
  /** Signature check of the crypto provider. */
  readonly verifySignature: VerifySignature;
  /** Wall clock, milliseconds since the epoch. */
  readonly nowMs: () => number;
}

interface Remembered {
  readonly generation: number;
  readonly trustDomain: string;
  readonly notBeforeMs: number;
  readonly client: ClientCertificate;
}

/** Makes a {@linkcode PeerVerifier} with an empty memory. */
export function createPeerVerifier(options: PeerVerifierOptions): PeerVerifier {
  const cache = new Map<string, Remembered>();
  return {
    remembered(chainKey, nowMs) {
      const entry = cache.get(chainKey);
      if (entry === undefined) return undefined;
      const inForce = entry.generation === options.roots().generation &&
        entry.trustDomain === options.trustDomain();
      if (inForce && nowMs >= entry.notBeforeMs && nowMs <= entry.client.notAfterMs) {
        return entry.client;
      }
      cache.delete(chainKey);
      return undefined;
    },
    async verify(chain, chainKey) {
      const { generation, certificates } = options.roots();
      const trustDomain = options.trustDomain();
      const path = await verifyPath(chain, certificates, options);
      const leaf = path[0]!;
      checkSvid(leaf, trustDomain);
      const client = describe(leaf, path);
      if (cache.size >= MAX_CACHED_CHAINS) cache.delete(cache.keys().next().value!);
      const notBeforeMs = Math.max(...path.map((certificate) => certificate.notBeforeMs));
      cache.set(chainKey, { generation, trustDomain, notBeforeMs, client });
      return client;
    },
  };
}

async function verifyPath(
  chain: readonly Uint8Array[],
  roots: readonly Certificate[],
  { verifySignature, nowMs }: PeerVerifierOptions,
): Promise<readonly Certificate[]> {
  if (chain.length === 0 || chain.length > MAX_CHAIN_CERTIFICATES) {
    throw new SignetError(
      "tls.peer_refused",
      `Cannot accept client certificate: the chain has ${chain.length} certificates, should have 1 to ${MAX_CHAIN_CERTIFICATES}`,
    );
  }
  try {
    const [leaf, ...intermediates] = chain.map((der) => decodeCertificate(der));
    const base = { leaf: leaf!, intermediates, roots, nowMs: nowMs(), verifySignature };
    const path = await verifyChain({ ...base, extKeyUsages: [EXT_KEY_USAGE.clientAuth] });
    await verifyChain({ ...base, extKeyUsages: [EXT_KEY_USAGE.serverAuth] });
    return path;
  } catch (thrown) {
    if (!isSignetError(thrown)) throw thrown;
    throw new SignetError(
      "tls.peer_refused",
      `Cannot accept client certificate: ${messageOf(thrown)}`,
      { cause: thrown },
    );
  }
}

function checkSvid(leaf: Certificate, trustDomain: string): void {
  try {
    checkPeerSvid(leaf, trustDomain);
  } catch (thrown) {
    if (!isSignetError(thrown)) throw thrown;
    throw new SignetError(
      "tls.peer_refused",
      `Cannot accept client certificate: ${messageOf(thrown)}`,
      { cause: thrown },
    );
  }
}

function describe(leaf: Certificate, path: readonly Certificate[]): ClientCertificate {
  const identities: string[] = [];
  const otherNames: string[] = [];
  for (const name of leaf.subjectAltNames) {
    if (name.type === "uri" || name.type === "dns" || name.type === "ip") {
      identities.push(name.value);
    } else otherNames.push(name.type);
  }
  return {
    identities,
    otherNames,
    notAfterMs: Math.min(...path.map((certificate) => certificate.notAfterMs)),
  };
}
