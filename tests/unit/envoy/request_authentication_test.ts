/** RequestAuthentication as Envoy's filter of tokens. That Envoy takes and obeys it is shown in tests/integration/sidecar. */
import assert from "node:assert/strict";
import { createAccesses } from "signet/mesh/mod.ts";
import { jwtFilter, keyClusters } from "../../../lib/envoy/request_authentication.ts";
import { meshOf } from "../../support/mesh.ts";

function tokens(spec: string): string {
  return `---
apiVersion: security.istio.io/v1
kind: RequestAuthentication
metadata: { name: p, namespace: shop }
spec: { ${spec} }
`;
}

function accessOf(yaml: string) {
  const workload = { namespace: "shop", labels: { app: "web" } };
  return createAccesses().of(meshOf(yaml).policies, workload, "istio-system");
}

// deno-lint-ignore no-explicit-any -- plain data whose shape is what is tested
function jwtOf(spec: string): any {
  return jwtFilter(accessOf(tokens(spec)))?.typedConfig;
}

Deno.test("jwtFilter() lets a missing token pass, and takes one of several issuers", () => {
  const one = jwtOf(
    `jwtRules: [{ issuer: a, fromHeaders: [{ name: x, prefix: "T " }], fromParams: [q], audiences: [aud] }]`,
  );
  assert.deepEqual(one.rules, [{
    match: { prefix: "/" },
    requires: {
      requiresAny: { requirements: [{ providerName: "origins-0" }, { allowMissing: {} }] },
    },
  }]);
  const provider = one.providers["origins-0"];
  assert.deepEqual(provider.fromHeaders, [{ name: "x", valuePrefix: "T " }]);
  assert.deepEqual([provider.fromParams, provider.audiences], [["q"], ["aud"]]);
  assert.deepEqual(provider.normalizePayloadInMetadata, {
    spaceDelimitedClaims: ["permission", "scope"],
  });
  assert.equal(provider.payloadInMetadata, "payload");
  const two = jwtOf(`jwtRules: [{ issuer: b }, { issuer: a }]`);
  assert.deepEqual(
    ["origins-0", "origins-1"].map((name) => two.providers[name].issuer),
    ["a", "b"],
  );
  const all = two.rules[0].requires.requiresAny.requirements;
  assert.deepEqual(all.slice(0, 2), [{ providerName: "origins-0" }, { providerName: "origins-1" }]);
  assert.equal(all[2].requiresAll.requirements.length, 2);
  assert.equal(jwtFilter(accessOf("")), undefined);
});

Deno.test("jwtFilter() checks tokens of a rule wherever a request can have them", () => {
  const providerOf = (rule: string) =>
    jwtOf(`jwtRules: [{ issuer: a, ${rule} }]`)?.providers["origins-0"];
  const kept = providerOf(
    `fromHeaders: [{ name: "a\\nb" }, { name: x }], outputPayloadToHeader: "\\r"`,
  );
  assert.deepEqual(kept.fromHeaders, [{ name: "x", valuePrefix: "" }]);
  assert.equal(kept.forwardPayloadHeader, undefined);
  assert.equal(providerOf(`outputPayloadToHeader: "\\r"`).issuer, "a");
  const params = providerOf(`fromHeaders: [{ name: "a\\nb" }], fromParams: [q]`);
  assert.deepEqual([params.fromHeaders, params.fromParams], [[], ["q"]]);
  assert.equal(providerOf(`fromHeaders: [{ name: x, prefix: "a\\nb" }]`), undefined);
});

Deno.test("jwtFilter() gives proxies no private keys, and never a set without a key", () => {
  const keysOf = (rule: string) =>
    JSON.parse(
      jwtOf(`jwtRules: [{ issuer: a${rule} }]`).providers["origins-0"].localJwks.inlineString,
    )
      .keys as Record<string, unknown>[];
  const [none] = keysOf("");
  assert.equal(none?.["kid"], "nobody");
  const rsa = { kty: "RSA", n: "AQAB", e: "AQAB", d: "AQAB", p: "AQAB", kid: "k" };
  for (const jwks of [{ keys: [rsa] }, rsa]) {
    const [key, nobody, ...more] = keysOf(`, jwks: '${JSON.stringify(jwks)}'`);
    assert.deepEqual(key, { kty: "RSA", n: "AQAB", e: "AQAB", kid: "k" });
    assert.equal(nobody?.["kid"], "nobody");
    assert.deepEqual(more, []);
  }
  const deep = `{"kty":"RSA","n":"AQAB","e":"AQAB","x5c":["AQ"],"o":${"[".repeat(9e4)}${
    "]".repeat(9e4)
  }}`;
  assert.deepEqual(keysOf(`, jwks: '${deep}'`)[0], {
    ...{ kty: "RSA", n: "AQAB", e: "AQAB", x5c: ["AQ"] },
  });
});

Deno.test("keyClusters() has one cluster for each place that keys are fetched from", () => {
  const rule = (uri: string) => `{ issuer: a, jwksUri: "${uri}" }`;
  const clusters = keyClusters(
    accessOf(tokens(`jwtRules: [${
      [
        "https://issuer.example/a",
        "https://issuer.example/b",
        "http://10.0.0.1:8080/k",
        "https://[fd00::1]/k",
        "http://issuer.example/k",
      ].map(rule)
    }]`)),
  );
  assert.deepEqual(clusters.map(({ name, type }) => [name, type]), [
    ["jwks|443|tls|issuer.example", "STRICT_DNS"],
    ["jwks|8080|plain|10.0.0.1", "STATIC"],
    ["jwks|443|tls|fd00::1", "STATIC"],
    ["jwks|80|plain|issuer.example", "STRICT_DNS"],
  ]);
  const text = JSON.stringify(clusters[0]);
  assert.match(text, /"sni":"issuer\.example"/);
  assert.match(text, /"sanType":"DNS","matcher":\{"exact":"issuer\.example"\}/);
  assert.match(text, /"name":"file-root:system"/);
  assert.equal(clusters[1]!.transportSocket, undefined);
});
