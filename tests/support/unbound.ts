/** NLnet Labs' unbound with local data, as a resolver that signet forwards to, or as one that forwards to signet. */
import assert from "node:assert/strict";
import { freePort } from "./ports.ts";
import { gather } from "./process.ts";

/** What the resolver is like. */
export interface UnboundOptions {
  /** Lines of `server:`, without indentation. */
  readonly server: readonly string[];
  /** Whole further clauses. */
  readonly clauses?: readonly string[];
  /** Serves DNS over TLS with these files too. */
  readonly tls?: { readonly certPath: string; readonly keyPath: string };
  /** Port to take again after a restart. */
  readonly port?: number;
}

/** A running resolver. */
export interface Unbound extends AsyncDisposable {
  /** Process id. */
  readonly pid: number;
  /** Port of UDP and TCP on 127.0.0.1. */
  readonly port: number;
  /** Port of DNS over TLS; 0 without. */
  readonly tlsPort: number;
}

/** Starts it, and waits until it serves. */
export async function startUnbound(path: string, options: UnboundOptions): Promise<Unbound> {
  const dir = await Deno.makeTempDir({ prefix: "signet_unbound_" });
  const port = options.port ?? freePort();
  const tlsPort = options.tls === undefined ? 0 : freePort();
  const tls = options.tls === undefined ? [] : [
    `interface: 127.0.0.1@${tlsPort}`,
    `tls-port: ${tlsPort}`,
    `tls-service-pem: "${options.tls.certPath}"`,
    `tls-service-key: "${options.tls.keyPath}"`,
  ];
  const lines = [
    ...[`interface: 127.0.0.1@${port}`, "do-ip6: no", 'username: ""', 'chroot: ""', "verbosity: 1"],
    ...[`directory: "${dir}"`, `pidfile: "${dir}/pid"`, "use-syslog: no", 'logfile: ""'],
    ...["do-daemonize: no", "access-control: 127.0.0.0/8 allow", "do-not-query-localhost: no"],
    ...["module-config: iterator", "num-threads: 1", ...tls, ...options.server],
  ];
  const text = ["server:", ...lines.map((line) => `  ${line}`), ...options.clauses ?? []];
  await Deno.writeTextFile(`${dir}/unbound.conf`, `${text.join("\n")}\n`);
  const child = new Deno.Command(path, {
    args: ["-d", "-c", `${dir}/unbound.conf`],
    stdin: "null",
    stdout: "null",
    stderr: "piped",
  }).spawn();
  const stderr = gather(child.stderr);
  await untilOpen(port, () => stderr.text());
  return {
    pid: child.pid,
    port,
    tlsPort,
    async [Symbol.asyncDispose]() {
      child.kill("SIGTERM");
      await child.status;
      await stderr.done;
      await Deno.remove(dir, { recursive: true });
    },
  };
}

/** Waits until the port takes TCP connections. */
async function untilOpen(port: number, log: () => string): Promise<void> {
  for (let i = 0; i < 200; i++) {
    try {
      (await Deno.connect({ hostname: "127.0.0.1", port })).close();
      return;
    } catch {
      await new Promise((resolve) => setTimeout(resolve, 25));
    }
  }
  assert.fail(`unbound does not serve: ${log()}`);
}
