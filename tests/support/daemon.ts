/** Long-running foreign programs: started, waited for, and ended by their process id. */
import { gather } from "./process.ts";

const READY_TIMEOUT_MS = 180_000;
const POLL_MS = 100;
const STOP_TIMEOUT_MS = 10_000;
const SHOWN_CHARS = 3_000;

/** How to start a program and how to know that it serves. */
export interface DaemonOptions {
  readonly args: readonly string[];
  readonly cwd: string;
  readonly env?: Readonly<Record<string, string>>;
  /** Asks the program how it is; may fail while it starts. */
  ready(): Promise<string>;
  /** Judges the answer. */
  isReady(answer: string): boolean;
}

/** A running program. */
export interface Daemon {
  readonly pid: number;
  /** Ends it with SIGTERM, and SIGKILL when that is not enough. */
  stop(): Promise<void>;
}

/**
 * Starts a program and waits until it is ready.
 *
 * @throws {TypeError} with what it printed last, when it ends first or does not become ready in three minutes.
 */
export async function startDaemon(path: string, options: DaemonOptions): Promise<Daemon> {
  const child = new Deno.Command(path, {
    args: [...options.args],
    cwd: options.cwd,
    env: { ...options.env },
    stdin: "null",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  const out = gather(child.stdout, { maxChars: SHOWN_CHARS });
  const err = gather(child.stderr, { maxChars: SHOWN_CHARS });
  let ended = false;
  const over = (async () => {
    await child.status;
    ended = true;
    await Promise.all([out.done, err.done]);
  })();
  const stop = async () => {
    if (!ended) child.kill("SIGTERM");
    const killer = setTimeout(() => ended || child.kill("SIGKILL"), STOP_TIMEOUT_MS);
    await over;
    clearTimeout(killer);
  };
  const gaveUpAt = performance.now() + READY_TIMEOUT_MS;
  while (!(await answersWell(options))) {
    if (ended || performance.now() > gaveUpAt) {
      await stop();
      throw new TypeError(
        `Cannot start ${path}: it is not ready, it printed:\n${out.text()}\n${err.text()}`,
      );
    }
    await new Promise((resolve) => setTimeout(resolve, POLL_MS));
  }
  return { pid: child.pid, stop };
}

async function answersWell(options: DaemonOptions): Promise<boolean> {
  try {
    return options.isReady(await options.ready());
  } catch {
    return false;
  }
}
