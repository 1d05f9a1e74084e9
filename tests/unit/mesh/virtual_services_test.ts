/** Routes of a proxy: what delegates may bring, and who shares what. */
import assert from "node:assert/strict";
import { createScopes } from "signet/mesh/mod.ts";
import { meshOf, serviceEntry } from "../../support/mesh.ts";

function virtual(name: string, spec: string, namespace = "default"): string {
  return `---
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: { name: ${name}, namespace: ${namespace} }
spec: { ${spec} }
`;
}

const APP = serviceEntry({ name: "app" });
const matches = (count: number, prefix: string) =>
  Array.from({ length: count }, (_, at) => `{ uri: { prefix: ${prefix}${at} } }`).join();

Deno.test("createScopes() pairs no more matches of delegates than its bound", () => {
  const root = (count: number) =>
    virtual(
      "a",
      `hosts: [app.example], http: [{ match: [${matches(count, "/")}], delegate: { name: d } }]`,
    );
  const delegate = virtual(
    "d",
    `http: [{ match: [${matches(400, "/1/")}], directResponse: { status: 200 } }]`,
  );
  const routes = (count: number) =>
    createScopes().scopeOf(meshOf(APP + root(count) + delegate), { namespace: "shop" })
      .traffic.routings[0]!.http;
  const [few] = routes(240);
  assert.equal(few?.match.length, 400, "all of one root");
  assert.deepEqual(routes(260), [], "260 by 400 is beyond");
});

Deno.test("createScopes() gives proxies one scope unless something is for one of them", () => {
  const scopes = createScopes();
  const scope = (yaml: string, namespace: string, labels: Record<string, string> = {}) =>
    scopes.scopeOf(meshes.get(yaml) ?? add(yaml), { namespace, labels });
  const meshes = new Map<string, ReturnType<typeof meshOf>>();
  const add = (yaml: string) => {
    const mesh = meshOf(yaml);
    meshes.set(yaml, mesh);
    return mesh;
  };
  const all = APP +
    virtual("a", "hosts: [app.example], http: [{ directResponse: { status: 200 } }]");
  assert.equal(scope(all, "shop"), scope(all, "zoo", { app: "web" }));
  const some = APP + virtual(
    "a",
    "hosts: [app.example], http: [{ match: [{ sourceLabels: { app: web } }], directResponse: { status: 200 } }]",
  );
  assert.notEqual(scope(some, "shop"), scope(some, "shop", { app: "web" }));
  assert.equal(scope(some, "shop"), scope(some, "zoo", { other: "label" }));
  const own = APP + virtual(
    "a",
    `hosts: [app.example], exportTo: ["."], http: [{ directResponse: { status: 200 } }]`,
    "shop",
  );
  assert.notEqual(scope(own, "shop"), scope(own, "zoo"));
});
