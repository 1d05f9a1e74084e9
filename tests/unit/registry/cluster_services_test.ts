import assert from "node:assert/strict";
import type { KubeDocument } from "signet/kube/mod.ts";
import { parseIstioFile } from "signet/istio/mod.ts";
import { createClusterServices } from "../../../lib/registry/cluster/cluster_services.ts";
import {
  keepNode,
  keepPod,
  keepService,
  keepSlice,
} from "../../../lib/registry/cluster/objects.ts";
import type { KubePod, KubeService, KubeSlice } from "../../../lib/registry/cluster/port.ts";
import { portProtocol } from "../../../lib/registry/cluster/port_protocol.ts";
import { createSharedValues } from "../../../lib/registry/cluster/shared_values.ts";
import type { WorkloadEntryDocument } from "../../../lib/registry/endpoints.ts";
import { sliceOf } from "../../support/cluster_objects.ts";

const VALUES = createSharedValues();

/** Copies that a test writes, and the services of them. */
function createWorld() {
  const lists = {
    services: new Map<string, KubeService>(),
    slices: new Map<string, KubeSlice>(),
    pods: new Map<string, KubePod>(),
    nodes: new Map<string, string>(),
  };
  const services = createClusterServices(lists, { domain: "cluster.local" });
  return {
    services,
    service(name: string, spec: object, annotations = {}) {
      const key = `shop/${name}`;
      lists.services.set(
        key,
        keepService({ metadata: { name, namespace: "shop", annotations }, spec }),
      );
      services.serviceChanged(key);
    },
    removeService(name: string) {
      lists.services.delete(`shop/${name}`);
      services.serviceChanged(`shop/${name}`);
    },
    slice(name: string, object: KubeDocument | undefined) {
      const key = `shop/${name}`;
      const before = lists.slices.get(key);
      const now = object && keepSlice(object, VALUES);
      if (now === undefined) lists.slices.delete(key);
      else lists.slices.set(key, now);
      services.sliceChanged(key, now, before);
    },
    pod(name: string, object: KubeDocument | undefined) {
      const key = `shop/${name}`;
      const before = lists.pods.get(key);
      const now = object && keepPod(object, VALUES);
      if (now === undefined) lists.pods.delete(key);
      else lists.pods.set(key, now);
      services.podChanged(key, now, before);
    },
    node(name: string, labels: Readonly<Record<string, string>>) {
      lists.nodes.set(name, keepNode({ metadata: { labels } }));
      services.nodeChanged(name);
    },
  };
}

const pod = (labels: object, more: { readonly sa?: string; readonly ip?: string } = {}) => ({
  metadata: { labels },
  spec: { serviceAccountName: more.sa ?? "web", nodeName: "n1" },
  status: {
    podIPs: [{ ip: more.ip ?? "10.1.0.1" }],
    conditions: [{ type: "Ready", status: "True" }],
  },
});
const WEB = {
  clusterIP: "10.0.0.7",
  selector: { app: "web" },
  ports: [{ name: "http", port: 80 }],
};
const HOST = "web.shop.svc.cluster.local";
const slice = (endpoints: Parameters<typeof sliceOf>[1]["endpoints"], name = "web-1") =>
  sliceOf("web", { name, namespace: "shop", ports: { http: 8080 }, endpoints });

Deno.test("portProtocol() reads appProtocol, else the port's name, as Istio does", async (t) => {
  const rows: readonly (readonly [string, Partial<Parameters<typeof portProtocol>[0]>, string])[] =
    [
      ["a name", { name: "http" }, "HTTP"],
      ["a name with a suffix", { name: "http2-web" }, "HTTP2"],
      ["grpc-web has a hyphen of its own", { name: "grpc-web-x" }, "GRPC-WEB"],
      ["any case", { name: "gRPC-x" }, "GRPC"],
      ["no name", {}, ""],
      ["an unknown name", { name: "web" }, ""],
      ["appProtocol wins", { name: "http", appProtocol: "tls" }, "TLS"],
      ["one that nobody knows is looked at", { name: "http", appProtocol: "example.com/x" }, ""],
      ["Kubernetes' own names", { appProtocol: "kubernetes.io/h2c" }, "HTTP2"],
      ["and for WebSockets", { appProtocol: "kubernetes.io/wss" }, "HTTPS"],
      ["UDP is UDP", { name: "http", transport: "UDP" }, "UDP"],
      ["where the server speaks first", { number: 3306 }, "TCP"],
      ["unless something is said", { number: 25, name: "http" }, "HTTP"],
      ["no prototype is a protocol", { name: "constructor", appProtocol: "__proto__" }, ""],
      ["nor what it holds", { appProtocol: "constructor" }, ""],
    ];
  for (const [name, port, protocol] of rows) {
    await t.step(name, () => {
      const bare = { number: 8080, name: "", transport: "TCP", appProtocol: "" };
      assert.equal(portProtocol({ ...bare, ...port }), protocol);
    });
  }
});

Deno.test("keepService() reads each kind of Service, and nothing where there is nothing", async (t) => {
  const keep = (spec: object, annotations = {}) =>
    keepService({ metadata: { name: "a", namespace: "n", annotations }, spec });
  await t.step("two families", () => {
    const kept = keep({ clusterIP: "10.0.0.1", clusterIPs: ["10.0.0.1", "fd00::1"] });
    assert.deepEqual([kept.addresses, kept.headless], [["10.0.0.1", "fd00::1"], false]);
  });
  await t.step("headless", () => {
    const kept = keep({ clusterIP: "None", clusterIPs: ["None"], publishNotReadyAddresses: true });
    assert.deepEqual([kept.addresses, kept.headless, kept.publishesNotReady], [[], true, true]);
  });
  await t.step("ExternalName", () => {
    assert.equal(
      keep({ type: "ExternalName", externalName: "A.example." }).externalName,
      "a.example",
    );
    assert.equal(keep({ type: "ClusterIP", externalName: "a.example" }).externalName, "");
  });
  await t.step("exportTo, ports without SCTP, targets by name", () => {
    const ports = [{ port: 1, protocol: "SCTP" }, { port: 2, targetPort: "web" }, {
      port: 3,
      targetPort: 4,
    }];
    const kept = keep({ ports }, { "networking.istio.io/exportTo": " . , other,," });
    assert.deepEqual(kept.exportTo, [".", "other"]);
    assert.deepEqual(kept.ports.map((port) => [port.number, port.targetPort, port.targetName]), [
      [2, undefined, "web"],
      [3, 4, ""],
    ]);
  });
  await t.step("junk", () => {
    const kept = keepService({ metadata: 7, spec: { ports: [null, "x", { port: "80" }] } });
    assert.deepEqual([kept.name, kept.ports, kept.selector], ["", [], undefined]);
    const values = createSharedValues();
    assert.deepEqual(keepSlice({ endpoints: [7, { addresses: [1, "a"] }] }, values).endpoints, []);
    assert.deepEqual(keepPod({ status: { podIPs: [7] } }, values).addresses, []);
    assert.equal(keepNode({}), "");
  });
});

Deno.test("createClusterServices() waits for an endpoint's pod, and takes identity, labels and place from it", () => {
  const world = createWorld();
  world.service("web", WEB);
  world.slice("web-1", slice([{ address: "10.1.0.1", pod: "a" }, { address: "10.9.9.9" }]));
  const first = world.services.takeChanged();
  assert.equal(first.names, true);
  assert.deepEqual(first.services.get(HOST)!.endpoints.map(({ address }) => address), ["10.9.9.9"]);
  const labels = {
    app: "web",
    "security.istio.io/tlsMode": "istio",
    "topology.istio.io/network": "x",
  };
  world.pod("a", pod(labels));
  world.node("n1", { "topology.kubernetes.io/region": "r", "topology.kubernetes.io/zone": "z" });
  const second = world.services.takeChanged();
  assert.equal(second.names, false, "a service with an address of its own");
  const [endpoint] = second.services.get(HOST)!.endpoints;
  assert.deepEqual(
    [endpoint!.serviceAccount, endpoint!.tlsMode, endpoint!.locality, endpoint!.network],
    ["web", "istio", "r/z", "x"],
  );
  assert.deepEqual(endpoint!.ports, { http: 8080 });
  world.pod("a", pod({ app: "web", "istio-locality": "here.there" }));
  const [moved] = world.services.takeChanged().services.get(HOST)!.endpoints;
  assert.deepEqual([moved!.tlsMode, moved!.locality], ["disabled", "here/there"]);
  world.pod("a", undefined);
  assert.equal(world.services.takeChanged().services.get(HOST)!.endpoints.length, 1);
});

Deno.test("createClusterServices() makes anew what a change touches, and nothing else", () => {
  const world = createWorld();
  world.service("web", WEB);
  world.service("other", { ...WEB, clusterIP: "10.0.0.8" });
  world.slice("web-1", slice([{ address: "10.1.0.1" }]));
  assert.equal(world.services.takeChanged().services.size, 2);
  world.slice("web-1", slice([{ address: "10.1.0.1" }]));
  assert.equal(world.services.takeChanged().services.size, 0, "it says the same");
  world.slice("web-1", slice([{ address: "10.1.0.2" }]));
  assert.deepEqual([...world.services.takeChanged().services.keys()], [HOST]);
  world.pod("elsewhere", pod({ app: "web" }));
  assert.equal(world.services.takeChanged().services.size, 0, "a pod of no slice");
  world.slice("web-1", undefined);
  assert.deepEqual(world.services.takeChanged().services.get(HOST)!.endpoints, []);
  world.removeService("web");
  const gone = world.services.takeChanged();
  assert.deepEqual([...gone.services], [[HOST, undefined]]);
  assert.equal(gone.names, true);
});

Deno.test("createClusterServices() moves a slice to the Service that its label names now", () => {
  const world = createWorld();
  world.service("web", WEB);
  world.service("other", { ...WEB, clusterIP: "10.0.0.8" });
  world.slice("web-1", slice([{ address: "10.1.0.1" }]));
  world.services.takeChanged();
  const moved = sliceOf("other", {
    name: "web-1",
    namespace: "shop",
    ports: { http: 1 },
    endpoints: [{ address: "10.1.0.1" }],
  });
  world.slice("web-1", moved);
  const { services } = world.services.takeChanged();
  assert.deepEqual([...services].map(([host, service]) => [host, service!.endpoints.length]), [
    [HOST, 0],
    ["other.shop.svc.cluster.local", 1],
  ]);
});

Deno.test("createClusterServices() joins an endpoint that stands in two slices, and tells names of headless ones", () => {
  const world = createWorld();
  world.service("web", { ...WEB, clusterIP: "None", publishNotReadyAddresses: true });
  world.slice("web-1", slice([{ address: "10.1.0.1", conditions: { ready: false } }]));
  world.slice(
    "web-2",
    sliceOf("web", {
      namespace: "shop",
      ports: { constructor: 9 },
      endpoints: [{ address: "10.1.0.1" }, { address: "10.1.0.2", conditions: {} }],
    }),
  );
  const { services, names } = world.services.takeChanged();
  const { endpoints, resolution, headless } = services.get(HOST)!;
  assert.deepEqual([resolution, headless, names], ["STATIC", true, true]);
  assert.deepEqual(endpoints.map((each) => [each.address, each.ports, each.ready]), [
    ["10.1.0.1", { http: 8080, constructor: 9 }, true],
    ["10.1.0.2", { constructor: 9 }, true],
  ]);
  world.slice("web-1", slice([{ address: "10.1.0.3" }]));
  assert.equal(world.services.takeChanged().names, true);
});

Deno.test("createClusterServices() takes WorkloadEntries that a Service selects, and pods for who selects them", () => {
  const world = createWorld();
  const ports = [{ name: "a", port: 80 }, { name: "b", port: 81, targetPort: 8081 }, {
    name: "c",
    port: 82,
    targetPort: "metrics",
  }];
  world.service("web", { ...WEB, ports });
  world.service("bare", { clusterIP: "10.0.0.9", ports });
  world.services.takeChanged();
  const { documents } = parseIstioFile(
    `
apiVersion: networking.istio.io/v1
kind: WorkloadEntry
metadata: { name: vm, namespace: shop }
spec: { address: 10.2.0.1, labels: { app: web }, serviceAccount: vm, ports: { metrics: 7 } }
---
apiVersion: networking.istio.io/v1
kind: WorkloadEntry
metadata: { name: vm, namespace: elsewhere }
spec: { address: 10.2.0.2, labels: { app: web } }
`,
    "vm.yaml",
  );
  world.services.setWorkloads(documents as WorkloadEntryDocument[]);
  const { services } = world.services.takeChanged();
  assert.deepEqual([...services.keys()], [HOST]);
  assert.deepEqual(services.get(HOST)!.endpoints.map((each) => [each.address, each.ports]), [
    ["10.2.0.1", { a: 80, b: 8081, c: 7 }],
  ]);
  world.pod("b", pod({ app: "web" }, { ip: "10.1.0.2" }));
  world.pod("a", pod({ app: "web" }));
  world.pod("c", pod({ app: "other" }));
  world.pod("d", { metadata: { labels: { app: "web" } } });
  const selected = world.services.selectPods("shop", { app: "web" });
  assert.deepEqual(selected.map(({ address }) => address), ["10.1.0.1", "10.1.0.2"]);
  assert.deepEqual(world.services.selectPods("elsewhere", {}), []);
});

Deno.test("createSharedValues() gives equal values one object, and forgets them when there are too many", () => {
  const values = createSharedValues();
  const first = values.labels({ app: "web" });
  assert.equal(values.labels({ app: "web" }), first);
  for (let at = 0; at < 20_001; at++) values.labels({ app: `${at}` });
  assert.notEqual(values.labels({ app: "web" }), first);
});
