/** The registry of a cluster of which the mesh takes a part. */
import assert from "node:assert/strict";
import { followNamespaces, readSelector } from "signet/kube/mod.ts";
import { openRegistry } from "signet/registry/mod.ts";
import { createMetrics } from "signet/telemetry/mod.ts";
import { createFakeClock } from "../../support/fake_clock.ts";
import { recordLogs } from "../../support/log_records.ts";
import { createPaperApi } from "../../support/paper_api.ts";
import { settle } from "../../support/xds_server.ts";

const NAMESPACES = "/api/v1/namespaces";
const NETWORKING = "/apis/networking.istio.io";
const SERVICE = { spec: { clusterIP: "10.0.0.1", ports: [{ name: "http", port: 80 }] } };
const SLICE = {
  addressType: "IPv4",
  ports: [{ name: "http", port: 8080 }],
  endpoints: [{ addresses: ["10.1.0.1"], targetRef: { kind: "Pod", name: "web-1" } }],
};
const POD = {
  spec: { serviceAccountName: "web" },
  status: { podIPs: [{ ip: "10.1.0.1" }], conditions: [{ type: "Ready", status: "True" }] },
};
const ENTRY = {
  ...{ apiVersion: "networking.istio.io/v1", kind: "ServiceEntry" },
  spec: {
    ports: [{ number: 80, name: "http", protocol: "HTTP" }],
    ...{ resolution: "STATIC", endpoints: [{ address: "10.2.0.1" }] },
  },
};

/** A service with an endpoint, and a ServiceEntry, in a namespace. */
function fill(api: ReturnType<typeof createPaperApi>, namespace: string): void {
  api.put("/api/v1/services", { namespace, name: "web", more: SERVICE });
  api.put("/apis/discovery.k8s.io/v1/endpointslices", {
    ...{ namespace, name: "web-1", labels: { "kubernetes.io/service-name": "web" }, more: SLICE },
  });
  api.put("/api/v1/pods", { namespace, name: "web-1", more: POD });
  const spec = { ...ENTRY.spec, hosts: [`${namespace}.example`] };
  api.put(`${NETWORKING}/v1/serviceentries`, {
    ...{ namespace, name: "out", more: { ...ENTRY, spec } },
  });
}

/** The paper answers lists alone; groups and versions are documents of their own. */
function withKinds(api: ReturnType<typeof createPaperApi>): typeof api.client {
  const documents: Readonly<Record<string, object>> = {
    [NETWORKING]: { versions: [{ version: "v1" }] },
    [`${NETWORKING}/v1`]: { resources: [{ kind: "ServiceEntry", name: "serviceentries" }] },
  };
  return {
    ...api.client,
    request: (request) => {
      const document = documents[request.path];
      return document ? Promise.resolve({ ...document }) : api.client.request(request);
    },
  };
}

Deno.test("openRegistry() sees Services, endpoints and documents of selected namespaces alone, as labels and selectors change", async () => {
  const api = createPaperApi();
  const clock = createFakeClock(0);
  const client = withKinds(api);
  const onFailure = (thrown: unknown) => assert.fail(String(thrown));
  const label = (name: string, mesh: string) => api.put(NAMESPACES, { name, labels: { mesh } });
  label("a", "yes");
  label("b", "no");
  for (const namespace of ["a", "b", "istio-system"]) fill(api, namespace);
  const selector = (value: string) => readSelector({ matchLabels: { mesh: value } })!;
  const kube = { client, clock, random: () => 0.5 };
  await using namespaces = followNamespaces([selector("yes")], { ...kube, onFailure });
  const opening = openRegistry(
    { configDir: undefined, autoAddresses: undefined, domain: "cluster.local" },
    { clock, logger: recordLogs().logger, metrics: createMetrics(), kube: { ...kube, namespaces } },
  );
  await settle(clock);
  await using registry = await opening;
  const seen = async () => {
    await settle(clock);
    await clock.advance(50);
    await settle(clock);
    const { services, documents } = registry.current;
    const hosts = services.map(({ host, endpoints }) =>
      `${host.replace(".svc.cluster.local", "")} ${endpoints.map(({ address }) => address)}`
    );
    return [...hosts, ...documents.map(({ meta }) => meta.namespace)].toSorted();
  };
  const of = (...names: string[]) =>
    names.flatMap((name) => [name, `${name}.example 10.2.0.1`, `web.${name} 10.1.0.1`])
      .toSorted();
  assert.deepEqual(await seen(), of("a"), "the system's namespace counts like any other");
  label("b", "yes");
  assert.deepEqual(await seen(), of("a", "b"));
  label("a", "no");
  assert.deepEqual(await seen(), of("b"));
  api.put("/api/v1/services", { namespace: "a", name: "more", more: SERVICE });
  assert.deepEqual(await seen(), of("b"), "what comes in the others is not seen");
  namespaces.select([selector("no")]);
  assert.deepEqual(await seen(), [...of("a"), "more.a "].toSorted());
  label("istio-system", "no");
  api.remove("/api/v1/services", { namespace: "a", name: "more" });
  assert.deepEqual(await seen(), of("a", "istio-system"));
  namespaces.select([]);
  assert.deepEqual(await seen(), of("a", "b", "istio-system"));
});
