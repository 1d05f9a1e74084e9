/**
 * The verdict on the client of a TLS connection, for every listener alike: a certificate is optional, but one that is presented must be
 * good, and a refusal is logged and counted where it is made.
 */
import { type Clock, messageOf } from "../base/mod.ts";
import { EVENT, type Logger, METRIC, type Metrics } from "../telemetry/mod.ts";
import type { ClientCertificate, PeerVerifier } from "../tls/mod.ts";
import type { PeerEvidence } from "./port.ts";

/** What judging needs. */
export interface PeerJudgeOptions {
  /** Checks chains. */
  readonly verifier: PeerVerifier;
  /** A digest of a leaf as text: what a verdict is remembered by. That a leaf is good does not depend on what is sent beside it. */
  readonly digest: (der: Uint8Array) => string;
  /** Time. */
  readonly clock: Clock;
  /** For refusals. */
  readonly logger: Logger;
  /** Counts refusals. */
  readonly metrics: Metrics;
}

/** Judges a client; `undefined` is one without a certificate. Throws or rejects when the connection must end. */
export type PeerJudge = (
  evidence: PeerEvidence,
) => Promise<ClientCertificate | undefined> | ClientCertificate | undefined;

/** Makes a {@linkcode PeerJudge}. Its answer is immediate when the chain was checked before against the same roots. */
export function createPeerJudge(options: PeerJudgeOptions): PeerJudge {
  const { verifier, digest, clock, logger, metrics } = options;
  const refuse = (evidence: PeerEvidence, thrown: unknown): never => {
    metrics.counter(METRIC.peersRefused).inc();
    logger.scoped("ca").warn(EVENT.peerRefused, "Refused a client certificate", {
      peer: evidence.remoteAddress,
      reason: messageOf(thrown),
    });
    throw thrown;
  };
  return (evidence) => {
    const { leaf, authorized, authorizationError } = evidence;
    if (leaf === undefined) return undefined;
    const key = digest(leaf);
    const known = verifier.remembered(key, clock.nowMs());
    if (known !== undefined && authorized) return known;
    const chain = evidence.chain();
    if (chain[0] !== undefined && digest(chain[0]) !== key) {
      return refuse(evidence, new TypeError("The runtime names a leaf that its chain has not"));
    }
    return verifier.verify(chain, key).then((client) => {
      if (authorized) return client;
      throw new TypeError(`The runtime refused the certificate: ${authorizationError}`);
    }).catch((thrown) => refuse(evidence, thrown));
  };
}
