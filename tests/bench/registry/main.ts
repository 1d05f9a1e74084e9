// deno-lint-ignore-file no-console -- a program prints
/**
 * A cluster's services in signet: memory with so many watched, the time that a start waits for them, and what one changed endpoint costs.
 * The API server is one of paper (`paper.ts`); no proxy and no DNS client is connected.
 *
 * Usage: `SIGNET_EXECUTABLE=dist/signet scripts/deno task bench:registry [--services N] [--endpoints N] [--changes N]`
 *
 * Without `SIGNET_EXECUTABLE` the source is measured, which has the runtime's own heap settings.
 */
import { sliceOf } from "../../support/cluster_objects.ts";
import { type KubeDocument, writeKubeconfig } from "../../support/kubernetes.ts";
import { tempDir, usageOf } from "../../support/process.ts";
import { type SignetServer, startSignet } from "../../support/server.ts";
import { metric, until } from "../../support/until.ts";
import { cpuUsDuring, median } from "../measure.ts";
import { type PaperApi, servePaper } from "./paper.ts";

const NAMESPACES = 100;
const SLICES = "/apis/discovery.k8s.io/v1/endpointslices";
/** Time after which all that follows from a change is done, in milliseconds. */
const REST_MS = 300;

interface Options {
  readonly services: number;
  readonly endpoints: number;
  readonly changes: number;
}

function readOptions(args: readonly string[]): Options {
  const value = (flag: string) => args.flatMap((arg, at) => args[at - 1] === flag ? [arg] : [])[0];
  return {
    services: Number(value("--services") ?? 5_000),
    endpoints: Number(value("--endpoints") ?? 20_000),
    changes: Number(value("--changes") ?? 20),
  };
}

const namespaceOf = (service: number) => `ns-${service % NAMESPACES}`;
const addressOf = (service: number, at: number) =>
  `10.${100 + (service >> 8)}.${service & 255}.${at + 1}`;

/** A pod as an injector leaves it, of the size that pods have: some kilobytes. */
function podOf(service: number, at: number): KubeDocument {
  const container = (name: string) => ({
    ...{ name, image: `registry.example/${name}:1.2.3` },
    env: Array.from({ length: 20 }, (_, n) => ({ name: `VARIABLE_${n}`, value: "x".repeat(60) })),
    ports: [{ containerPort: 8080, name: `${name.slice(0, 8)}-p` }],
    resources: { requests: { cpu: "100m", memory: "128Mi" } },
  });
  return {
    metadata: {
      ...{ name: `svc-${service}-${at}`, namespace: namespaceOf(service), resourceVersion: "1" },
      labels: {
        app: `svc-${service}`,
        version: "v1",
        "pod-template-hash": `${service}`,
        "security.istio.io/tlsMode": "istio",
        "service.istio.io/canonical-name": `svc-${service}`,
      },
      annotations: { "sidecar.istio.io/status": "s".repeat(400) },
    },
    spec: {
      ...{ serviceAccountName: "app", nodeName: `node-${at}` },
      containers: [container("application"), container("istio-proxy")],
    },
    status: {
      phase: "Running",
      podIPs: [{ ip: addressOf(service, at) }],
      conditions: ["Initialized", "Ready", "ContainersReady", "PodScheduled"].map((type) => ({
        ...{ type, status: "True", lastTransitionTime: "2026-01-01T00:00:00Z" },
      })),
    },
  };
}

function serviceOf(service: number): KubeDocument {
  return {
    metadata: { name: `svc-${service}`, namespace: namespaceOf(service), resourceVersion: "1" },
    spec: {
      clusterIP: `10.${service >> 8}.${service & 255}.1`,
      selector: { app: `svc-${service}` },
      ports: [{ name: "http", port: 80, targetPort: 8080 }],
    },
  };
}

function endpointsOf(service: number, addresses: readonly string[]): KubeDocument {
  const { metadata, ...rest } = sliceOf(`svc-${service}`, {
    ...{ namespace: namespaceOf(service), ports: { http: 8080 } },
    endpoints: addresses.map((address, at) => ({ address, pod: `svc-${service}-${at}` })),
  });
  return { ...rest, metadata: { ...metadata, resourceVersion: "1" } };
}

function listsOf({ services, endpoints }: Options): Map<string, KubeDocument[]> {
  const each = Math.round(endpoints / services);
  const all = Array.from({ length: services }, (_, service) => service);
  const numbers = Array.from({ length: each }, (_, at) => at);
  return new Map([
    ["/api/v1/services", all.map(serviceOf)],
    ["/api/v1/pods", all.flatMap((service) => numbers.map((at) => podOf(service, at)))],
    [
      SLICES,
      all.map((service) => endpointsOf(service, numbers.map((at) => addressOf(service, at)))),
    ],
    ["/api/v1/nodes", []],
    ["/api/v1/namespaces", []],
  ]);
}

interface Cost {
  readonly cpuMs: number;
  readonly waitedMs: number;
}

async function change(api: PaperApi, server: SignetServer, { changes }: Options): Promise<Cost> {
  const rest = () => new Promise<void>((resolve) => setTimeout(resolve, REST_MS));
  const [cpu, idle, waited]: number[][] = [[], [], []];
  for (let at = 0; at < changes; at++) {
    idle!.push(await cpuUsDuring(server.pid, rest));
    const before = server.stdout().length;
    cpu!.push(
      await cpuUsDuring(server.pid, async () => {
        api.change(SLICES, endpointsOf(at, [`10.99.0.${at + 1}`]));
        const fromMs = performance.now();
        await until(
          "it is in force",
          () =>
            Promise.resolve(/Endpoints changed/.test(server.stdout().slice(before)) || undefined),
        );
        waited!.push(performance.now() - fromMs);
        await rest();
      }),
    );
  }
  const sum = (values: readonly number[]) => values.reduce((all, one) => all + one, 0);
  return { cpuMs: (sum(cpu!) - sum(idle!)) / changes / 1_000, waitedMs: median(waited!) };
}

async function main(options: Options): Promise<void> {
  await using dir = await tempDir();
  const api = servePaper(listsOf(options));
  const kubeconfig = await writeKubeconfig(`${dir.path}/kubeconfig`, {
    cluster: { server: api.url },
    user: { token: "none" },
  });
  const alone = await startSignet({ args: ["--registries="] });
  const { residentBytes: aloneBytes } = await usageOf(alone.pid);
  await alone.stop();
  const fromMs = performance.now();
  const args = ["--kubeconfig", kubeconfig, "--log_output_level", "default:info,registry:debug"];
  const server = await startSignet({ args });
  const startMs = performance.now() - fromMs;
  await new Promise((resolve) => setTimeout(resolve, 5_000));
  const { residentBytes } = await usageOf(server.pid);
  const { cpuMs, waitedMs } = await change(api, server, options);
  const mb = (bytes: number | undefined) => `${((bytes ?? 0) / 1e6).toFixed(0)} MB`;
  const rows: readonly (readonly [string, string])[] = [
    ["services known", String(await metric(server, "signet_registry_services"))],
    ["start until ready", `${startMs.toFixed(0)} ms`],
    ["resident without a cluster", mb(aloneBytes)],
    ["resident", mb(residentBytes)],
    [`resident after ${options.changes} changes`, mb((await usageOf(server.pid)).residentBytes)],
    ["heap in use", mb(await metric(server, "signet_heap_used_bytes"))],
    ["CPU of one changed endpoint", `${cpuMs.toFixed(1)} ms`],
    ["in force after", `${waitedMs.toFixed(0)} ms`],
  ];
  for (const [what, figure] of rows) console.log(`${what.padEnd(30)} ${figure}`);
  await server.kill();
  await api[Symbol.asyncDispose]();
}

await main(readOptions(Deno.args));
