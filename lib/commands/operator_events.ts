/** What of the log an operator of a cluster should see without it: a few records become Events on the objects that they are about. */
import { type Clock, messageOf } from "../base/mod.ts";
import type { Config } from "../config/mod.ts";
import {
  type ClusterEvent,
  createEventRecorder,
  type EventObject,
  type EventRecorder,
  type KubeCluster,
  LEASE,
} from "../kube/mod.ts";
import { EVENT, type LogFields, type Logger, METRIC, type Metrics } from "../telemetry/mod.ts";

interface Told {
  readonly type: ClusterEvent["type"];
  readonly reason: string;
  /** Which of the server's objects it is about. */
  readonly about: "ca" | "server";
  /** Which records of that name are told. Default: all. */
  readonly when?: (fields: LogFields) => boolean;
}

const TOLD: Readonly<Record<string, Told>> = {
  [EVENT.caReady]: {
    ...{ type: "Normal", reason: "RootCreated", about: "ca" },
    when: ({ origin }) => origin === "created",
  },
  [EVENT.caRotated]: { type: "Normal", reason: "RootRotated", about: "ca" },
  [EVENT.caReloadFailed]: { type: "Warning", reason: "CaLoadFailed", about: "ca" },
  [EVENT.serverCertFailed]: {
    type: "Warning",
    reason: "ServingCertificateFailed",
    about: "server",
  },
  [EVENT.distributionFailed]: {
    type: "Warning",
    reason: "RootDistributionFailed",
    about: "server",
  },
  [EVENT.injectConfigFailed]: { type: "Warning", reason: "InjectionBroken", about: "server" },
};

/** The objects that Events are put on. */
export interface OperatorObjects {
  /** Where the CA is kept. */
  readonly ca: EventObject;
  /** The server itself. */
  readonly server: EventObject;
}

/** A logger that writes as `logger` does and tells the cluster what an operator should know. */
export function tellOperators(
  logger: Logger,
  recorder: Pick<EventRecorder, "record">,
  objects: OperatorObjects,
): Logger {
  const tell = (event: string, message: string, fields: LogFields = {}, thrown?: unknown) => {
    const told = Object.hasOwn(TOLD, event) ? TOLD[event] : undefined;
    if (told === undefined || told.when?.(fields) === false) return;
    const { type, reason, about } = told;
    const why = thrown === undefined ? fields["reason"] : messageOf(thrown);
    const whole = why === undefined ? message : `${message}: ${why}`;
    recorder.record({ type, reason, message: whole, about: objects[about] });
  };
  return {
    scoped: (scope) => tellOperators(logger.scoped(scope), recorder, objects),
    enabled: (level) => logger.enabled(level),
    debug: (event, message, fields) => logger.debug(event, message, fields),
    info(event, message, fields) {
      logger.info(event, message, fields);
      tell(event, message, fields);
    },
    warn(event, message, fields) {
      logger.warn(event, message, fields);
      tell(event, message, fields);
    },
    error(event, message, fields, thrown) {
      logger.error(event, message, fields, thrown);
      tell(event, message, fields, thrown);
    },
  };
}

/** What telling the cluster needs. */
export interface OperatorEventsHost {
  /** The cluster. */
  readonly cluster: Pick<KubeCluster, "client">;
  /** Time. */
  readonly clock: Clock;
  /** Written to as before, and for Events that cannot be written. */
  readonly logger: Logger;
  /** For the counter of Events. */
  readonly metrics: Metrics;
  /** Name of this machine. */
  readonly hostname: string;
  /** Where the CA is kept, as {@linkcode Config} has it made. */
  readonly caLocation: string;
}

/** The logger that tells the cluster, too; Events are written until `opened` ends. */
export function openOperatorEvents(
  { kube }: Config,
  { cluster, clock, logger, metrics, hostname, caLocation }: OperatorEventsHost,
  opened: AsyncDisposableStack,
): Logger {
  const { namespace = "", podName = "" } = kube ?? {};
  const recorder = opened.use(createEventRecorder({
    ...{ client: cluster.client, clock, namespace },
    instance: podName === "" ? hostname : podName,
    onResult(result, thrown) {
      metrics.counter(METRIC.clusterEvents, { result }).inc();
      if (result !== "failed") return;
      logger.scoped("kube").warn(EVENT.kubeFailed, "Cannot write an Event", {
        reason: messageOf(thrown),
      });
    },
  }));
  // Without a pod's name the Lease is the one object that is surely the server's.
  const server = podName === ""
    ? { apiVersion: "coordination.k8s.io/v1", kind: "Lease", name: LEASE.name }
    : { apiVersion: "v1", kind: "Pod", name: podName };
  const secret = /^Secret .*\/(.+)$/.exec(caLocation)?.[1];
  const ca = secret === undefined ? server : { apiVersion: "v1", kind: "Secret", name: secret };
  return tellOperators(logger, recorder, { ca, server });
}
