/**
 * The last step of start: the CA service is registered and calls are served; the store is watched for another set of CA files.
 */
import { clientCertificateAuthenticator, joinTokenAuthenticator } from "../authn/mod.ts";
import { type Clock, createTaskGroup, sleep } from "../base/mod.ts";
import type { Ca } from "../ca/mod.ts";
import type { StateDatabase } from "../store/mod.ts";
import { EVENT, type Logger, METRIC, type Metrics } from "../telemetry/mod.ts";
import type { GrpcServer } from "./port.ts";
import { createCertificateService } from "./services/ca.ts";

/** Time between two looks at the store, in milliseconds. */
const LOOK_AT_STORE_MS = 1_000;

/** What running the CA needs. */
export interface CaRunHost {
  /** Time. */
  readonly clock: Clock;
  /** For refusals, failures and reloads. */
  readonly logger: Logger;
  /** istiod's counters and expiry gauges. */
  readonly metrics: Metrics;
  /** Where join tokens are kept. */
  readonly database: StateDatabase;
  /** The mesh's trust domain now. */
  readonly trustDomain: () => string;
  /** Where the service is registered. */
  readonly grpc: GrpcServer;
}

/** Registers the service, starts serving, and follows the store until disposed. */
export function runCa(ca: Ca, host: CaRunHost): AsyncDisposable {
  const { clock, metrics, grpc } = host;
  const logger = host.logger.scoped("ca");
  exposeExpiry(ca, metrics, clock);
  const authenticators = [
    clientCertificateAuthenticator(),
    joinTokenAuthenticator({ ...host, tokens: host.database.tokens }),
  ];
  grpc.serve(createCertificateService({ ca, authenticators, logger: host.logger, metrics, clock }));
  const tasks = createTaskGroup({
    onError: (name, thrown) =>
      logger.error(EVENT.taskFailed, "Background task ended", { task: name }, thrown),
  });
  tasks.run("follow the CA store", async (signal) => {
    while (!signal.aborted) {
      await sleep(clock, LOOK_AT_STORE_MS, { signal });
      await lookAtStore(ca, logger);
    }
  });
  return tasks;
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

/** The gauges of istiod, computed when they are scraped, so that a new root shows at once. */
function exposeExpiry(ca: Ca, metrics: Metrics, clock: Clock): void {
  const rootNotAfterMs = () => ca.bundle.roots[0]?.notAfterMs;
  const secondsLeft = (notAfterMs: number | undefined) =>
    notAfterMs === undefined ? undefined : (notAfterMs - clock.nowMs()) / 1000;
  metrics.computedGauge(METRIC.rootExpiryTimestamp, () => {
    const notAfterMs = rootNotAfterMs();
    return notAfterMs === undefined ? undefined : notAfterMs / 1000;
  });
  metrics.computedGauge(METRIC.rootExpirySeconds, () => secondsLeft(rootNotAfterMs()));
}
