/**
 * The documents of `--configDir`: the folder is looked at again and again, by identity, size and time of each file, links followed, so
 * that Kubernetes' swaps of links and plain overwrites are seen alike. A change is taken when two looks in a row agree on it.
 */
import { type Clock, createTaskGroup, sleep } from "../base/mod.ts";
import { EVENT, type Logger } from "../telemetry/mod.ts";
import { collect, type Collected, type FileState, type FileStates, readOver } from "./collect.ts";
import { type ConfigFile, listConfigFiles, readConfigFile } from "./file.ts";

/** Time between two looks, in milliseconds. */
const LOOK_MS = 400;

/** What following a folder needs. */
export interface FileDocumentsHost {
  /** Time. */
  readonly clock: Clock;
  /** For a folder that cannot be read. */
  readonly logger: Logger;
  /** Told after each change. */
  readonly onChange: () => void;
}

/** The documents of a folder; disposing ends the looks. */
export interface FileDocuments extends AsyncDisposable {
  /** What is known now. */
  readonly collected: Collected;
  /** Files that were read. */
  readonly files: number;
}

/**
 * Reads a folder and follows it.
 *
 * @throws {SignetError} `registry.unreadable` when the folder cannot be read.
 */
export async function followFiles(
  directory: string,
  host: FileDocumentsHost,
): Promise<FileDocuments> {
  const documents = new LiveFiles(directory, host);
  await documents.begin();
  return documents;
}

class LiveFiles implements FileDocuments {
  readonly #directory: string;
  readonly #host: FileDocumentsHost;
  readonly #tasks;
  #states: FileStates = new Map();
  #collected: Collected = collect(new Map());
  #lookFailed = false;

  constructor(directory: string, host: FileDocumentsHost) {
    this.#directory = directory;
    this.#host = host;
    this.#tasks = createTaskGroup({
      onError: (name, thrown) =>
        host.logger.error(EVENT.taskFailed, "Background task ended", { task: name }, thrown),
    });
  }

  get collected(): Collected {
    return this.#collected;
  }

  get files(): number {
    return this.#states.size;
  }

  async begin(): Promise<void> {
    await this.#take(await listConfigFiles(this.#directory));
    this.#tasks.run("follow --configDir", (signal) => this.#follow(signal));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#tasks[Symbol.asyncDispose]();
  }

  async #follow(signal: AbortSignal): Promise<void> {
    let last = "";
    for (;;) {
      await sleep(this.#host.clock, LOOK_MS, { signal });
      const files = await this.#look();
      if (files === undefined) continue;
      const stamp = stampOf(files.map(({ path, stamp }) => [path, stamp]));
      const inForce = stampOf([...this.#states].map(([path, state]) => [path, state.stamp]));
      if (stamp !== inForce && stamp === last) {
        await this.#take(files);
        this.#host.onChange();
      }
      last = stamp;
    }
  }

  /** The files now; `undefined`, logged once, when the folder cannot be read: what was in force stays. */
  async #look(): Promise<readonly ConfigFile[] | undefined> {
    try {
      const files = await listConfigFiles(this.#directory);
      this.#lookFailed = false;
      return files;
    } catch (thrown) {
      if (!this.#lookFailed) {
        this.#host.logger.error(
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
      const before = this.#states.get(path);
      next.set(
        path,
        before?.stamp === stamp
          ? before
          : readOver(before, { path, stamp, content: await readConfigFile(path) }),
      );
    }
    this.#states = next;
    this.#collected = collect(next);
  }
}

function stampOf(files: readonly (readonly [string, string])[]): string {
  return JSON.stringify([...files].sort(([one], [other]) => one < other ? -1 : 1));
}
