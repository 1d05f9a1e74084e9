/**
 * The last step of start: the CA service is registered and calls are served; the store is watched for another set of CA files.
 */
import type { Authenticator, AuthorizeNode } from "../authn/mod.ts";
import { type Clock, createTaskGroup, onNextTurn, sleep } from "../base/mod.ts";
import type { Ca, Signers } from "../ca/mod.ts";
import { EVENT, type Logger, METRIC, type MetricName, type Metrics } from "../telemetry/mod.ts";
import { type AdmissionConfig, createAdmission } from "./admission.ts";
import type { XdsServer } from "../xds/mod.ts";
import type { GrpcServer } from "./port.ts";
import { createCertificateService } from "./services/ca.ts";

/** Time between two looks at the CA's source, in milliseconds: what a command changes is in force within a second. */
const LOOK_AT_STORE_MS = 400;

/** What running the CA needs. */
export interface CaRunHost {
  /** Time. */
  readonly clock: Clock;
  /** For refusals, failures and reloads. */
  readonly logger: Logger;
  /** istiod's counters and expiry gauges. */
  readonly metrics: Metrics;
  /** Who may ask, in order. */
  readonly authenticators: readonly Authenticator[];
  /** Says whether a caller may be issued another's certificate. Default: nobody may. */
  readonly authorizeNode?: AuthorizeNode;
  /** Where the service is registered. */
  readonly grpc: GrpcServer;
  /** What is served beside it. */
  readonly xds: XdsServer;
  /** Rates and the queue. */
  readonly limits: AdmissionConfig;
  /** Signers of the cluster, which sign for workloads in the CA's place when they are to. Default: none. */
  readonly signers?: Signers | undefined;
}

/**
 * Registers the service, starts serving, and follows the CA's files until disposed; without a CA and signers in its place the other services
 * are served.
 */
export function runCa(ca: Ca | undefined, host: CaRunHost): AsyncDisposable {
  const { clock, metrics, authenticators, grpc, xds, signers } = host;
  const logger = host.logger.scoped("ca");
  const signer = signers?.workloads ?? ca;
  if (signer === undefined) {
    grpc.serve({ createCertificate: undefined, xds });
    return new AsyncDisposableStack();
  }
  exposeExpiry({ ca, signers }, metrics, clock);
  const admission = createAdmission(host.limits, { ...host, onNextTurn });
  const createCertificate = createCertificateService({
    ...{ ...host, authenticators, admission },
    ca: signer,
  });
  grpc.serve({ createCertificate, xds });
  if (ca === undefined) return new AsyncDisposableStack();
  const tasks = createTaskGroup({
    onError: (name, thrown) =>
      logger.error(EVENT.taskFailed, "Background task ended", { task: name }, thrown),
  });
  tasks.run("follow the CA store", async (signal) => {
    await announce(ca, logger);
    while (!signal.aborted) {
      await sleep(clock, LOOK_AT_STORE_MS, { signal });
      await lookAtStore(ca, logger);
    }
  });
  return tasks;
}

async function announce(ca: Ca, logger: Logger): Promise<void> {
  try {
    await ca.announce();
  } catch (thrown) {
    logger.error(EVENT.caReloadFailed, "Cannot tell commands which CA is in force", {}, thrown);
  }
}

async function lookAtStore(ca: Ca, logger: Logger): Promise<void> {
  try {
    if (!await ca.reload()) return;
    logger.info(EVENT.caReloaded, "Loaded another CA set", {
      location: ca.location,
      generation: ca.bundle.generation,
    });
  } catch (thrown) {
    logger.error(
      EVENT.caReloadFailed,
      "Cannot load the CA set that became current; the one before stays in force",
      {},
      thrown,
    );
  }
}

/**
 * The gauges of istiod, computed when they are scraped, so that a new root or chain shows at once. The root is that of whoever signs for
 * workloads.
 */
function exposeExpiry(
  { ca, signers }: { readonly ca: Ca | undefined; readonly signers: Signers | undefined },
  metrics: Metrics,
  clock: Clock,
): void {
  const expose = (
    { timestamp, seconds }: { readonly timestamp: MetricName; readonly seconds: MetricName },
    first: () => { readonly notAfterMs: number } | undefined,
  ) => {
    metrics.computedGauge(timestamp, () => {
      const certificate = first();
      return certificate === undefined ? undefined : certificate.notAfterMs / 1000;
    });
    metrics.computedGauge(seconds, () => {
      const certificate = first();
      return certificate === undefined
        ? undefined
        : (certificate.notAfterMs - clock.nowMs()) / 1000;
    });
  };
  expose(
    { timestamp: METRIC.rootExpiryTimestamp, seconds: METRIC.rootExpirySeconds },
    () => signers?.roots[0] ?? ca?.bundle.roots[0],
  );
  expose(
    { timestamp: METRIC.chainExpiryTimestamp, seconds: METRIC.chainExpirySeconds },
    () => signers?.workloads === undefined ? ca?.bundle.chain[0] : undefined,
  );
}
