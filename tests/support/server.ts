/**
 * Starting signet as a process: the executable that `SIGNET_EXECUTABLE` names, else the bundle that `SIGNET_BUNDLE` names, else the source.
 *
 * Each server gets free ports on the loopback, a working directory of its own and nothing of this process's environment.
 */
import { freePort } from "./ports.ts";
import { gather, type Ran, run, type RunOptions } from "./process.ts";

const ROOT = new URL("../../", import.meta.url).pathname;
const LISTENERS = ["http", "https", "grpc", "secureGrpc", "monitoring", "dns"] as const;
const FLAG_OF = {
  http: "--httpAddr",
  https: "--httpsAddr",
  grpc: "--grpcAddr",
  secureGrpc: "--secureGRPCAddr",
  monitoring: "--monitoringAddr",
  dns: "--dnsAddr",
} as const satisfies Record<Listener, string>;
/** What the program may do from source and as a bundle; the executable carries its own, narrower list. */
const SOURCE_PERMISSIONS = [
  "--no-prompt",
  "--allow-net",
  "--allow-read",
  "--allow-write",
  "--allow-env",
  "--allow-ffi",
  "--allow-sys=hostname,uid",
];
const READY_TIMEOUT_MS = 60_000;
const POLL_MS = 10;

/** A port that signet listens on. */
export type Listener = typeof LISTENERS[number];

/** How to start a server. */
export interface SignetOptions {
  /** Path of an executable. Default: `SIGNET_EXECUTABLE`, else the source. */
  readonly executable?: string;
  /** The subcommand. Default: `discovery`. */
  readonly command?: readonly string[];
  /** Further arguments of `discovery`. */
  readonly args?: readonly string[];
  /** Variables for the server. */
  readonly env?: Readonly<Record<string, string>>;
  /** Working directory, kept at the end. Default: a new one that goes with the server. */
  readonly cwd?: string;
  /** Address of the listeners. Default: `127.0.0.1`. */
  readonly host?: string;
  /** Ports to use instead of free ones. */
  readonly ports?: Readonly<Partial<Record<Listener, number>>>;
  /** Told what the server prints as it comes, for tests that run so long that not all of it can be kept. */
  readonly onOutput?: (text: string, from: "stdout" | "stderr") => void;
}

/** A running server; disposing it ends it. */
export interface SignetServer extends AsyncDisposable {
  /** Process id. */
  readonly pid: number;
  /** Working directory. */
  readonly cwd: string;
  /** State directory, absolute. */
  readonly stateDir: string;
  /** The mesh CA's roots, in PEM. */
  readonly rootFile: string;
  /** The ports. */
  readonly ports: Readonly<Record<Listener, number>>;
  /** `host:port` of a listener. */
  addr(listener: Listener): string;
  /** Standard output so far. */
  stdout(): string;
  /** Standard error so far. */
  stderr(): string;
  /** Sends a signal (SIGTERM by default) and gives the exit code. */
  stop(signal?: Deno.Signal): Promise<number>;
  /** Ends the process with SIGKILL. */
  kill(): Promise<void>;
  /** Resolves with the exit code when the process has ended. */
  readonly exited: Promise<number>;
}

/** The command that runs signet, and the arguments that come before signet's own. */
export function signetCommand(executable = Deno.env.get("SIGNET_EXECUTABLE")): {
  readonly path: string;
  readonly prefix: readonly string[];
} {
  if (executable) return { path: executable, prefix: [] };
  const bundle = Deno.env.get("SIGNET_BUNDLE");
  const program = bundle ? ["--no-config", bundle] : [`${ROOT}main.ts`];
  return { path: Deno.execPath(), prefix: ["run", ...SOURCE_PERMISSIONS, ...program] };
}

/** True when the tests run against an executable. */
export function runsExecutable(): boolean {
  return Boolean(Deno.env.get("SIGNET_EXECUTABLE"));
}

/**
 * True where the server's runtime refuses a TLS 1.2 client that signs with a P-256 key and SHA-384, although its own
 * CertificateRequest lists that pair first: Deno 2.7.14 does, 2.9.8 does not. The executable carries the pinned runtime,
 * which is the one its tests run on.
 */
export function refusesP256WithSha384(): boolean {
  return Deno.version.deno === "2.7.14";
}

/** Runs one signet command to its end, in an empty environment unless `options.env` says otherwise. */
export function runSignet(args: readonly string[], options: RunOptions = {}): Promise<Ran> {
  const { path, prefix } = signetCommand();
  return run(path, [...prefix, ...args], {
    timeoutMs: 60_000,
    ...options,
    clearEnv: true,
    env: baseEnv(options.env),
  });
}

/** Starts a server and waits until `/ready` answers 200. */
export async function startSignet(options: SignetOptions = {}): Promise<SignetServer> {
  const server = await spawnSignet(options);
  try {
    await untilReady(server);
    return server;
  } catch (cause) {
    await server[Symbol.asyncDispose]();
    throw cause;
  }
}

/** Starts a server without waiting for anything, for tests that kill it early or expect it to fail. */
export async function spawnSignet(options: SignetOptions = {}): Promise<SignetServer> {
  const cwd = options.cwd ?? await Deno.makeTempDir({ prefix: "signet-server-" });
  const ports = { ...freePorts(), ...options.ports };
  const host = options.host ?? "127.0.0.1";
  const addr = (listener: Listener) => `${host}:${ports[listener]}`;
  const { path, prefix } = signetCommand(options.executable);
  const listen = LISTENERS.flatMap((listener) => [FLAG_OF[listener], addr(listener)]);
  const stateDir = `${cwd}/state`;
  const child = new Deno.Command(path, {
    args: [
      ...prefix,
      ...(options.command ?? ["discovery"]),
      ...listen,
      "--stateDir",
      stateDir,
      ...(options.args ?? []),
    ],
    cwd,
    env: baseEnv(options.env),
    clearEnv: true,
    stdin: "null",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  const owned = options.cwd === undefined;
  return supervise(child, { cwd, owned, stateDir, ports, addr, onOutput: options.onOutput });
}

interface Place {
  readonly cwd: string;
  readonly owned: boolean;
  readonly stateDir: string;
  readonly ports: Readonly<Record<Listener, number>>;
  readonly onOutput: SignetOptions["onOutput"] | undefined;
  addr(listener: Listener): string;
}

function supervise(child: Deno.ChildProcess, place: Place): SignetServer {
  const out = gather(child.stdout, { onText: (text) => place.onOutput?.(text, "stdout") });
  const err = gather(child.stderr, { onText: (text) => place.onOutput?.(text, "stderr") });
  let running = true;
  const exited = (async () => {
    const { code } = await child.status;
    running = false;
    await Promise.all([out.done, err.done]);
    return code;
  })();
  const stop = (signal: Deno.Signal = "SIGTERM") => {
    if (running) child.kill(signal);
    return exited;
  };
  return {
    pid: child.pid,
    cwd: place.cwd,
    stateDir: place.stateDir,
    rootFile: `${place.stateDir}/ca/current/root-cert.pem`,
    ports: place.ports,
    addr: place.addr,
    stdout: out.text,
    stderr: err.text,
    exited,
    stop,
    kill: async () => void await stop("SIGKILL"),
    async [Symbol.asyncDispose]() {
      await stop("SIGKILL");
      if (place.owned) await Deno.remove(place.cwd, { recursive: true });
    },
  };
}

/** Waits until a server that was spawned is ready; a server that ends first is an error with what it printed. */
export async function untilReady(server: SignetServer): Promise<void> {
  const gaveUpAt = performance.now() + READY_TIMEOUT_MS;
  let ended = false;
  void server.exited.then(() => ended = true);
  while (!(await isReady(server))) {
    if (ended || performance.now() > gaveUpAt) {
      const printed = `${server.stdout()}\n${server.stderr()}`.slice(-4_000);
      throw new TypeError(`Cannot start signet: it is not ready, it printed:\n${printed}`);
    }
    await new Promise((resolve) => setTimeout(resolve, POLL_MS));
  }
}

async function isReady(server: SignetServer): Promise<boolean> {
  try {
    const response = await fetch(`http://${server.addr("http")}/ready`);
    await response.body?.cancel();
    return response.status === 200;
  } catch {
    return false;
  }
}

function baseEnv(extra: Readonly<Record<string, string>> = {}): Record<string, string> {
  const kept = ["PATH", "HOME", "DENO_DIR", "XDG_CACHE_HOME", "DENO_TLS_CA_STORE"];
  const inherited = kept.flatMap((name) => {
    const value = Deno.env.get(name);
    return value === undefined ? [] : [[name, value]];
  });
  return { ...Object.fromEntries(inherited), ...extra };
}

function freePorts(): Record<Listener, number> {
  return Object.fromEntries(LISTENERS.map((name) => [name, freePort()])) as Record<
    Listener,
    number
  >;
}
