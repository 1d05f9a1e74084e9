/** Istio's own agent with a stock Envoy, configured by a server under test; traffic is not intercepted. */
import { istioBootstrapFile } from "./peers.ts";
import { freePort } from "./ports.ts";
import { gather } from "./process.ts";
import { runSignet, type SignetServer } from "./server.ts";
import { until } from "./until.ts";

/** How to start a sidecar. */
export interface SidecarOptions {
  /** Path of `pilot-agent`. */
  readonly agent: string;
  /** Path of Envoy. */
  readonly envoy: string;
  /** What configures it. */
  readonly server: SignetServer;
  /** Its workload: name, service account and label `app`. */
  readonly name: string;
  /** Its namespace. Default: `default`. */
  readonly namespace?: string;
  /** Its address. Give each sidecar its own loopback address: a workload is found by it. */
  readonly address: string;
  /** Further variables of the agent. */
  readonly env?: Readonly<Record<string, string>>;
}

/** A sidecar; disposing it ends agent and Envoy. */
export interface Sidecar extends AsyncDisposable {
  /** What both printed. */
  printed(): string;
  /** Asks Envoy's admin port. */
  admin(path: string): Promise<string>;
  /** The value of one of Envoy's counters or gauges; undefined when there is none. */
  stat(name: string): Promise<number | undefined>;
}

/** An application beside a sidecar, on ports of the loopback. */
export interface Application extends AsyncDisposable {
  /** Answers requests. */
  readonly http: number;
  /** Answers connections. */
  readonly tcp: number;
}

/** Starts an application that answers each request with a text, and each connection with `greeting`: at once, or when it has been spoken to. */
export function startApplication(
  { answer, greeting, waits = false }: {
    readonly answer: (headers: Headers) => string;
    readonly greeting: string;
    readonly waits?: boolean;
  },
): Application {
  const http = Deno.serve(
    { hostname: "127.0.0.1", port: freePort(), onListen: () => {} },
    ({ headers }) => new Response(answer(headers), { headers: { connection: "close" } }),
  );
  const tcp = Deno.listen({ hostname: "127.0.0.1", port: freePort() });
  const serveTcp = async () => {
    for await (const connection of tcp) {
      if (waits) await connection.read(new Uint8Array(64));
      await connection.write(new TextEncoder().encode(greeting));
      connection.close();
    }
  };
  const served = serveTcp();
  return {
    http: http.addr.port,
    tcp: tcp.addr.port,
    async [Symbol.asyncDispose]() {
      tcp.close();
      await Promise.all([http.shutdown(), served]);
    },
  };
}

/** Starts a sidecar with a join token of its own; resolves at once. */
export async function startSidecar(options: SidecarOptions): Promise<Sidecar> {
  const { name, namespace = "default", server } = options;
  const cwd = await Deno.makeTempDir({ prefix: "signet-sc-" });
  const identity = `spiffe://cluster.local/ns/${namespace}/sa/${name}`;
  const made = await runSignet(
    ["token", "create", "--identity", identity, "--stateDir", server.stateDir],
  );
  if (made.code !== 0) throw new TypeError(`Cannot start sidecar: ${made.stderr}`);
  await Deno.mkdir(`${cwd}/var/run/secrets/tokens`, { recursive: true });
  await Deno.mkdir(`${cwd}/certs`);
  const token = made.stdout.trim().split("\n").at(-1)!;
  await Deno.writeTextFile(`${cwd}/var/run/secrets/tokens/istio-token`, token);
  await Deno.copyFile(server.rootFile, `${cwd}/root.pem`);
  const admin = freePort();
  const child = new Deno.Command(options.agent, {
    args: ["proxy", "sidecar", "--domain", `${namespace}.svc.cluster.local`],
    cwd,
    clearEnv: true,
    env: {
      ...environment(options, cwd),
      ENVOY_PROMETHEUS_PORT: String(freePort()),
      ENVOY_STATUS_PORT: String(freePort()),
      PROXY_CONFIG: JSON.stringify({
        discoveryAddress: server.addr("secureGrpc").replace(/^[^:]*/, "localhost"),
        binaryPath: options.envoy,
        configPath: `${cwd}/etc`,
        statusPort: freePort(),
        proxyAdminPort: admin,
        concurrency: 1,
        terminationDrainDuration: "0s",
      }),
      ...options.env,
    },
    stdin: "null",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  const [out, err] = [gather(child.stdout), gather(child.stderr)];
  let ended = false;
  const exited = child.status.then(() => void (ended = true));
  const ask = async (path: string) =>
    await (await fetch(`http://127.0.0.1:${admin}${path}`)).text();
  return {
    printed: () => out.text() + err.text(),
    admin: ask,
    async stat(stat) {
      const lines = (await ask(`/stats?filter=${encodeURIComponent(stat)}`)).split("\n");
      const line = lines.find((each) => each.startsWith(`${stat}: `));
      return line === undefined ? undefined : Number(line.slice(stat.length + 2));
    },
    async [Symbol.asyncDispose]() {
      // The agent ends its Envoy when it is asked to end; one that is killed would leave it.
      if (!ended) child.kill("SIGTERM");
      await Promise.all([exited, out.done, err.done]);
      await Deno.remove(cwd, { recursive: true });
    },
  };
}

function environment(
  { name, namespace = "default", address, server }: SidecarOptions,
  cwd: string,
): Record<string, string> {
  const ca = server.addr("secureGrpc").replace(/^[^:]*/, "localhost");
  return {
    ...{ HOME: cwd, PATH: "/usr/bin:/bin", CA_ADDR: ca },
    ...{ CA_ROOT_CA: "./root.pem", XDS_ROOT_CA: "./root.pem", PILOT_CERT_PROVIDER: "custom" },
    ...{ PROV_CERT: "./certs", OUTPUT_CERTS: "./certs", TRUST_DOMAIN: "cluster.local" },
    ...{ POD_NAMESPACE: namespace, POD_NAME: `${name}-1`, SERVICE_ACCOUNT: name },
    INSTANCE_IP: address,
    ISTIO_META_CLUSTER_ID: "Kubernetes",
    ISTIO_META_INTERCEPTION_MODE: "NONE",
    ISTIO_METAJSON_LABELS: JSON.stringify({ app: name }),
    ISTIO_BOOTSTRAP: istioBootstrapFile(),
  };
}

/** An agent fetches a certificate before its Envoy starts, and an Envoy that lost its server waits up to half a minute between tries. */
export const SIDECAR_GIVE_UP_MS = 90_000;

/** Waits until Envoy has taken its first configuration; a failure shows what agent and Envoy printed. */
export async function untilConfigured(sidecar: Sidecar): Promise<void> {
  try {
    await until("Envoy is live", async () => {
      const state = await sidecar.admin("/server_info").catch(() => "");
      return /"state": "LIVE"/.test(state) ? true : undefined;
    }, { giveUpMs: SIDECAR_GIVE_UP_MS });
  } catch (cause) {
    throw new TypeError(
      `Cannot go on: the sidecar is not configured:\n${sidecar.printed().slice(-4_000)}`,
      { cause },
    );
  }
}
