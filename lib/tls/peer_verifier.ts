/**
 * The check of client certificates: optional, but whoever presents one must present a good one (VerifyClientCertIfGiven).
 *
 * The runtime's own verdict is a first sieve only. What counts is this check against the roots in force now: chain with
 * clientAuth and serverAuth acceptable, then the SPIFFE rule (exactly one URI SAN, `spiffe://<td>/ns/<ns>/sa/<sa>`, trust domain
 * the mesh's). Results are cached by the hash of the leaf and the generation of the roots, so that a resumed session with the
 * certificate of a withdrawn root is refused. A client that stays is asked about again: see {@linkcode PeerVerifier.standing}.
 */
import { equalBytes, isSignetError, messageOf, parseIpAddress, SignetError } from "../base/mod.ts";
import { checkPeerSvid, SPIFFE_SCHEME } from "../spiffe/mod.ts";
import {
  type Certificate,
  decodeCertificate,
  EXT_KEY_USAGE,
  type SubjectAltName,
  verifyChain,
  type VerifySignature,
} from "../x509/mod.ts";

/** Verified leaves remembered; a mesh node has a few certificates alive at a time. */
const MAX_CACHED_LEAVES = 4096;
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
   * The result for this leaf when it is remembered and still in force: an answer without waiting.
   */
  remembered(leafKey: string, nowMs: number): ClientCertificate | undefined;
  /**
   * Checks a chain, leaf first, and remembers the leaf under `leafKey` when it is good.
   *
   * @throws {SignetError} `tls.peer_refused` with the reason for the log.
   */
  verify(chain: readonly Uint8Array[], leafKey: string): Promise<ClientCertificate>;
  /**
   * What became of a client that this verifier let in: `withdrawn` when the root that its chain ended in is none any more, nor another
   * certificate of the same name and key, or the mesh has another trust domain; `over` when the chain has expired.
   */
  standing(client: ClientCertificate): "good" | "over" | "withdrawn";
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

/** What a verdict on a client stands on. */
interface Grounds {
  readonly root: Certificate;
  readonly trustDomain: string;
  /** The generation of roots that held the root, when last looked at. */
  generation: number;
}

/** Makes a {@linkcode PeerVerifier} with an empty memory. */
export function createPeerVerifier(options: PeerVerifierOptions): PeerVerifier {
  const cache = new Map<string, Remembered>();
  const grounds = new WeakMap<ClientCertificate, Grounds>();
  return {
    remembered(leafKey, nowMs) {
      const entry = cache.get(leafKey);
      if (entry === undefined) return undefined;
      const inForce = entry.generation === options.roots().generation &&
        entry.trustDomain === options.trustDomain();
      if (inForce && nowMs >= entry.notBeforeMs && nowMs <= entry.client.notAfterMs) {
        return entry.client;
      }
      cache.delete(leafKey);
      return undefined;
    },
    async verify(chain, leafKey) {
      const { generation, certificates } = options.roots();
      const trustDomain = options.trustDomain();
      const path = await verifyPath(chain, certificates, options);
      const leaf = path[0]!;
      checkSvid(leaf, trustDomain);
      const client = describe(leaf, path);
      if (cache.size >= MAX_CACHED_LEAVES) cache.delete(cache.keys().next().value!);
      const notBeforeMs = Math.max(...path.map((certificate) => certificate.notBeforeMs));
      cache.set(leafKey, { generation, trustDomain, notBeforeMs, client });
      grounds.set(client, { root: path[path.length - 1]!, trustDomain, generation });
      return client;
    },
    standing(client) {
      const ground = grounds.get(client);
      if (ground === undefined || !stillHold(ground, options)) return "withdrawn";
      return options.nowMs() > client.notAfterMs ? "over" : "good";
    },
  };
}

function stillHold(grounds: Grounds, options: PeerVerifierOptions): boolean {
  if (grounds.trustDomain !== options.trustDomain()) return false;
  const { generation, certificates } = options.roots();
  if (generation === grounds.generation) return true;
  const { root } = grounds;
  const isThere = certificates.some(({ subject, publicKey }) =>
    equalBytes(subject, root.subject) && equalBytes(publicKey.spki, root.publicKey.spki)
  );
  if (isThere) grounds.generation = generation;
  return isThere;
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
    if (isIssuable(name)) identities.push(name.value);
    else otherNames.push(name.type);
  }
  return {
    identities,
    otherNames,
    notAfterMs: Math.min(...path.map((certificate) => certificate.notAfterMs)),
  };
}

/** A name that is issued again as what it is: the text of a dNSName must not read as a SPIFFE ID or an address. */
function isIssuable({ type, value }: SubjectAltName): boolean {
  if (type !== "dns") return type === "uri" || type === "ip";
  return !value.startsWith(SPIFFE_SCHEME) && parseIpAddress(value) === undefined;
}
