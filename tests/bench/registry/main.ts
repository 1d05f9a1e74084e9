// deno-lint-ignore-file no-console -- a program prints
/**
 * A cluster's services in signet: memory with so many watched, the time that a start waits for them, and what one changed endpoint costs.
 * A real API server holds them; a proxy and a DNS client are not connected.
 *
 * Usage: `scripts/deno task bench:registry [--services N] [--endpoints N] [--changes N]`
 *
 * Needs the peers etcd and kube-apiserver (`scripts/peers.ts`). With `dist/signet` compiled and `SIGNET_EXECUTABLE=dist/signet` that is
 * measured, else the source. Five thousand services take about two minutes to be written.
 */
import { isSignetError, systemClock } from "../../../lib/base/mod.ts";
import { openCluster, refusedStatus } from "../../../lib/kube/mod.ts";
import { LIST, sliceOf } from "../../support/cluster_objects.ts";
import { startCluster, type TestCluster } from "../../support/kubernetes.ts";
import { findPeer } from "../../support/peers.ts";
import { usageOf } from "../../support/process.ts";
import { type SignetServer, startSignet } from "../../support/server.ts";
import { metric, until } from "../../support/until.ts";
import { cpuUsDuring, median } from "../measure.ts";

const NAMESPACES = 100;
/** Writes at one time. */
const AT_ONCE = 12;

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

/** A pod as an injector leaves it, of the size that pods have: some kilobytes. */
function podOf(service: number, at: number): object {
  const container = (name: string) => ({
    ...{ name, image: `registry.example/${name}:1.2.3` },
    env: Array.from({ length: 20 }, (_, n) => ({ name: `VARIABLE_${n}`, value: "x".repeat(60) })),
    ports: [{ containerPort: 8080, name: `${name.slice(0, 8)}-p` }],
    resources: { requests: { cpu: "100m", memory: "128Mi" } },
  });
  return {
    metadata: {
      name: `svc-${service}-${at}`,
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
      ...{ serviceAccountName: "app", automountServiceAccountToken: false },
      nodeName: `node-${at}`,
      containers: [container("application"), container("istio-proxy")],
    },
  };
}

function serviceOf(service: number): object {
  return {
    metadata: { name: `svc-${service}` },
    spec: { selector: { app: `svc-${service}` }, ports: [{ name: "http", port: 80 }] },
  };
}

const addressOf = (service: number, at: number) =>
  `10.${100 + (service >> 8)}.${service & 255}.${at + 1}`;

async function fill(cluster: TestCluster, { services, endpoints }: Options): Promise<void> {
  const access = { kind: "kubeconfig", path: cluster.kubeconfig } as const;
  using opened = (await openCluster(access, { clock: systemClock() }))!;
  const post = async (path: string, body: object) => {
    for (;;) {
      try {
        return await opened.client.request({ method: "POST", path, body, timeoutMs: 60_000 });
      } catch (thrown) {
        // It was written before the API server lost patience.
        if (refusedStatus(thrown) === 409) return;
        if (!isSignetError(thrown, "kube.unavailable")) throw thrown;
      }
    }
  };
  const each = Math.round(endpoints / services);
  for (let at = 0; at < NAMESPACES; at++) {
    await cluster.createNamespace(`ns-${at}`);
    await cluster.createServiceAccount(`ns-${at}`, "app");
  }
  let next = 0;
  const writer = async () => {
    for (let service = next++; service < services; service = next++) {
      const namespace = namespaceOf(service);
      const numbers = Array.from({ length: each }, (_, at) => at);
      await post(LIST.services(namespace), serviceOf(service));
      for (const at of numbers) {
        await post(LIST.pods(namespace), podOf(service, at));
      }
      const slice = sliceOf(`svc-${service}`, {
        ...{ namespace, ports: { http: 8080 } },
        endpoints: numbers.map((at) => ({
          address: addressOf(service, at),
          pod: `svc-${service}-${at}`,
        })),
      });
      await post(LIST.slices(namespace), slice);
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, writer));
}

async function change(
  cluster: TestCluster,
  server: SignetServer,
  { changes }: Options,
): Promise<{ readonly cpuUs: number; readonly waitedMs: number }> {
  const cpu: number[] = [];
  const waited: number[] = [];
  for (let at = 0; at < changes; at++) {
    const slice = `${LIST.slices(namespaceOf(at))}/svc-${at}-1`;
    const { endpoints } = await cluster.api("GET", slice);
    endpoints[0].addresses = [`10.99.0.${at + 1}`];
    const before = server.stdout().length;
    cpu.push(
      await cpuUsDuring(server.pid, async () => {
        await cluster.api("PATCH", slice, { endpoints });
        const fromMs = performance.now();
        await until(
          "it is in force",
          () =>
            Promise.resolve(/Endpoints changed/.test(server.stdout().slice(before)) || undefined),
        );
        waited.push(performance.now() - fromMs);
        // Whatever follows from it is done by then.
        await new Promise((resolve) => setTimeout(resolve, 300));
      }),
    );
  }
  return { cpuUs: median(cpu), waitedMs: median(waited) };
}

async function main(options: Options): Promise<void> {
  const peers = { etcd: findPeer("etcd"), "kube-apiserver": findPeer("kube-apiserver") };
  const found = Object.entries(peers).filter((peer): peer is [string, string] =>
    peer[1] !== undefined
  );
  await using cluster = await startCluster(Object.fromEntries(found), {
    serviceCidr: "10.0.0.0/16",
  });
  await cluster.createNamespace("istio-system");
  console.log(`writing ${options.services} services with ${options.endpoints} endpoints`);
  await fill(cluster, options);
  const alone = await startSignet({ args: ["--registries="] });
  const idleBytes = (await usageOf(alone.pid)).residentBytes;
  await alone.stop();
  const fromMs = performance.now();
  await using server = await startSignet({
    args: ["--kubeconfig", cluster.kubeconfig, "--log_output_level", "default:info,registry:debug"],
  });
  const startMs = performance.now() - fromMs;
  const services = await metric(server, "signet_registry_services");
  await new Promise((resolve) => setTimeout(resolve, 5_000));
  const { residentBytes } = await usageOf(server.pid);
  const { cpuUs, waitedMs } = await change(cluster, server, options);
  const mb = (bytes: number) => (bytes / 1e6).toFixed(0);
  console.log(`services known              ${services}`);
  console.log(`start to ready              ${startMs.toFixed(0)} ms`);
  console.log(`resident without a cluster  ${mb(idleBytes)} MB`);
  console.log(`resident                    ${mb(residentBytes)} MB`);
  console.log(
    `after ${options.changes} changes            ${
      mb((await usageOf(server.pid)).residentBytes)
    } MB`,
  );
  console.log(
    `heap in use                 ${mb(await metric(server, "signet_heap_used_bytes") ?? 0)} MB`,
  );
  console.log(
    `CPU of one changed endpoint ${
      (cpuUs / 1000).toFixed(1)
    } ms, the measuring's 300 ms of idling with it`,
  );
  console.log(`seen after                  ${waitedMs.toFixed(0)} ms`);
}

await main(readOptions(Deno.args));
