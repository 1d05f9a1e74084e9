/**
 * The registry of `--configDir`: the folder is looked at again and again, by identity, size and time of each file, links followed, so
 * that Kubernetes' swaps of links and plain overwrites are seen alike. A change is taken when two looks in a row agree on it.
 */
import { type Clock, createTaskGroup, sleep } from "../base/mod.ts";
import type { DocumentFault } from "../istio/mod.ts";
import { EVENT, type Logger, METRIC, type Metrics } from "../telemetry/mod.ts";
import { collect, type Collected, type FileState, type FileStates, readOver } from "./collect.ts";
import { leftAlone, withoutEffect } from "./effect.ts";
import { type ConfigFile, listConfigFiles, readConfigFile } from "./file.ts";
import type { Allocations } from "./auto_addresses.ts";
import type { RegistryConfig, RegistrySnapshot, ServiceRegistry } from "./port.ts";
import { buildServices } from "./services.ts";

/** Time between two looks, in milliseconds. */
const LOOK_MS = 400;

/** What the registry needs of the world. */
export interface RegistryHost {
  /** Time. */
  readonly clock: Clock;
  /** For changes and faults. */
  readonly logger: Logger;
  /** For the number of services and faults. */
  readonly metrics: Metrics;
}

/**
 * Opens the registry. Documents with faults are reported and left out; the server starts without them.
 *
 * @throws {SignetError} `registry.unreadable` when the folder cannot be read.
 */
export async function openRegistry(
  config: RegistryConfig,
  host: RegistryHost,
): Promise<ServiceRegistry> {
  const registry = new FileRegistry(config, host);
  await registry.begin();
  return registry;
}

class FileRegistry implements ServiceRegistry {
  readonly #config: RegistryConfig;
  readonly #clock: Clock;
  readonly #logger: Logger;
  readonly #listeners = new Set<(snapshot: RegistrySnapshot) => void>();
  readonly #tasks;
  #files: FileStates = new Map();
  #faults: readonly DocumentFault[] = [];
  #allocations: Allocations = new Map();
  #current: RegistrySnapshot = { generation: 1, services: [], documents: [] };
  #lookFailed = false;
  #warned: ReadonlySet<string> = new Set();
  #idle = "";

  constructor(config: RegistryConfig, { clock, logger, metrics }: RegistryHost) {
    this.#config = config;
    this.#clock = clock;
    this.#logger = logger.scoped("registry");
    this.#tasks = createTaskGroup({
      onError: (name, thrown) =>
        this.#logger.error(EVENT.taskFailed, "Background task ended", { task: name }, thrown),
    });
    metrics.computedGauge(METRIC.registryServices, () => this.#current.services.length);
    metrics.computedGauge(METRIC.registryFaults, () => this.#faults.length);
  }

  get current(): RegistrySnapshot {
    return this.#current;
  }

  onChange(listener: (snapshot: RegistrySnapshot) => void): Disposable {
    this.#listeners.add(listener);
    return { [Symbol.dispose]: () => void this.#listeners.delete(listener) };
  }

  async begin(): Promise<void> {
    const { configDir } = this.#config;
    if (configDir === undefined) return;
    await this.#take(await listConfigFiles(configDir));
    this.#tasks.run("follow --configDir", (signal) => this.#follow(configDir, signal));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#listeners.clear();
    await this.#tasks[Symbol.asyncDispose]();
  }

  async #follow(directory: string, signal: AbortSignal): Promise<void> {
    let last = "";
    for (;;) {
      await sleep(this.#clock, LOOK_MS, { signal });
      const files = await this.#look(directory);
      if (files === undefined) continue;
      const stamp = stampOf(files.map(({ path, stamp }) => [path, stamp]));
      const inForce = stampOf([...this.#files].map(([path, state]) => [path, state.stamp]));
      if (stamp !== inForce && stamp === last) await this.#take(files);
      last = stamp;
    }
  }

  /** The files now; `undefined`, logged once, when the folder cannot be read: what was in force stays. */
  async #look(directory: string): Promise<readonly ConfigFile[] | undefined> {
    try {
      const files = await listConfigFiles(directory);
      this.#lookFailed = false;
      return files;
    } catch (thrown) {
      if (!this.#lookFailed) {
        this.#logger.error(
          EVENT.registryUnreadable,
          "Cannot read the config folder; what was in force stays",
          {},
          thrown,
        );
      }
      this.#lookFailed = true;
      return undefined;
    }
  }

  async #take(files: readonly ConfigFile[]): Promise<void> {
    const next = new Map<string, FileState>();
    for (const { path, stamp } of files) {
      const before = this.#files.get(path);
      next.set(
        path,
        before?.stamp === stamp
          ? before
          : readOver(before, { path, stamp, content: await readConfigFile(path) }),
      );
    }
    this.#files = next;
    const collected = collect(next);
    const { documents, faults } = collected;
    this.#report(faults);
    this.#reportWarnings(collected.warnings);
    this.#reportIdle(collected);
    const built = buildServices(documents, {
      autoAddresses: this.#config.autoAddresses,
      previous: this.#allocations,
    });
    this.#allocations = built.allocations;
    for (const host of built.unallocated) {
      this.#logger.warn(EVENT.registryFault, "No address is left for a host", { host });
    }
    this.#current = {
      generation: this.#current.generation + 1,
      services: built.services,
      documents,
    };
    this.#logger.info(EVENT.registryChanged, "Services read", {
      services: built.services.length,
      files: files.length,
      faults: faults.length,
    });
    for (const listener of this.#listeners) listener(this.#current);
  }

  /** Logs warnings that are new. */
  #reportWarnings(warnings: readonly DocumentFault[]): void {
    for (const warning of warnings) {
      if (this.#warned.has(textOf(warning))) continue;
      this.#logger.warn(EVENT.registryWarning, "Document taken; it is probably not meant so", {
        ...{ file: warning.file, line: warning.line, field: warning.field },
        reason: warning.reason,
      });
    }
    this.#warned = new Set(warnings.map(textOf));
  }

  /** Says once what is read or left alone and does nothing. */
  #reportIdle({ documents, unread }: Collected): void {
    const idle = { withoutEffect: withoutEffect(documents), leftAlone: leftAlone(unread) };
    const text = JSON.stringify(idle);
    if (text === this.#idle) return;
    this.#idle = text;
    if (idle.withoutEffect === "" && idle.leftAlone === "") return;
    this.#logger.info(EVENT.registryIdle, "Documents that have no effect yet", idle);
  }

  /** Logs faults that are new. */
  #report(faults: readonly DocumentFault[]): void {
    const known = new Set(this.#faults.map(textOf));
    this.#faults = faults;
    for (const fault of faults) {
      if (known.has(textOf(fault))) continue;
      this.#logger.error(
        EVENT.registryFault,
        "Document refused; the last good state of its file stays",
        { file: fault.file, line: fault.line, field: fault.field, reason: fault.reason },
      );
    }
  }
}

function textOf({ file, line, field, reason }: DocumentFault): string {
  return `${file}:${line}: ${field} ${reason}`;
}

function stampOf(files: readonly (readonly [string, string])[]): string {
  return JSON.stringify([...files].sort(([one], [other]) => one < other ? -1 : 1));
}
