/** Services of the mesh out of a real API server: what names lead to, what proxies get, and what is missed when connections are cut. */
import assert from "node:assert/strict";

import { fromBinary } from "@bufbuild/protobuf";
import { type Any, anyUnpack } from "@bufbuild/protobuf/wkt";
import { systemClock } from "../../../lib/base/mod.ts";
import { openCluster } from "../../../lib/kube/mod.ts";
import { openRegistry, type Service, type ServiceRegistry } from "../../../lib/registry/mod.ts";
import { ClusterSchema } from "../../../proto/gen/envoy/config/cluster/v3/cluster_pb.ts";
import {
  type CommonTlsContext_CombinedCertificateValidationContext,
  UpstreamTlsContextSchema,
} from "../../../proto/gen/envoy/extensions/transport_sockets/tls/v3/tls_pb.ts";
import { createMetrics } from "../../../lib/telemetry/mod.ts";
import { createXdsServer, TYPE_URL } from "../../../lib/xds/mod.ts";
import {
  createCrds,
  createPod,
  type EndpointWanted,
  LIST,
  sliceOf,
} from "../../support/cluster_objects.ts";
import { startCutProxy } from "../../support/cut_proxy.ts";
import { startCluster, type TestCluster, writeKubeconfig } from "../../support/kubernetes.ts";
import { recordLogs } from "../../support/log_records.ts";
import { applyManifests } from "../../support/manifests.ts";
import { rounds, testWithPeers } from "../../support/peers.ts";
import { run } from "../../support/process.ts";
import { type SignetServer, startSignet } from "../../support/server.ts";
import { until } from "../../support/until.ts";
import { credentials, namesIn, openDelta } from "../../support/xds_client.ts";
import { createMeshConfig, discovery, kubeconfigOf, meshConfig, refusals } from "./mesh_config.ts";

const PEERS = ["etcd", "kube-apiserver", "openssl", "kdig"] as const;
const CLOCK = systemClock();
const WEB = "web.shop.svc.cluster.local";
const NODE = {
  id: "sidecar~10.9.0.9~client.shop~shop.svc.cluster.local",
  metadata: { INTERCEPTION_MODE: "NONE", NAMESPACE: "shop" },
};

/** One with an address, one without, one that is a name elsewhere. */
async function createServices(cluster: TestCluster): Promise<string> {
  const post = (body: object) => cluster.api("POST", LIST.services("shop"), body);
  const { spec } = await post({
    metadata: { name: "web" },
    spec: {
      selector: { app: "web" },
      ports: [{ name: "http-main", port: 80, targetPort: 8080 }, {
        name: "db",
        port: 5432,
        appProtocol: "mysql",
      }],
    },
  });
  await post({
    metadata: { name: "mysql" },
    spec: { clusterIP: "None", selector: { app: "mysql" }, ports: [{ name: "tcp", port: 3306 }] },
  });
  await post({
    metadata: { name: "outside" },
    spec: { type: "ExternalName", externalName: "example.com." },
  });
  await post({
    metadata: { name: "hidden", annotations: { "networking.istio.io/exportTo": "." } },
    spec: { ports: [{ port: 80 }] },
  });
  return spec.clusterIP;
}

async function createEndpoints(cluster: TestCluster): Promise<void> {
  await cluster.api("POST", LIST.nodes, {
    metadata: {
      name: "node-1",
      labels: { "topology.kubernetes.io/region": "r1", "topology.kubernetes.io/zone": "z1" },
    },
  });
  const at = { namespace: "shop", node: "node-1" };
  await createPod(cluster, { ...at, name: "web-1", address: "10.9.0.1" });
  await createPod(cluster, { ...at, name: "web-2", address: "10.9.0.2", labels: { app: "web" } });
  await cluster.api(
    "POST",
    LIST.slices("shop"),
    webSlice([
      { address: "10.9.0.1", pod: "web-1" },
      { address: "10.9.0.2", pod: "web-2" },
      { address: "10.9.0.3", conditions: { ready: false, serving: true, terminating: true } },
    ]),
  );
  await cluster.api(
    "POST",
    LIST.slices("shop"),
    sliceOf("mysql", {
      namespace: "shop",
      ports: { tcp: 3306 },
      endpoints: [
        { address: "10.9.1.1", hostname: "mysql-0" },
        { address: "10.9.1.2", hostname: "mysql-1" },
      ],
    }),
  );
}

function webSlice(endpoints: readonly EndpointWanted[]): object {
  return sliceOf("web", { namespace: "shop", ports: { "http-main": 8080, db: 5432 }, endpoints });
}

function find({ current }: ServiceRegistry, host: string): Service | undefined {
  return current.services.find((service) => service.host === host);
}

function asker(kdig: string, { ports }: SignetServer): (...args: string[]) => Promise<string> {
  return async (...args) => {
    const at = ["@127.0.0.1", "-p", String(ports.dns), "+tls", "+timeout=10", "+retry=0"];
    const { stdout, stderr } = await run(kdig, [...at, ...args]);
    return stdout + stderr;
  };
}

async function names(t: Deno.TestContext, ask: ReturnType<typeof asker>, address: string) {
  await t.step("a cluster IP, by its long and short names, and back", async () => {
    for (const name of [WEB, "web.shop.svc", "web.shop"]) {
      assert.match(
        await ask(name, "A"),
        new RegExp(`IN\\s+A\\s+${address.replaceAll(".", "\\.")}`),
      );
    }
    const reverse = `${address.split(".").reverse().join(".")}.in-addr.arpa`;
    assert.match(await ask(reverse, "PTR"), /IN\s+PTR\s+web\.shop\.svc\.cluster\.local\./);
    assert.match(await ask(`_http-main._tcp.${WEB}`, "SRV"), /SRV\s+0 100 80 web\.shop/);
  });
  await t.step("a headless Service: its endpoints, each by its name, and back", async () => {
    const host = "mysql.shop.svc.cluster.local";
    const all = await ask(host, "A");
    assert.match(all, /IN\s+A\s+10\.9\.1\.1/);
    assert.match(all, /IN\s+A\s+10\.9\.1\.2/);
    assert.match(await ask(`mysql-1.${host}`, "A"), /IN\s+A\s+10\.9\.1\.2/);
    assert.match(await ask(`_tcp._tcp.${host}`, "SRV"), /SRV\s+0 50 3306 mysql-0\.mysql\.shop/);
    assert.match(await ask("2.1.9.10.in-addr.arpa", "PTR"), /PTR\s+mysql-1\.mysql\.shop/);
  });
  await t.step("an ExternalName is an alias; what is not exported is not said", async () => {
    const alias = await ask("outside.shop.svc.cluster.local", "A");
    assert.match(alias, /IN\s+CNAME\s+example\.com\./);
    assert.match(await ask("hidden.shop.svc.cluster.local", "A"), /NXDOMAIN/);
  });
}

testWithPeers(
  "names of a cluster's services over TLS, by exactly what the manifests grant",
  PEERS,
  async (t, peers) => {
    await using cluster = await startCluster(peers);
    await applyManifests(cluster);
    await cluster.createNamespace("shop");
    await cluster.createServiceAccount("shop", "web");
    const address = await createServices(cluster);
    await createEndpoints(cluster);
    await createMeshConfig(cluster);
    const kubeconfig = await kubeconfigOf(cluster, ["istio-system", "signet"]);
    await using server = await startSignet({
      args: ["--kubeconfig", kubeconfig, "--dnsUpstream", "none"],
      env: {
        SHARED_MESH_CONFIG: "shared",
        REVISION: "default",
        // The API server does not reach the webhook here: it should not fail closed.
        VALIDATION_WEBHOOK_CONFIG_NAME: "",
      },
    });
    const ask = asker(peers.kdig, server);
    await names(t, ask, address);
    await t.step("a ready endpoint that comes or goes is seen", async () => {
      const slice = `${LIST.slices("shop")}/mysql-1`;
      const { endpoints } = await cluster.api("GET", slice);
      endpoints[0].conditions.ready = false;
      await cluster.api("PATCH", slice, { endpoints });
      await until("mysql-0 is gone", async () => {
        const said = await ask("mysql.shop.svc.cluster.local", "A");
        return !said.includes("10.9.1.1") && said.includes("10.9.1.2") || undefined;
      });
    });
    await t.step("namespaces that the mesh does not select are not seen", async () => {
      await discovery(cluster, server, async () => {
        return /IN\s+A\s+\d/.test(await ask(WEB, "A"));
      });
    });
    await t.step(
      "the mesh config of the cluster is followed, and what is broken is not",
      async () => {
        await meshConfig(cluster, server);
      },
    );
    await t.step(
      "an account that may not list services starts nothing, and is told why",
      async () => {
        await refusals(cluster);
      },
    );
    await registryOf(t, cluster);
  },
);

/** The rest needs no server of its own: the registry over the same cluster, by connections that are cut. */
async function registryOf(t: Deno.TestContext, cluster: TestCluster): Promise<void> {
  await using proxy = await startCutProxy(Number(new URL(cluster.url).port));
  const path = await writeKubeconfig(`${cluster.dir}/by-proxy`, {
    cluster: {
      server: `https://127.0.0.1:${proxy.port}`,
      "certificate-authority": cluster.caFile,
    },
    user: { token: "admin-token" },
  });
  using opened = (await openCluster({ kind: "kubeconfig", path }, { clock: CLOCK }))!;
  const [logs, metrics] = [recordLogs(), createMetrics()];
  const host = { clock: CLOCK, logger: logs.logger, metrics };
  await using registry = await openRegistry(
    { configDir: undefined, autoAddresses: undefined, domain: "cluster.local" },
    { ...host, kube: { client: opened.client, random: Math.random } },
  );
  await t.step("endpoints are what EndpointSlices, Pods and Nodes say together", () => {
    const { endpoints, ports } = find(registry, WEB)!;
    assert.deepEqual(ports.map(({ number, protocol }) => [number, protocol]), [
      [80, "HTTP"],
      [5432, "MYSQL"],
    ]);
    assert.deepEqual(
      endpoints.map((each) => [each.address, each.ready, each.serviceAccount, each.tlsMode]),
      [
        ["10.9.0.1", true, "web", "istio"],
        ["10.9.0.2", true, "web", "disabled"],
        ["10.9.0.3", false, "", "disabled"],
      ],
    );
    assert.deepEqual(endpoints.map(({ locality }) => locality), ["r1/z1", "r1/z1", ""]);
  });
  await t.step("a proxy gets them, and of a changed endpoint the endpoints alone", async () => {
    await pushed(cluster, registry, host);
  });
  await t.step("Istio's kinds are read when their definitions come", async () => {
    await kindsOf(cluster, registry);
  });
  await t.step("forced disconnects, nothing missed", async () => {
    await cuts(cluster, registry, proxy);
  });
}

async function pushed(
  cluster: TestCluster,
  registry: ServiceRegistry,
  host: Pick<Parameters<typeof createXdsServer>[1], "clock" | "logger" | "metrics">,
): Promise<void> {
  await using server = createXdsServer({
    ...{ authenticates: true, authenticatesPlaintext: false, checksIdentity: true },
    ...{ newStreamsPerSecond: 1_000, debounceAfterMs: 20, debounceMaxMs: 1_000 },
    ...{ pushThrottle: undefined, validatesTrustDomain: true, rootNamespace: "istio-system" },
  }, {
    ...{ ...host, registry, processors: 2, authenticators: [] },
    trustDomain: () => "cluster.local",
  });
  const client = openDelta(server, credentials());
  const { cluster: CDS, endpoints: EDS } = TYPE_URL;
  const name = `outbound|80||${WEB}`;
  client.ask({ typeUrl: CDS, node: NODE });
  const clusters = await client.next();
  assert.ok(namesIn(clusters).includes(name), namesIn(clusters).join());
  // The SPIFFE ID of the pods' service account is what a client of the mesh wants to see.
  const resource = clusters!.resources.find((each) => each.name === name)!;
  assert.deepEqual(peersOf(resource.bytes), ["spiffe://cluster.local/ns/shop/sa/web"]);
  client.ask({ typeUrl: CDS, responseNonce: clusters!.nonce });
  client.ask({ typeUrl: EDS, subscribe: [name] });
  const endpoints = await client.next();
  assert.ok(new TextDecoder("latin1").decode(endpoints!.resources[0]!.bytes).includes("10.9.0.1"));
  client.ask({ typeUrl: EDS, responseNonce: endpoints!.nonce });
  const slice = `${LIST.slices("shop")}/web-1`;
  const changed = webSlice([{ address: "10.9.0.2", pod: "web-2" }, { address: "10.9.0.7" }]);
  const { endpoints: now } = changed as { endpoints: unknown };
  // The pod that is named before it is known, first.
  await cluster.api("PATCH", slice, { endpoints: now });
  const next = await client.next();
  assert.equal(next!.typeUrl, EDS, "clusters did not change");
  assert.deepEqual(namesIn(next), [name]);
  assert.ok(new TextDecoder("latin1").decode(next!.resources[0]!.bytes).includes("10.9.0.7"));
  await client.over();
}

/** The SANs that a cluster's mesh TLS expects. */
function peersOf(bytes: Uint8Array): readonly string[] {
  const { transportSocketMatches } = fromBinary(ClusterSchema, bytes);
  const [mesh] = transportSocketMatches.filter(({ name }) => name === "tlsMode-istio");
  const { value } = mesh!.transportSocket!.configType as { value: Any };
  const { commonTlsContext } = anyUnpack(value, UpstreamTlsContextSchema)!;
  const { value: combined } = commonTlsContext!.validationContextType as {
    value: CommonTlsContext_CombinedCertificateValidationContext;
  };
  return combined.defaultValidationContext!.matchSubjectAltNames.map(({ matchPattern }) =>
    String(matchPattern.value)
  );
}

async function kindsOf(cluster: TestCluster, registry: ServiceRegistry): Promise<void> {
  await createCrds(cluster, ["ServiceEntry", "WorkloadEntry"]);
  const create = (plural: string, body: object) =>
    until(
      "the definition is served",
      () =>
        cluster.api("POST", LIST.networking("shop", plural), body).catch((thrown: Error) => {
          if (/: (404|503) /.test(thrown.message)) return undefined;
          throw thrown;
        }),
      { giveUpMs: 120_000 },
    );
  await create("serviceentries", {
    apiVersion: "networking.istio.io/v1",
    kind: "ServiceEntry",
    metadata: { name: "old" },
    spec: {
      hosts: ["old.example"],
      resolution: "STATIC",
      location: "MESH_INTERNAL",
      ports: [{ number: 80, name: "http", protocol: "HTTP" }],
      workloadSelector: { labels: { app: "web" } },
    },
  });
  await create("workloadentries", {
    apiVersion: "networking.istio.io/v1",
    kind: "WorkloadEntry",
    metadata: { name: "vm" },
    spec: { address: "10.9.2.1", labels: { app: "web" }, serviceAccount: "vm" },
  });
  const addresses = (host: string) => find(registry, host)?.endpoints.map((each) => each.address);
  await until("a ServiceEntry has the WorkloadEntry and the pods that it selects", () => {
    const found = addresses("old.example")?.join();
    return Promise.resolve(found === "10.9.2.1,10.9.0.1,10.9.0.2" || undefined);
  });
  await until(
    "a Service has the WorkloadEntry that it selects",
    () => Promise.resolve(addresses(WEB)?.includes("10.9.2.1") || undefined),
  );
}

async function cuts(
  cluster: TestCluster,
  registry: ServiceRegistry,
  proxy: Awaited<ReturnType<typeof startCutProxy>>,
): Promise<void> {
  const slice = `${LIST.slices("shop")}/web-1`;
  const count = rounds("disconnects of the registry", 10, 50);
  for (let round = 0; round < count; round++) {
    const before = proxy.accepted;
    const { endpoints } = webSlice([{ address: `10.9.3.${round}` }]) as { endpoints: unknown };
    await cluster.api("PATCH", slice, { endpoints });
    const metadata = { name: `round-${round}` };
    await cluster.api("POST", LIST.services("shop"), { metadata, spec: { ports: [{ port: 80 }] } });
    if (round % 2 === 1) await cluster.api("DELETE", `${LIST.services("shop")}/round-${round - 1}`);
    proxy.cut();
    await until(
      "it is connected again",
      () => Promise.resolve(proxy.accepted > before || undefined),
    );
  }
  await until("the registry is as the cluster", async () => {
    const { items } = await cluster.api("GET", LIST.services("shop"));
    const wanted = items.map((item: { metadata: { name: string } }) =>
      `${item.metadata.name}.shop.svc.cluster.local`
    );
    const found = registry.current.services.filter((service) =>
      service.registry === "Kubernetes" && service.namespace === "shop"
    ).map(({ host }) => host);
    const isLast = find(registry, WEB)!.endpoints[0]!.address === `10.9.3.${count - 1}`;
    return isLast && wanted.sort().join() === found.toSorted().join() || undefined;
  });
}
