/** Running foreign programs to their end, and keeping what they print. */

/** How a program ended. */
export interface Ran {
  /** Exit code; of a program ended by a signal, 128 and the signal's number. */
  readonly code: number;
  /** All of standard output. */
  readonly stdout: string;
  /** All of standard error. */
  readonly stderr: string;
}

/** What {@linkcode run} may be told. */
export interface RunOptions {
  /** Bytes for standard input; none closes it at once. */
  readonly stdin?: Uint8Array | string;
  /** Variables for the program; with `clearEnv` the only ones. */
  readonly env?: Readonly<Record<string, string>>;
  /** True withholds this process's own variables. */
  readonly clearEnv?: boolean;
  /** Working directory. */
  readonly cwd?: string;
  /** The program is killed after this long. Default: two minutes. */
  readonly timeoutMs?: number;
}

const DEFAULT_TIMEOUT_MS = 120_000;

/** Runs a program to its end. Whatever its exit code, this resolves; a test looks at the code. */
export async function run(
  path: string,
  args: readonly string[],
  options: RunOptions = {},
): Promise<Ran> {
  using killer = killAfter(options.timeoutMs ?? DEFAULT_TIMEOUT_MS);
  const child = new Deno.Command(path, {
    args: [...args],
    env: { ...options.env },
    clearEnv: options.clearEnv ?? false,
    ...(options.cwd === undefined ? {} : { cwd: options.cwd }),
    stdin: options.stdin === undefined ? "null" : "piped",
    stdout: "piped",
    stderr: "piped",
    signal: killer.signal,
  }).spawn();
  if (options.stdin !== undefined) await feed(child, options.stdin);
  const { code, stdout, stderr } = await child.output();
  return { code, stdout: text(stdout), stderr: text(stderr) };
}

async function feed(child: Deno.ChildProcess, input: Uint8Array | string): Promise<void> {
  const writer = child.stdin.getWriter();
  try {
    await writer.write(typeof input === "string" ? new TextEncoder().encode(input) : input);
    await writer.close();
  } catch {
    // The program may end without reading; its exit code tells.
  }
}

function killAfter(timeoutMs: number): Disposable & { readonly signal: AbortSignal } {
  const controller = new AbortController();
  const timer = setTimeout(() => controller.abort(), timeoutMs);
  return { signal: controller.signal, [Symbol.dispose]: () => clearTimeout(timer) };
}

function text(bytes: Uint8Array): string {
  return new TextDecoder().decode(bytes);
}

/** Text that grows while a program prints. */
export interface Gathered {
  /** What has come so far. */
  text(): string;
  /** Resolves when the stream has ended. */
  readonly done: Promise<void>;
}

/** What {@linkcode gather} may be told. */
export interface GatherOptions {
  /** Characters that are kept, the last ones. Default: four million. */
  readonly maxChars?: number;
  /** Told each piece of text as it comes. */
  readonly onText?: ((text: string) => void) | undefined;
}

/** Reads a program's stream to its end, in the background, and keeps what came last. */
export function gather(
  stream: ReadableStream<Uint8Array>,
  { maxChars = 4_000_000, onText }: GatherOptions = {},
): Gathered {
  let kept = "";
  const decoder = new TextDecoder();
  const read = async () => {
    for await (const chunk of stream) {
      const text = decoder.decode(chunk, { stream: true });
      onText?.(text);
      kept += text;
      // Cut seldom: each cut copies what stays.
      if (kept.length > 2 * maxChars) kept = kept.slice(-maxChars);
    }
  };
  return { text: () => kept.slice(-maxChars), done: read() };
}

/** Resident memory and CPU time of a process, from `/proc`. */
export interface Usage {
  /** Resident memory now, in bytes. */
  readonly residentBytes: number;
  /** User and system time since its start, in microseconds (the kernel counts in hundredths of a second). */
  readonly cpuUs: number;
}

const TICK_US = 10_000;

/** Reads what a process has used so far. */
export async function usageOf(pid: number): Promise<Usage> {
  const [status, stat] = await Promise.all([
    Deno.readTextFile(`/proc/${pid}/status`),
    Deno.readTextFile(`/proc/${pid}/stat`),
  ]);
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  return {
    residentBytes: Number(/VmRSS:\s+(\d+) kB/.exec(status)?.[1] ?? 0) * 1024,
    cpuUs: (Number(fields[11]) + Number(fields[12])) * TICK_US,
  };
}

/** A folder that is removed at the end of the scope that holds it. */
export interface TempDir extends AsyncDisposable {
  /** Its absolute path. */
  readonly path: string;
}

/** Makes a {@linkcode TempDir}. */
export async function tempDir(): Promise<TempDir> {
  const path = await Deno.makeTempDir({ prefix: "signet-test-" });
  return { path, [Symbol.asyncDispose]: () => Deno.remove(path, { recursive: true }) };
}
