/** The outside world of a server, made once: log, metrics, crypto, state directory, and the plain HTTP ports that say "not ready" first. */
import type { Clock } from "../base/mod.ts";
import { checkPluggedIn } from "../ca/mod.ts";
import { type Config, versionText } from "../config/mod.ts";
import { type CryptoProvider, selectProvider } from "../crypto/mod.ts";
import {
  type CaStore,
  fileCaStore,
  lockStateDirectory,
  openServerDatabase,
  type PluggedInCa,
  pluggedInCa,
  type StateDatabase,
} from "../store/mod.ts";
import {
  type CallTracer,
  createLogger,
  createLogLevels,
  createMetrics,
  type DebugEndpoint,
  EVENT,
  type HttpListener,
  listenHttp,
  type Logger,
  METRIC,
  type Metrics,
  openSink,
  startOtlp,
} from "../telemetry/mod.ts";
import { openCaStore, openServerCluster, type ServerCluster } from "./cluster.ts";
import { earlyPages } from "./debug_pages.ts";
import { openOperatorEvents } from "./operator_events.ts";
import { followMesh } from "./follow_mesh.ts";
import { copyRemoteCerts } from "./remote_certs.ts";
import { timeSignatures } from "./timed_crypto.ts";

/** What the parts of a server need of the world. */
export interface Host {
  /** Time. */
  readonly clock: Clock;
  /** Key operations. */
  readonly crypto: CryptoProvider;
  /** The files of a CA of signet's own. */
  readonly store: CaStore;
  /** The Kubernetes cluster, when there is one. */
  readonly kube: ServerCluster | undefined;
  /** May this server change the CA that is kept? Where several share one, one may. */
  readonly mayRotate: () => boolean;
  /** Absolute path of the state directory. */
  readonly stateDirectory: string;
  /** Join tokens, and what commands may know of this server. */
  readonly database: StateDatabase;
  /** The CA of `ROOT_CA_DIR`. */
  readonly pluggedIn?: PluggedInCa;
  /** The log. */
  readonly logger: Logger;
  /** Counters and gauges. */
  readonly metrics: Metrics;
  /** Spans of calls; `undefined` when none are exported. */
  readonly tracer: CallTracer | undefined;
  /** The mesh's trust domain now. */
  readonly trustDomain: () => string;
  /** Roots of the cluster's signers by the mesh config, now. */
  readonly meshCaCertificates: () => Config["mesh"]["caCertificates"];
  /** Processors of the machine. */
  readonly processors: number;
}

/** The plain HTTP ports. */
export interface HttpPorts {
  /** `host:port` of each. */
  readonly addresses: readonly string[];
  /** From now on `/ready` answers 200, or 503 again. */
  setReady(ready: boolean): void;
  /** What `/ready` answers. */
  ready(): boolean;
  /** From now on the server is ready only while `probe` says so. */
  addProbe(probe: () => boolean): void;
  /** Answers requests to further paths; `undefined` leaves a request alone. */
  addHandler(handle: (request: Request) => Promise<Response> | undefined): void;
  /** Adds pages below `/debug`. */
  addDebugPages(pages: readonly DebugEndpoint[]): void;
}

/** An opened world. */
export interface OpenedSystem extends AsyncDisposable {
  /** For the parts of the server. */
  readonly host: Host;
  /** Health and metrics. */
  readonly http: HttpPorts;
}

/** Opens worlds. */
export interface System {
  /** Opens the log, binds the HTTP ports, loads crypto, locks the state directory. @throws {SignetError} when one fails. */
  open(config: Config): Promise<OpenedSystem>;
}

/** The real world. */
export function createSystem(options: { readonly clock: Clock }): System {
  return { open: (config) => open(config, options.clock) };
}

async function open(config: Config, clock: Clock): Promise<OpenedSystem> {
  await using opened = new AsyncDisposableStack();
  const sink = opened.use(openSink(config.log.targets));
  const levels = createLogLevels(config.log.levels);
  const logger = createLogger(config.log, { clock, sink: sink.write, levels });
  for (const line of config.flagLines) logger.debug(EVENT.flag, line);
  for (const notice of config.notices) logger.warn(EVENT.configNotice, notice);
  const metrics = createMetrics();
  exposeProcess(metrics, { clock, droppedLines: sink.dropped });
  const http = bindHttp(config, metrics, opened);
  http.addDebugPages(earlyPages({ config, levels, clock, memory: () => Deno.memoryUsage() }));
  const otlp = await startOtlp({ ...config.otlp, version: versionText() }, {
    clock,
    logger,
    metrics,
  });
  if (otlp !== undefined) opened.use(otlp);
  const crypto = timeSignatures(await chooseCrypto(config, logger), {
    clock,
    seconds: metrics.histogram(METRIC.signingSeconds),
  });
  await copyRemoteCerts(config, { clock, logger });
  const pluggedIn = await findPluggedIn(config, { clock, crypto });
  const lock = opened.use(await lockStateDirectory(config.stateDir));
  const database = opened.use(await openServerDatabase(lock.directory));
  const local = fileCaStore(lock.directory);
  await local.report.write({}); // what the server before said is over
  const hostname = Deno.hostname();
  const cluster = await openServerCluster(config, { clock, logger, metrics, hostname }, opened);
  const mesh = await followMesh(config, { clock, logger, database, kube: cluster }, opened);
  const places = { local, cluster, pluggedIn: pluggedIn.pluggedIn, clock, logger };
  const store = await openCaStore(config, places, opened);
  const told = { clock, logger, metrics, hostname, caLocation: store.location };
  const loud = cluster ? openOperatorEvents(config, { ...told, cluster }, opened) : logger;
  const kept = opened.move();
  return {
    http,
    host: {
      ...{ clock, crypto, store, database, logger: loud, metrics, ...mesh, ...pluggedIn },
      tracer: otlp?.tracer,
      kube: cluster,
      processors: navigator.hardwareConcurrency,
      mayRotate: () => cluster?.leadership.leads ?? true,
      stateDirectory: lock.directory,
    },
    [Symbol.asyncDispose]: () => kept[Symbol.asyncDispose](),
  };
}

function bindHttp({ http }: Config, metrics: Metrics, opened: AsyncDisposableStack): HttpPorts {
  let isReady = false;
  const probes: (() => boolean)[] = [];
  const ready = () => isReady && probes.every((probe) => probe());
  const pages: DebugEndpoint[] = [];
  const handlers: ((request: Request) => Promise<Response> | undefined)[] = [];
  const further = (request: Request) => {
    for (const handle of handlers) {
      const answer = handle(request);
      if (answer !== undefined) return answer;
    }
    return undefined;
  };
  const bind = (addr: Config["http"]["addr"], flag: string): HttpListener =>
    opened.use(listenHttp({
      addr,
      flag,
      ready,
      further,
      version: versionText(),
      metrics,
      metricsLocalhostOnly: http.metricsLocalhostOnly,
      debug: http.debug ? () => pages : undefined,
    }));
  const listeners = [bind(http.addr, "httpAddr")];
  if (http.monitoringAddr !== undefined) {
    listeners.push(bind(http.monitoringAddr, "monitoringAddr"));
  }
  return {
    addresses: listeners.map(({ addr }) => addr),
    setReady: (ready) => void (isReady = ready),
    ready,
    addProbe: (probe) => void probes.push(probe),
    addHandler: (handle) => void handlers.push(handle),
    addDebugPages: (more) => void pages.push(...more),
  };
}

/** The plugged-in CA, checked before anything is written anywhere: a wrong one ends the start and leaves no trace. */
export async function findPluggedIn(
  { ca }: Config,
  { clock, crypto }: { readonly clock: Clock; readonly crypto: CryptoProvider },
): Promise<Pick<Host, "pluggedIn">> {
  const { directory, withCrl, skipGenerated } = ca.pluggedIn;
  if (!ca.enabled || directory === undefined) return {};
  const pluggedIn = pluggedInCa({ directory, withCrl, skipGenerated });
  await checkPluggedIn(pluggedIn, { clock, crypto });
  return { pluggedIn };
}

async function chooseCrypto({ cryptoProvider }: Config, logger: Logger): Promise<CryptoProvider> {
  const { provider, refused } = await selectProvider(cryptoProvider);
  for (const { path, reason } of refused) {
    logger.debug(EVENT.cryptoSelected, "Library of OpenSSL not used", { path, reason });
  }
  logger.info(EVENT.cryptoSelected, "Crypto provider selected", {
    provider: provider.name,
    source: provider.source,
  });
  return provider;
}

function exposeProcess(
  metrics: Metrics,
  { clock, droppedLines }: { readonly clock: Clock; readonly droppedLines: () => number },
): void {
  const startedMs = clock.monotonicMs();
  metrics.gauge(METRIC.pilotInfo, { version: versionText() }).set(1);
  metrics.gauge(METRIC.istioBuild, { component: "pilot", tag: versionText() }).set(1);
  metrics.computedGauge(METRIC.uptime, () => (clock.monotonicMs() - startedMs) / 1000);
  metrics.computedGauge(METRIC.residentMemory, () => Deno.memoryUsage().rss);
  metrics.computedGauge(METRIC.heapUsed, () => Deno.memoryUsage().heapUsed);
  metrics.computedGauge(METRIC.heapLimit, () => Deno.memoryUsage().heapTotal);
  metrics.computedGauge(METRIC.logLinesDropped, droppedLines);
}
