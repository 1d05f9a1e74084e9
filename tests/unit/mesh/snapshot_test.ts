/** What did not change stays the same object: that is how a push knows what to leave out. */
import assert from "node:assert/strict";
import { createScopes } from "signet/mesh/mod.ts";
import { meshOf, serviceEntry, SETTINGS } from "../../support/mesh.ts";

const A = serviceEntry({ name: "a", endpoints: "[{ address: 10.0.0.1, serviceAccount: sa }]" });
const B = serviceEntry({ name: "b", endpoints: "[{ address: 10.0.0.2 }]" });

Deno.test("buildSnapshot() keeps what says the same, and replaces endpoints without their service", () => {
  const before = meshOf(A + B);
  const same = meshOf(A + B, { previous: before });
  assert.equal(same, before);
  const moved = meshOf(A.replace("10.0.0.1", "10.0.0.9") + B, { previous: before });
  assert.notEqual(moved.services[0], before.services[0]);
  assert.equal(moved.services[0]!.facts, before.services[0]!.facts);
  assert.equal(moved.services[1], before.services[1]);
  const other = meshOf(A.replace("sa }", "sb }") + B, { previous: before });
  assert.notEqual(other.services[0]!.facts, before.services[0]!.facts, "another identity");
  assert.equal(other.services[1], before.services[1]);
});

Deno.test("buildSnapshot() finds what did not change beside services that come, go and are replaced", () => {
  const all = ["a", "b", "c", "d", "e"].map((name) => serviceEntry({ name })).join("");
  const before = meshOf(all);
  const [a, b, c, d, e] = before.services;
  const without = meshOf(all.replace(serviceEntry({ name: "b" }), ""), { previous: before });
  assert.deepEqual(without.services, [a, c, d, e]);
  assert.ok(without.services.every((service) => before.services.includes(service)));
  const more = meshOf(all.replaceAll("port: 8080", "port: 80") + serviceEntry({ name: "bb" }), {
    previous: without,
  });
  assert.equal(more.services.length, 6);
  assert.deepEqual([more.services[0], more.services[3], more.services[5]], [a, c, e]);
  assert.equal(more.services[0], a);
  assert.equal(more.services[3], c);
  assert.equal(more.services[5], e);
  assert.equal(more.services[1] === b, false, "what was gone is made anew");
});

Deno.test("buildSnapshot() names the identities of a service, and who takes mutual TLS", () => {
  const yaml = serviceEntry({
    name: "a",
    endpoints: `[
      { address: 10.0.0.1, serviceAccount: sb }, { address: 10.0.0.2, serviceAccount: sa },
      { address: 10.0.0.3, serviceAccount: sa, labels: { security.istio.io/tlsMode: disabled } },
      { address: 10.0.0.4 }, { address: 10.0.0.5, labels: { security.istio.io/tlsMode: istio } }]`,
    more: "subjectAltNames: [spiffe://other/x]",
  });
  const [service] = meshOf(yaml, { settings: { ...SETTINGS, trustDomain: "td" } }).services;
  assert.deepEqual(service!.facts.identities, [
    "spiffe://other/x",
    "spiffe://td/ns/default/sa/sa",
    "spiffe://td/ns/default/sa/sb",
  ]);
  assert.deepEqual(
    service!.endpoints.map(({ address, meshTlsPorts }) => [address, meshTlsPorts.join()]),
    [
      ["10.0.0.1", "main"],
      ["10.0.0.2", "main"],
      ["10.0.0.3", ""],
      ["10.0.0.4", ""],
      ["10.0.0.5", "main"],
    ],
  );
  const outside = yaml.replace("MESH_INTERNAL", "MESH_EXTERNAL");
  assert.ok(meshOf(outside).services[0]!.endpoints.every((each) => each.meshTlsPorts.length === 0));
});

Deno.test("createScopes() shows a namespace what is exported to it, and shares what is the same", () => {
  const scopes = createScopes();
  const hidden = serviceEntry({ name: "own", more: "exportTo: [shop]" });
  const mesh = meshOf(A + hidden);
  const hosts = (namespace: string) =>
    scopes.scopeOf(mesh, { namespace }).traffic.facts.map(({ host }) => host);
  assert.deepEqual(hosts("shop"), ["a.example", "own.example"]);
  assert.deepEqual(hosts("default"), ["a.example"]);
  assert.equal(
    scopes.scopeOf(mesh, { namespace: "x" }),
    scopes.scopeOf(mesh, { namespace: "default" }),
  );
  const moved = meshOf(A.replace("10.0.0.1", "10.0.0.9") + hidden, { previous: mesh });
  const [before, after] = [mesh, moved].map((each) => scopes.scopeOf(each, { namespace: "shop" }));
  assert.notEqual(after, before);
  assert.equal(after!.traffic, before!.traffic, "endpoints are no facts");
});

Deno.test("createScopes() prefers the service of the proxy's own namespace under one host", () => {
  const twice = A + A.replace("metadata: { name: a }", "metadata: { name: a, namespace: zoo }");
  const mesh = meshOf(twice);
  const own = (namespace: string) =>
    createScopes().scopeOf(mesh, { namespace }).traffic.facts.map((facts) => facts.namespace);
  assert.deepEqual(own("zoo"), ["zoo"]);
  assert.deepEqual(own("default"), ["default"]);
  assert.deepEqual(own("elsewhere"), ["default"]);
});
