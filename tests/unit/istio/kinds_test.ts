import assert from "node:assert/strict";
import { parse } from "yaml";
import { formatPath, type IstioKind, parseDocument } from "signet/istio/mod.ts";

const GROUPS: Partial<Record<IstioKind, string>> = { PeerAuthentication: "security.istio.io/v1" };

function parsed(kind: IstioKind, spec: string, name = "one") {
  const apiVersion = GROUPS[kind] ?? "networking.istio.io/v1";
  return parseDocument({
    apiVersion,
    kind,
    metadata: { name, namespace: "shop" },
    spec: parse(spec) as unknown,
  });
}

Deno.test("parseDocument() gives fields that are not written the zeros of Istio's API", () => {
  const { document } = parsed(
    "VirtualService",
    "{ hosts: [a], http: [{ route: [{ destination: { host: b } }], timeout: 1.5s }] }",
  );
  assert.equal(document?.kind, "VirtualService");
  if (document?.kind !== "VirtualService") return;
  const [route] = document.spec.http;
  assert.equal(route?.timeout, 1500);
  assert.equal(route?.retries, undefined);
  assert.deepEqual(route?.match, []);
  assert.deepEqual(route?.route, [{
    destination: { host: "b", subset: "", port: undefined },
    weight: 0,
    headers: undefined,
  }]);
  assert.deepEqual(document.spec.tls, []);
});

Deno.test("parseDocument() names the field of what is wrong", async (t) => {
  const table: readonly (readonly [IstioKind, string, readonly string[]])[] = [
    ["PeerAuthentication", "{ mtls: { mode: STRIKT } }", ["spec.mtls.mode"]],
    ["PeerAuthentication", "{ portLevelMtls: { 80: { mode: STRICT } } }", ["spec.portLevelMtls"]],
    [
      "DestinationRule",
      "{ host: a, trafficPolicy: { connectionPool: { tcp: { connectTimeout: 1 } } } }",
      [
        "spec.trafficPolicy.connectionPool.tcp.connectTimeout",
      ],
    ],
    ["DestinationRule", "{ host: a, subsets: [{ name: v1, label: {} }] }", [
      "spec.subsets[0].label",
    ]],
    [
      "VirtualService",
      "{ hosts: [a], http: [{ match: [{ uri: { regex: '(?=a)' } }], route: [{ destination: { host: b } }] }] }",
      [
        "spec.http[0].match[0].uri.regex",
      ],
    ],
    ["VirtualService", "{ hosts: [a], http: [{}] }", ["spec.http[0].route"]],
    ["Gateway", "{ servers: [{ hosts: [a], port: { number: 80, name: http, protocol: HTTP } }] }", [
      "spec.servers[0].hosts[0]",
    ]],
    ["Sidecar", "{ egress: [{ hosts: [a] }] }", ["spec.egress[0].hosts[0]"]],
    ["Sidecar", "{}", ["spec"]],
  ];
  for (const [kind, spec, fields] of table) {
    await t.step(`${kind} ${spec}`, () => {
      const { document, faults } = parsed(kind, spec);
      assert.deepEqual(faults.map(({ path }) => formatPath(path)), fields, JSON.stringify(faults));
      assert.equal(document, undefined);
    });
  }
});

Deno.test("parseDocument() can warn of unknown fields, for objects that an API server has let through", () => {
  const value = {
    apiVersion: "security.istio.io/v1",
    kind: "PeerAuthentication",
    metadata: { name: "one" },
    spec: { mtls: { mode: "STRICT" }, later: true },
  };
  const { document, faults, warnings } = parseDocument(value, { unknownFields: "warn" });
  assert.equal(document?.kind, "PeerAuthentication");
  assert.deepEqual(faults, []);
  assert.deepEqual(warnings.map(({ path }) => formatPath(path)), ["spec.later"]);
  assert.equal(parseDocument(value).faults.length, 1);
});
