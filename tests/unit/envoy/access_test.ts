/**
 * Policies about calls as Envoy's filters, held against what Istio's documentation and control plane make of each field. That Envoy takes
 * and obeys them is shown in tests/integration/sidecar.
 */
import assert from "node:assert/strict";
import { createAccesses } from "signet/mesh/mod.ts";
import { createGenerator, find, loadEncoder } from "signet/envoy/mod.ts";
import { parseNode } from "signet/mesh/mod.ts";
import { httpAuthorization, tcpAuthorization } from "../../../lib/envoy/rbac/filters.ts";
import { meshOf } from "../../support/mesh.ts";

const WORKLOAD = { namespace: "shop", labels: { app: "web" } };

function document(kind: string, spec: string, { name = "p", namespace = "shop", more = "" } = {}) {
  return `---
apiVersion: security.istio.io/v1
kind: ${kind}
metadata: { name: ${name}, namespace: ${namespace}${more} }
spec: { ${spec} }
`;
}

const policy = (spec: string, more = {}) => document("AuthorizationPolicy", spec, more);
const tokens = (spec: string, more = {}) => document("RequestAuthentication", spec, more);

function accessOf(yaml: string, workload = WORKLOAD) {
  return createAccesses().of(meshOf(yaml).policies, workload, "istio-system");
}

/** What is in the filters of a policy's only rule. */
// deno-lint-ignore no-explicit-any -- plain data whose shape is what is tested
function ruleOf(spec: string, as: "http" | "tcp" = "http", trustDomain = "td.example"): any {
  const access = accessOf(policy(spec));
  const make = as === "http" ? httpAuthorization : tcpAuthorization;
  // deno-lint-ignore no-explicit-any -- the same
  const [filter] = make(access, trustDomain) as any[];
  return filter.typedConfig.rules.policies["ns[shop]-policy[p]-rule[0]"];
}

Deno.test("createAccesses() finds the policies of the namespace and the root namespace that select a workload", () => {
  const yaml = policy("rules: [{}]", { name: "all" }) +
    policy("selector: { matchLabels: { app: web } }", { name: "mine" }) +
    policy("selector: { matchLabels: { app: other } }", { name: "others" }) +
    policy("rules: [{}]", { name: "root", namespace: "istio-system" }) +
    policy("rules: [{}]", { name: "far", namespace: "zoo" }) +
    policy("targetRefs: [{ kind: Gateway, group: gateway.networking.k8s.io, name: g }]", {
      name: "gateway",
    });
  const names = (namespace: string) =>
    accessOf(yaml, { ...WORKLOAD, namespace }).authorization.map(({ name }) => name);
  assert.deepEqual(names("shop"), ["root", "all", "mine"]);
  assert.deepEqual(names("istio-system"), ["root"]);
  assert.deepEqual(names("nowhere"), ["root"]);
});

Deno.test("createAccesses() gives one object to all to whom the same policies apply, until one changes", () => {
  const accesses = createAccesses();
  const mesh = meshOf(policy("rules: [{}]") + tokens(`jwtRules: [{ issuer: a }]`));
  const of = (snapshot: typeof mesh, app: string) =>
    accesses.of(snapshot.policies, { namespace: "shop", labels: { app } }, "istio-system");
  assert.equal(of(mesh, "web"), of(mesh, "db"));
  const same = meshOf(policy("rules: [{}]") + tokens(`jwtRules: [{ issuer: a }]`), {
    previous: mesh,
  });
  assert.equal(same, mesh);
  const other = meshOf(policy("rules: []") + tokens(`jwtRules: [{ issuer: a }]`), {
    previous: mesh,
  });
  assert.notEqual(of(other, "web"), of(mesh, "web"));
  assert.equal(other.services, mesh.services, "services do not depend on who calls");
});

Deno.test("httpAuthorization() audits, then denies, then allows, and only counts what is tried out", () => {
  const yaml = policy("rules: [{}]", { name: "allow" }) +
    policy("action: DENY, rules: [{}]", { name: "deny" }) +
    policy("action: AUDIT, rules: [{}]", { name: "audit" }) +
    policy("action: CUSTOM, provider: { name: x }, rules: [{}]", { name: "ask" }) +
    policy("action: DENY, rules: [{}]", {
      name: "try",
      more: `, annotations: { istio.io/dry-run: "true" }`,
    });
  // deno-lint-ignore no-explicit-any -- plain data whose shape is what is tested
  const filters = httpAuthorization(accessOf(yaml), "td") as any[];
  assert.deepEqual(filters.map(({ name }) => name), Array(4).fill("envoy.filters.http.rbac"));
  assert.deepEqual(
    filters.map(({ typedConfig: { rules } }) => [rules.action, Object.keys(rules.policies)]),
    [
      ["DENY", ["ns[shop]-policy[ask]-rule[0]-deny-due-to-bad-CUSTOM-action"]],
      ["LOG", ["ns[shop]-policy[audit]-rule[0]"]],
      ["DENY", ["ns[shop]-policy[deny]-rule[0]"]],
      ["ALLOW", ["ns[shop]-policy[allow]-rule[0]"]],
    ],
  );
  const { shadowRules, shadowRulesStatPrefix } = filters[2].typedConfig;
  assert.equal(shadowRulesStatPrefix, "istio_dry_run_deny_");
  assert.deepEqual(Object.keys(shadowRules.policies), ["ns[shop]-policy[try]-rule[0]"]);
  const [onlyTried] = httpAuthorization(
    accessOf(policy("rules: []", { more: `, annotations: { istio.io/dry-run: "1" }` })),
    "td",
    // deno-lint-ignore no-explicit-any -- the same
  ) as any[];
  assert.equal(onlyTried.typedConfig.rules, undefined);
  assert.equal(onlyTried.typedConfig.shadowRulesStatPrefix, "istio_dry_run_allow_");
});

Deno.test("a policy without rules matches nothing, an empty rule everything", () => {
  assert.deepEqual(ruleOf("rules: []"), {
    permissions: [{ notRule: { any: true } }],
    principals: [{ notId: { any: true } }],
  });
  assert.deepEqual(ruleOf("rules: [{}]"), {
    permissions: [{ andRules: { rules: [{ any: true }] } }],
    principals: [{ andIds: { ids: [{ any: true }] } }],
  });
});

Deno.test("each field of a source is the matcher that Istio makes of it", async (t) => {
  const identity = (principalName: unknown) => ({ authenticated: { principalName } });
  const regex = (text: string) => identity({ safeRegex: { regex: text } });
  const claim = (name: string, stringMatch: unknown) => ({
    metadata: {
      filter: "envoy.filters.http.jwt_authn",
      path: [{ key: "payload" }, { key: name }],
      value: { stringMatch },
    },
  });
  const subject = (iss: unknown, sub: unknown) => ({
    andIds: { ids: [claim("iss", iss), claim("sub", sub)] },
  });
  const any = { safeRegex: { regex: ".+" } };
  const rows: readonly (readonly [string, unknown])[] = [
    [`principals: ["td/ns/a/sa/b"]`, identity({ exact: "spiffe://td/ns/a/sa/b" })],
    [
      `principals: ["cluster.local/ns/a/sa/b"]`,
      identity({ exact: "spiffe://td.example/ns/a/sa/b" }),
    ],
    [`principals: ["*"]`, identity(any)],
    [`principals: ["td/ns/*"]`, identity({ prefix: "spiffe://td/ns/" })],
    [`principals: ["*/sa/a.b"]`, regex("spiffe://.*/sa/a\\.b")],
    [`namespaces: ["a"]`, regex(".*/ns/a/.*")],
    [`namespaces: ["a.*"]`, regex(".*/ns/a\\..*/.*")],
    [`serviceAccounts: ["sa"]`, regex("spiffe://.+/ns/shop/(.+/|)sa/sa(/.+)?")],
    [`serviceAccounts: ["zoo/s.a"]`, regex("spiffe://.+/ns/zoo/(.+/|)sa/s\\.a(/.+)?")],
    [`trustDomains: ["td"]`, identity({ prefix: "spiffe://td/" })],
    [`trustDomains: ["*"]`, identity({ prefix: "spiffe://" })],
    [`trustDomains: ["*.td"]`, regex("spiffe://[^/]*\\.td/.*")],
    [`ipBlocks: ["10.0.0.0/8"]`, { directRemoteIp: { addressPrefix: "10.0.0.0", prefixLen: 8 } }],
    [`ipBlocks: ["fe80::1%eth0"]`, {
      directRemoteIp: { addressPrefix: "fe80::1", prefixLen: 128 },
    }],
    [`ipBlocks: ["fd00::1"]`, { directRemoteIp: { addressPrefix: "fd00::1", prefixLen: 128 } }],
    [`remoteIpBlocks: ["10.0.0.1"]`, { remoteIp: { addressPrefix: "10.0.0.1", prefixLen: 32 } }],
    [`requestPrincipals: ["https://i/a/sub"]`, subject({ exact: "https://i/a" }, { exact: "sub" })],
    [`requestPrincipals: ["*"]`, subject(any, any)],
    [`requestPrincipals: ["*/sub"]`, subject(any, { exact: "sub" })],
    [`requestPrincipals: ["*i/sub"]`, subject({ suffix: "i" }, { exact: "sub" })],
    [`requestPrincipals: ["i/*"]`, subject({ exact: "i" }, any)],
    [`requestPrincipals: ["i/s*"]`, subject({ exact: "i" }, { prefix: "s" })],
    [`requestPrincipals: ["i*"]`, subject({ prefix: "i" }, any)],
    [`requestPrincipals: ["*s"]`, subject(any, { suffix: "s" })],
  ];
  for (const [source, matcher] of rows) {
    await t.step(source, () => {
      const rule = `rules: [{ from: [{ source: { ${source} } }] }]`;
      assert.deepEqual(ruleOf(rule).principals, [
        { andIds: { ids: [{ orIds: { ids: [matcher] } }] } },
      ]);
      const not = `not${source[0]!.toUpperCase()}${source.slice(1)}`;
      assert.deepEqual(ruleOf(`rules: [{ from: [{ source: { ${not} } }] }]`).principals, [
        { andIds: { ids: [{ notId: { orIds: { ids: [matcher] } } }] } },
      ]);
    });
  }
});

Deno.test("each field of an operation and each condition is the matcher that Istio makes of it", async (t) => {
  const header = (name: string, match: unknown) => ({ header: { name, ...match as object } });
  const template = (pathTemplate: string) => ({
    uriTemplate: {
      name: "uri-template",
      typedConfig: {
        "@type":
          "type.googleapis.com/envoy.extensions.path.match.uri_template.v3.UriTemplateMatchConfig",
        pathTemplate,
      },
    },
  });
  const long = `/${"a".repeat(250)}/{*}/b.c/{**}`;
  const operations: readonly (readonly [string, unknown])[] = [
    [
      `hosts: ["*.example"]`,
      header(":authority", { stringMatch: { suffix: ".example", ignoreCase: true } }),
    ],
    [`hosts: ["*"]`, header(":authority", { presentMatch: true })],
    [`methods: [GET]`, header(":method", { stringMatch: { exact: "GET" } })],
    [`paths: ["/a*"]`, { urlPath: { path: { prefix: "/a" } } }],
    [`paths: ["/a/{*}/b/{**}"]`, template("/a/*/b/**")],
    [`paths: ["${long}"]`, {
      urlPath: {
        path: { safeRegex: { regex: `/${"a".repeat(250)}/[^/]+/b\\.c/.*` } },
      },
    }],
    [`paths: ["{*}/a"]`, { urlPath: { path: { safeRegex: { regex: "[^/]+/a" } } } }],
    [`paths: ["//{*}"]`, { urlPath: { path: { safeRegex: { regex: "//[^/]+" } } } }],
    [`paths: ["/{*}//"]`, { urlPath: { path: { safeRegex: { regex: "/[^/]+//" } } } }],
    [`paths: ["/{*}/"]`, template("/*/")],
    [`ports: ["80"]`, { destinationPort: 80 }],
  ];
  for (const [operation, matcher] of operations) {
    await t.step(operation.slice(0, 40), () => {
      assert.deepEqual(
        ruleOf(`rules: [{ to: [{ operation: { ${operation} } }] }]`).permissions,
        [{ andRules: { rules: [{ orRules: { rules: [matcher] } }] } }],
      );
    });
  }
  const list = (path: string[], stringMatch: unknown) => ({
    metadata: {
      filter: "envoy.filters.http.jwt_authn",
      path: ["payload", ...path].map((key) => ({ key })),
      value: {
        orMatch: { valueMatchers: [{ listMatch: { oneOf: { stringMatch } } }, { stringMatch }] },
      },
    },
  });
  const principals: readonly (readonly [string, unknown])[] = [
    [
      `key: "request.headers[x-a]", values: [v]`,
      { orIds: { ids: [header("x-a", { stringMatch: { exact: "v" } })] } },
    ],
    [`key: "request.auth.claims[a][b]", values: [v]`, list(["a", "b"], { exact: "v" })],
    [
      `key: "request.auth.claims[https://a/[b]]", values: [v]`,
      list(["https://a/[b]"], { exact: "v" }),
    ],
    [`key: request.auth.audiences, values: ["v*"]`, list(["aud"], { prefix: "v" })],
    [`key: request.auth.presenter, values: ["*"]`, list(["azp"], { safeRegex: { regex: ".+" } })],
    [
      `key: source.ip, values: ["1.2.3.4"]`,
      { orIds: { ids: [{ directRemoteIp: { addressPrefix: "1.2.3.4", prefixLen: 32 } }] } },
    ],
  ];
  for (const [condition, matcher] of principals) {
    await t.step(condition, () => {
      assert.deepEqual(ruleOf(`rules: [{ when: [{ ${condition} }] }]`).principals, [
        { andIds: { ids: [matcher] } },
      ]);
    });
  }
  const permissions: readonly (readonly [string, unknown])[] = [
    [
      `key: connection.sni, values: [a.example]`,
      { orRules: { rules: [{ requestedServerName: { exact: "a.example" } }] } },
    ],
    [`key: "experimental.envoy.filters.a.b[c]", values: ["[v]"]`, {
      metadata: {
        filter: "envoy.filters.a.b",
        path: [{ key: "c" }],
        value: { listMatch: { oneOf: { stringMatch: { exact: "v" } } } },
      },
    }],
  ];
  for (const [condition, matcher] of permissions) {
    await t.step(condition, () => {
      assert.deepEqual(ruleOf(`rules: [{ when: [{ ${condition} }] }]`).permissions, [
        { andRules: { rules: [matcher] } },
      ]);
    });
  }
});

Deno.test("on bytes, a rule that allows by what requests have is none, and one that denies denies without it", () => {
  const spec =
    `rules: [{ from: [{ source: { namespaces: [a] } }], to: [{ operation: { paths: [/x], ports: ["80"] } }] }]`;
  assert.equal(ruleOf(spec, "tcp"), undefined);
  assert.deepEqual(ruleOf(`action: DENY, ${spec}`, "tcp").permissions, [
    { andRules: { rules: [{ orRules: { rules: [{ destinationPort: 80 }] } }] } },
  ]);
});

Deno.test("a header that no request can have fulfils nothing, and its absence everything", () => {
  const when = (values: string) =>
    ruleOf(`rules: [{ when: [{ key: "request.headers[a\\nb]", ${values}: [v] }] }]`).principals;
  assert.deepEqual(when("values"), [{ andIds: { ids: [{ notId: { any: true } }] } }]);
  assert.deepEqual(when("notValues"), [{ andIds: { ids: [{ notId: { notId: { any: true } } }] } }]);
});

Deno.test("a condition whose key cannot be read leaves a rule that allows out, and a rule that denies denies without it", async (t) => {
  const keys = ["request.headersx[a]", "request.auth.claimsx[a]", "request.auth.claims[a][]"];
  for (const key of keys) {
    for (const values of ["values", "notValues"]) {
      await t.step(`${key} ${values}`, () => {
        const spec = `rules: [{ when: [{ key: "${key}", ${values}: [v] }] }]`;
        assert.equal(ruleOf(spec), undefined);
        assert.deepEqual(ruleOf(`action: DENY, ${spec}`).principals, [
          { andIds: { ids: [{ any: true }] } },
        ]);
      });
    }
  }
  const filters = httpAuthorization(
    accessOf(policy(`rules: [{ when: [{ key: "request.headersx[a]", notValues: [v] }] }]`)),
    "td",
  );
  assert.equal(filters.length, 1, "a filter that allows nothing");
});

Deno.test("configOf() encodes whatever a policy of odd texts says, and changes listeners alone", async () => {
  const generator = createGenerator(await loadEncoder());
  const sidecar = `---
apiVersion: networking.istio.io/v1
kind: Sidecar
metadata: { name: s, namespace: shop }
spec: { ingress: [{ port: { number: 8080, name: http, protocol: HTTP } }, { port: { number: 8081, name: tcp, protocol: TCP } }] }
`;
  const node = parseNode({
    id: "sidecar~10.0.0.3~web-1.shop~shop.svc.cluster.local",
    metadata: { INTERCEPTION_MODE: "NONE" },
  });
  assert.ok(node.ok);
  const odd = ["(", "[", "\\\\", "\\ud800", "\\u0000", "é", "__proto__", "a".repeat(4_000), "{*}"];
  const quoted = odd.map((each) => `"/${each}"`).join();
  const before = meshOf(sidecar);
  const after = meshOf(
    sidecar + policy(
      `action: DENY, rules: [{ from: [{ source: { principals: [${quoted}], namespaces: [${quoted}], requestPrincipals: [${quoted}] } }], to: [{ operation: { hosts: [${quoted}] } }], when: [{ key: "request.auth.claims[(]", values: [${quoted}] }, { key: "request.headers[é]", values: [${quoted}] }] }]`,
    ) +
      tokens(
        `jwtRules: [{ issuer: "\\ud800", audiences: [${quoted}], fromHeaders: [{ name: "a\\nb" }] }, { issuer: b, outputPayloadToHeader: "\\r" }]`,
      ),
    { previous: before },
  );
  const [one, two] = [before, after].map((mesh) => generator.configOf(mesh, node.proxy));
  for (const name of ["10.0.0.3_8080", "10.0.0.3_8081"]) {
    const [plain, guarded] = [one!, two!].map(({ listeners }) => find(listeners, name)!.bytes);
    assert.ok(guarded!.length > plain!.length);
  }
  assert.deepEqual(find(two!.clusters, "inbound|8080||"), find(one!.clusters, "inbound|8080||"));
  assert.equal(two!.routes[0], one!.routes[0]);
});
