/** What the log and the metrics hear of streams, under istiod's names. */
import { EVENT, type Logger, METRIC, type Metrics } from "../telemetry/mod.ts";
import type { Refusal } from "./admission.ts";
import { MAX_UNKNOWN_LOGGED } from "./limits.ts";
import { resourceType, typeName } from "./resource_types.ts";
import type { AnyRequest, StreamFacts } from "./session.ts";
import type { Decision } from "./subscription.ts";

/** Hears of streams. */
export interface XdsObserver {
  /** A stream was refused. */
  refused(refusal: Refusal, remoteAddress: string): void;
  /** A stream was admitted. */
  opened(facts: StreamFacts, protocol: string): void;
  /** A stream is over. */
  closed(facts: StreamFacts, why: string): void;
  /** A request was decided upon. */
  requested(facts: StreamFacts, request: AnyRequest, reply: Decision["reply"]): void;
  /** A request of a type that is not answered; `count` is its number among those of the stream. */
  unknownType(facts: StreamFacts, typeUrl: string, count: number): void;
  /** A response is on its way. */
  responded(typeUrl: string, by: "request" | "push"): void;
  /** The mesh changed. */
  pushed(facts: { readonly version: string; readonly streams: number }, waitedMs: number): void;
}

/** Makes an observer. */
export function createXdsObserver(
  { logger: root, metrics }: { readonly logger: Logger; readonly metrics: Metrics },
): XdsObserver {
  const logger = root.scoped("ads");
  const count = (name: string, typeUrl: string) =>
    metrics.counter(name, { type: resourceType(typeUrl)?.name.toLowerCase() ?? "other" }).inc();
  return {
    refused({ text, reason, status }, remote) {
      metrics.counter(METRIC.xdsRefused, { status }).inc();
      logger.warn(EVENT.xdsRefused, "xDS stream refused", {
        remote,
        text,
        ...(reason === text ? {} : { reason }),
      });
    },
    opened({ proxy, remoteAddress }, protocol) {
      logger.info(EVENT.xdsOpened, "xDS stream opened", {
        proxy: proxy.id,
        remote: remoteAddress,
        protocol,
      });
    },
    closed({ proxy, remoteAddress }, why) {
      logger.info(EVENT.xdsClosed, "xDS stream closed", {
        proxy: proxy.id,
        remote: remoteAddress,
        why,
      });
    },
    requested({ proxy }, { typeUrl, error }, reply) {
      if (reply.kind !== "nothing") return;
      if (reply.why === "stale") count(METRIC.xdsStale, typeUrl);
      if (reply.why !== "nack") return;
      count(METRIC.xdsRejects, typeUrl);
      logger.warn(EVENT.xdsRejected, "A proxy refused its configuration", {
        proxy: proxy.id,
        type: typeName(typeUrl),
        text: error ?? "",
      });
    },
    unknownType({ proxy }, typeUrl, number) {
      if (number > MAX_UNKNOWN_LOGGED) return;
      logger.debug(EVENT.xdsUnknownType, "A type that is not served was asked for", {
        proxy: proxy.id,
        type: typeUrl.slice(0, 200),
      });
    },
    responded: (typeUrl) => count(METRIC.xdsPushes, typeUrl),
    pushed({ version, streams }, waitedMs) {
      metrics.histogram(METRIC.debounceSeconds).observe(waitedMs / 1000);
      logger.debug(EVENT.xdsPushed, "Configuration changed", { version, streams });
    },
  };
}
