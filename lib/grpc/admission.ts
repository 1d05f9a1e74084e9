/**
 * Who may ask now, and whose turn it is: rate limits and the fair queue before signing, with refusals that say when to come back
 * (RESOURCE_EXHAUSTED, google.rpc.RetryInfo, and `grpc-retry-pushback-ms` of gRFC A6).
 */
import { Code, ConnectError } from "@connectrpc/connect";
import { durationFromMs } from "@bufbuild/protobuf/wkt";
import { RetryInfoSchema } from "../../proto/gen/google/rpc/error_details_pb.ts";
import type { Clock } from "../base/mod.ts";
import { addressKey, createFairQueue, createRateLimiter, type RateLimit } from "../limits/mod.ts";
import { EVENT, type Logger, METRIC, type Metrics } from "../telemetry/mod.ts";

/** Bytes of all CSRs that wait for a signature. */
export const MAX_WAITING_BYTES = 64 << 20;
/** Signatures under way at once: more would only wait in Web Crypto's pool, where no turns are taken. */
const MAX_RUNNING = 64;
/** Signatures between two turns of the event loop; 64 take some milliseconds. */
const MAX_GRANTS_PER_TURN = 64;
/**
 * Callers without a client certificate whose credential is being looked at, and the bytes of their CSRs. A token may have to be asked about
 * over the network; callers with a certificate never wait for those.
 */
export const MAX_AUTHENTICATING = 2_000;
/** Those of one address among them: half of the ID tokens whose signatures are checked at once, so that nobody's costly tokens keep others out. */
export const MAX_AUTHENTICATING_PER_ADDRESS = 128;
const MAX_AUTHENTICATING_BYTES = 64 << 20;
/** Bounds of what a refused caller is told to wait: Istio's agents begin with 100 ms. */
const MIN_RETRY_MS = 100;
const MAX_RETRY_MS = 30_000;
/** Certificates a second that are assumed before any were counted. */
const FIRST_RATE = 1_000;

/** Limits of callers; `undefined` turns one off. */
export interface AdmissionConfig {
  /** For each identity, after authentication. */
  readonly perIdentity: RateLimit | undefined;
  /** For each IPv4 address or IPv6 /64, before authentication. */
  readonly perAddress: RateLimit | undefined;
  /** Requests that wait for a signature. */
  readonly maxWaiting: number;
}

/** What admission needs of the world. */
export interface AdmissionHost {
  /** Time. */
  readonly clock: Clock;
  /** For refused callers. */
  readonly logger: Logger;
  /** For refusals and the queue. */
  readonly metrics: Metrics;
  /** Calls `fn` in the next turn of the event loop. */
  readonly onNextTurn: (fn: () => void) => void;
}

/** A caller as limits see it. */
export interface Applicant {
  /** `host:port`. */
  readonly remoteAddress: string;
  /** True when it presented a client certificate that was verified. */
  readonly hasCertificate: boolean;
  /** Bytes of its request. */
  readonly bytes: number;
}

/** The gates of a call, in order. Each throws a {@linkcode ConnectError} with RESOURCE_EXHAUSTED when the caller has to come back later. */
export interface Admission {
  /** Before authentication. Disposing what it returns says that the credential has been looked at. */
  arrive(applicant: Applicant): Disposable;
  /** Refuses a caller whose credential cannot be looked at now, because too many others are. */
  turnAway(applicant: Applicant): never;
  /** After authentication: the identity's rate, then its turn. {@linkcode Admission.leave} gives the turn back. */
  enter(applicant: Applicant, identity: string): Promise<void> | undefined;
  /** The certificate was signed, or not. */
  leave(): void;
}

type Limit = "address" | "identity" | "authenticating" | "queue";

const NOTHING: Disposable = { [Symbol.dispose]: () => {} };

/** Makes the gates of a server. */
export function createAdmission(config: AdmissionConfig, host: AdmissionHost): Admission {
  const { clock, metrics } = host;
  const addresses = config.perAddress && createRateLimiter(config.perAddress);
  const identities = config.perIdentity && createRateLimiter(config.perIdentity);
  const queue = createFairQueue({
    maxWaiting: config.maxWaiting,
    maxWaitingBytes: MAX_WAITING_BYTES,
    maxRunning: MAX_RUNNING,
    maxGrantsPerTurn: MAX_GRANTS_PER_TURN,
    onNextTurn: host.onNextTurn,
  });
  const refuse = refuser(host);
  const rate = createRateMeter();
  const queueSeconds = metrics.histogram(METRIC.queueSeconds);
  metrics.computedGauge(METRIC.queueWaiting, () => queue.waiting);
  const looking = createLooking();

  const waitForTurn = async (turn: Promise<void>, sinceMs: number) => {
    await turn;
    queueSeconds.observe((clock.monotonicMs() - sinceMs) / 1000);
  };

  return {
    arrive({ remoteAddress, hasCertificate, bytes }) {
      if (addresses !== undefined) {
        const key = addressKey(remoteAddress);
        const waitMs = addresses.take(key, clock.monotonicMs());
        if (waitMs > 0) throw refuse("address", key, waitMs);
      }
      if (hasCertificate) return NOTHING;
      const look = looking.begin(addressKey(remoteAddress), bytes);
      if (look === undefined) throw refuse("authenticating", remoteAddress, MIN_RETRY_MS);
      return look;
    },
    turnAway({ remoteAddress }) {
      throw refuse("authenticating", remoteAddress, MIN_RETRY_MS);
    },
    enter({ remoteAddress, bytes }, identity) {
      const nowMs = clock.monotonicMs();
      const waitMs = identities?.take(identity, nowMs) ?? 0;
      if (waitMs > 0) throw refuse("identity", identity, waitMs);
      const entry = queue.enter({ group: identity, member: remoteAddress, bytes });
      if (entry === "full") {
        throw refuse("queue", identity, queue.waiting * 1000 / rate.perSecond(nowMs));
      }
      if (entry !== "granted") return waitForTurn(entry, nowMs);
      queueSeconds.observe(0);
      return undefined;
    },
    leave() {
      rate.count(clock.monotonicMs());
      queue.leave();
    },
  };
}

/** Credentials that are being looked at, in all and of each address. */
function createLooking(): { begin(address: string, bytes: number): Disposable | undefined } {
  const ofAddress = new Map<string, number>();
  let [count, waitingBytes] = [0, 0];
  return {
    begin(address, bytes) {
      const mine = ofAddress.get(address) ?? 0;
      const isFull = count >= MAX_AUTHENTICATING || mine >= MAX_AUTHENTICATING_PER_ADDRESS;
      if (isFull || waitingBytes + bytes > MAX_AUTHENTICATING_BYTES) return undefined;
      count++;
      waitingBytes += bytes;
      ofAddress.set(address, mine + 1);
      return {
        [Symbol.dispose]() {
          count--;
          waitingBytes -= bytes;
          const left = ofAddress.get(address)! - 1;
          if (left > 0) ofAddress.set(address, left);
          else ofAddress.delete(address);
        },
      };
    },
  };
}

/** Makes refusals: counted, logged (the log cuts floods), with the time to wait. */
function refuser({ metrics, logger }: AdmissionHost) {
  const log = logger.scoped("ca");
  return (limit: Limit, key: string, waitMs: number): ConnectError => {
    const retryMs = Math.ceil(Math.min(Math.max(waitMs, MIN_RETRY_MS), MAX_RETRY_MS));
    metrics.counter(METRIC.limited, { limit }).inc();
    log.warn(EVENT.limited, "Refused a caller for now", {
      limit,
      of: key,
      retry_after_ms: retryMs,
    });
    return new ConnectError(
      `too many requests (${limit} limit), retry after ${retryMs} ms`,
      Code.ResourceExhausted,
      { "grpc-retry-pushback-ms": String(retryMs) },
      [{ desc: RetryInfoSchema, value: { retryDelay: durationFromMs(retryMs) } }],
    );
  };
}

/** Certificates in the last whole second in which any were made. */
function createRateMeter(): {
  count(nowMs: number): void;
  perSecond(nowMs: number): number;
} {
  let [second, counted, last] = [0, 0, FIRST_RATE];
  const turn = (nowMs: number) => {
    const now = Math.floor(nowMs / 1000);
    if (now === second) return;
    if (counted > 0) last = counted;
    second = now;
    counted = 0;
  };
  return {
    count(nowMs) {
      turn(nowMs);
      counted++;
    },
    perSecond(nowMs) {
      turn(nowMs);
      return last;
    },
  };
}
