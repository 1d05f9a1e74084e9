/** The injector: its configuration from a folder, a ConfigMap or signet's own, followed while it answers. */
import { messageOf, type Timer } from "../base/mod.ts";
import { refusedStatus } from "../kube/mod.ts";
import { EVENT, type Logger, METRIC } from "../telemetry/mod.ts";
import { builtinTexts } from "./builtin_template.ts";
import { followConfigMap } from "./config_map.ts";
import { injectInto, type Injection } from "./injection.ts";
import { type InjectMesh, readInjectMesh } from "./mesh.ts";
import { supportsNativeSidecars } from "./native_sidecars.ts";
import type {
  InjectConfig,
  InjectHost,
  Injector,
  InjectorTexts,
  InjectOutcome,
  InjectRequest,
} from "./port.ts";
import { badConfig, type InjectorSettings, readSettings } from "./settings.ts";
import { createState, type InjectState } from "./state.ts";
import { followFiles, isDirectory, readTexts } from "./watch.ts";

/** How long changes of ConfigMaps are gathered, in milliseconds. */
const DEBOUNCE_MS = 100;
/** How long a start waits for the ConfigMaps; then the server starts, and is not ready before they are known. */
const MAX_WAIT_MS = 15_000;

/**
 * Opens the injector.
 *
 * @returns `undefined` where nothing injects: it is turned off, or there is neither a folder nor a cluster.
 * @throws {SignetError} `inject.bad_config` when the configuration that is there cannot be used.
 */
export async function openInjector(
  config: InjectConfig | undefined,
  host: InjectHost,
): Promise<Injector | undefined> {
  if (config === undefined) return undefined;
  const hasFolder = await isDirectory(config.directory);
  if (!hasFolder && (host.kube === undefined || config.configMap === undefined)) return undefined;
  await using opened = new AsyncDisposableStack();
  const isNative = await wantsNative(config, host);
  const injector = new PodInjector(config, host, isNative);
  await followMesh(injector, { config, host, opened });
  if (hasFolder) await followFolder(injector, { config, host, opened });
  else await followCluster(injector, { config, host, opened });
  const kept = opened.move();
  return {
    get ready() {
      return injector.ready;
    },
    inject: (request) => injector.inject(request),
    [Symbol.asyncDispose]: () => kept[Symbol.asyncDispose](),
  };
}

interface Opening {
  readonly config: InjectConfig;
  readonly host: InjectHost;
  readonly opened: AsyncDisposableStack;
}

async function wantsNative(
  { nativeSidecars }: InjectConfig,
  { kube, logger }: InjectHost,
): Promise<boolean> {
  if (nativeSidecars !== "auto") return nativeSidecars === "on";
  if (kube === undefined) return false;
  try {
    return await supportsNativeSidecars(kube.client);
  } catch (thrown) {
    logger.scoped("inject").warn(
      EVENT.injectConfigFailed,
      "Cannot ask for the cluster's version: sidecars are not native unless a pod asks for it",
      { reason: messageOf(thrown) },
    );
    return false;
  }
}

async function followFolder(injector: PodInjector, { config, host, opened }: Opening) {
  const paths = ["config", "values"].map((name) => `${config.directory}/${name}`);
  const take = ([text, values]: readonly (string | undefined)[]) => {
    const missing = text === undefined ? paths[0] : values === undefined ? paths[1] : undefined;
    if (missing !== undefined) throw badConfig(`${missing} is not there`);
    injector.setTexts({ config: text!, values: values! }, config.directory);
  };
  const onChange = injector.guarded(take);
  const onError = injector.guarded((thrown: unknown) => {
    throw thrown;
  });
  opened.use(await followFiles(paths, { clock: host.clock, onChange, onError }));
  take(await readTexts(paths));
}

/** The mesh config: of the file, or of the ConfigMaps that stand for it. */
async function followMesh(injector: PodInjector, opening: Opening) {
  const { config: { mesh: { path, configMaps } }, host, opened } = opening;
  if (configMaps === undefined || host.kube === undefined) {
    const take = ([text]: readonly (string | undefined)[]) => injector.setMesh([text ?? ""]);
    const onChange = injector.guarded(take);
    const onError = injector.guarded((thrown: unknown) => {
      throw thrown;
    });
    opened.use(await followFiles([path], { clock: host.clock, onChange, onError }));
    return take(await readTexts([path]));
  }
  const { namespace, shared } = configMaps;
  const names = [shared, configMaps.name].filter((name) => name !== undefined && name !== "");
  const texts = names.map(() => "");
  await followAll(opening, {
    maps: names.map((name) => ({ namespace, name: name! })),
    onData(at, data) {
      const text = data?.["mesh"];
      texts[at] = typeof text === "string" ? text : "";
    },
    apply: () => injector.setMesh([...texts]),
    injector,
  });
}

async function followCluster(injector: PodInjector, opening: Opening) {
  const { config: { configMap, builtin } } = opening;
  let data: Readonly<Record<string, unknown>> | undefined;
  await followAll(opening, {
    maps: [configMap!],
    onData: (_at, changed) => void (data = changed),
    apply() {
      if (data === undefined) return injector.setTexts(builtinTexts(builtin), "built in");
      const { config, values } = data;
      for (const [key, text] of Object.entries({ config, values })) {
        if (typeof text !== "string") throw badConfig(`ConfigMap ${configMap!.name} has no ${key}`);
      }
      const texts = { config: config as string, values: values as string };
      injector.setTexts(texts, `ConfigMap ${configMap!.name}`);
    },
    injector,
  });
}

interface FollowedMaps {
  readonly maps: readonly { readonly namespace: string; readonly name: string }[];
  readonly onData: (at: number, data: Readonly<Record<string, unknown>> | undefined) => void;
  readonly apply: () => void;
  readonly injector: PodInjector;
}

/** Follows ConfigMaps and applies what they say: once all are known, then after each change. */
async function followAll({ host, opened }: Opening, followed: FollowedMaps): Promise<void> {
  const { client, random } = host.kube!;
  const { clock } = host;
  let isWhole = false;
  let timer: Timer | undefined;
  const apply = followed.injector.guarded(followed.apply);
  opened.defer(() => timer?.cancel());
  const watched = followed.maps.map((map, at) =>
    opened.use(followConfigMap(map, {
      ...{ client, random, clock },
      onChange(data) {
        followed.onData(at, data);
        if (!isWhole || timer !== undefined) return;
        timer = clock.setTimer(DEBOUNCE_MS, () => {
          timer = undefined;
          apply();
        });
      },
      onFailure: (thrown) => followed.injector.reportFailure(map.name, thrown),
    }))
  );
  const synced = Promise.all(watched.map((map) => map.synced)).then(() => true);
  const late = Promise.withResolvers<boolean>();
  using _limit = clock.setTimer(MAX_WAIT_MS, () => late.resolve(false));
  if (await Promise.race([synced, late.promise])) followed.apply();
  else synced.then(apply);
  isWhole = true;
}

class PodInjector {
  readonly #config: InjectConfig;
  readonly #host: InjectHost;
  readonly #isNative: boolean;
  readonly #logger: Logger;
  readonly #counts;
  #settings: InjectorSettings | undefined;
  #meshTexts: readonly string[] | undefined;
  #state: InjectState | undefined;
  #trustDomain = "";

  constructor(config: InjectConfig, host: InjectHost, isNative: boolean) {
    this.#config = config;
    this.#host = host;
    this.#isNative = isNative;
    this.#logger = host.logger.scoped("inject");
    const { metrics } = host;
    this.#counts = {
      requests: metrics.counter(METRIC.injectionRequests),
      patched: metrics.counter(METRIC.injectionSuccesses),
      failed: metrics.counter(METRIC.injectionFailures),
      skipped: metrics.counter(METRIC.injectionSkips),
      seconds: metrics.histogram(METRIC.injectionSeconds),
    };
  }

  get ready(): boolean {
    return this.#state !== undefined;
  }

  /** Takes a configuration into force. @throws {SignetError} `inject.bad_config`; what was in force stays. */
  setTexts({ config, values }: InjectorTexts, from: string): void {
    const settings = readSettings(config, values);
    this.#settings = settings;
    this.#renew();
    this.#logger.info(EVENT.injectConfigChanged, "Injection configured", {
      ...{ from, policy: settings.policy },
      templates: [...settings.templates.keys()],
    });
  }

  /** Takes a mesh config into force, made of texts of which later ones stand over earlier ones. @throws {SignetError} `inject.bad_config`. */
  setMesh(texts: readonly string[]): void {
    this.#trustDomain = this.#host.trustDomain();
    const mesh = readInjectMesh(texts, this.#trustDomain);
    this.#meshTexts = texts;
    this.#renew(mesh);
  }

  #renew(mesh: InjectMesh | undefined = this.#state?.mesh): void {
    const texts = this.#meshTexts;
    if (this.#settings === undefined || texts === undefined) return;
    this.#state = createState(
      this.#settings,
      mesh ?? readInjectMesh(texts, this.#trustDomain),
      { revision: this.#config.revision, nativeSidecars: this.#isNative },
    );
  }

  /** The same for callers of which nobody takes an exception: it is logged, and what was in force stays. */
  guarded<Args extends readonly unknown[]>(take: (...args: Args) => void): (...args: Args) => void {
    return (...args) => {
      try {
        take(...args);
      } catch (thrown) {
        this.#logger.error(
          EVENT.injectConfigFailed,
          `update error: ${messageOf(thrown)}; what was in force stays`,
        );
      }
    };
  }

  reportFailure(configMap: string, thrown: unknown): void {
    const fields = { config_map: configMap, reason: messageOf(thrown) };
    if (refusedStatus(thrown) === 403) {
      this.#logger.error(EVENT.injectConfigFailed, "The cluster does not let signet read", fields);
    } else this.#logger.warn(EVENT.injectConfigFailed, "Cannot follow a ConfigMap yet", fields);
  }

  inject(request: InjectRequest): InjectOutcome {
    const { clock } = this.#host;
    const startMs = clock.monotonicMs();
    this.#counts.requests.inc();
    const injection = this.#answer(request);
    this.#counts[injection.outcome.kind].inc();
    this.#counts.seconds.observe((clock.monotonicMs() - startMs) / 1000);
    this.#report(injection);
    return injection.outcome;
  }

  #answer(request: InjectRequest): Injection {
    if (this.#trustDomain !== this.#host.trustDomain() && this.#meshTexts !== undefined) {
      this.guarded(() => this.setMesh(this.#meshTexts!))();
    }
    if (this.#state !== undefined) return injectInto(request, this.#state);
    const message = "no configuration for injection is known yet";
    return { outcome: { kind: "failed", message }, pod: "", warning: undefined, defect: undefined };
  }

  #report({ outcome, pod, warning, defect }: Injection): void {
    if (warning !== undefined) this.#logger.warn(EVENT.injectOdd, warning, { pod });
    if (outcome.kind !== "failed") return;
    const message = `Pod injection failed: ${outcome.message}`;
    if (defect === undefined) this.#logger.warn(EVENT.injectFailed, message, { pod });
    else this.#logger.error(EVENT.injectFailed, message, { pod }, defect);
  }
}
