import assert from "node:assert/strict";
import fc from "fast-check";
import { ISTIO_KINDS, type IstioKind, parseDocument } from "signet/istio/mod.ts";

const SECURITY = ["AuthorizationPolicy", "PeerAuthentication", "RequestAuthentication"];

function document(kind: IstioKind, spec: unknown): unknown {
  const group = SECURITY.includes(kind) ? "security.istio.io" : "networking.istio.io";
  const version = kind === "ProxyConfig" ? "v1beta1" : "v1";
  return { apiVersion: `${group}/${version}`, kind, metadata: { name: "one" }, spec };
}

/** Texts `from(0)`, `from(1)` ... */
function many<T>(length: number, from: (at: number) => T): readonly T[] {
  return Array.from({ length }, (_, at) => from(at));
}

const ROUTE = [{ destination: { host: "a" } }];

Deno.test("parseDocument() keeps twenty findings of a document that is all wrong", () => {
  const { faults, document: read } = parseDocument(
    document("VirtualService", { hosts: many(9_000, (at) => `-${at}`), nothing: 1 }),
  );
  assert.equal(read, undefined);
  assert.equal(faults.length, 20);
  const warned = parseDocument(
    document("VirtualService", { hosts: ["a"], http: many(5_000, () => ({ route: ROUTE })) }),
  );
  assert.deepEqual(warned.faults, []);
  assert.equal(warned.warnings.length, 20);
});

Deno.test("parseDocument() takes lists as long as they may be, of what has to be compared with all the rest", async (t) => {
  const port = { protocol: "HTTP" };
  const table: readonly (readonly [string, IstioKind, unknown])[] = [
    ["hosts", "VirtualService", {
      hosts: many(10_000, (at) => `${"a".repeat(60)}.${at}.example`),
      http: [{ route: ROUTE }],
    }],
    ["names of TLS", "VirtualService", {
      hosts: many(10_000, (at) => `h${at}.example`),
      tls: [{ match: [{ sniHosts: many(10_000, (at) => `h${at}.example`) }], route: ROUTE }],
    }],
    ["prefixes", "VirtualService", {
      hosts: ["a"],
      http: many(
        10_000,
        (at) => ({ match: [{ uri: { prefix: `/${10_000 - at}/` } }], route: ROUTE }),
      ),
    }],
    ["subsets", "DestinationRule", {
      host: "a",
      subsets: many(10_000, (at) => ({ name: `s${at}` })),
    }],
    ["localities", "DestinationRule", {
      host: "a",
      trafficPolicy: {
        loadBalancer: {
          localityLbSetting: {
            distribute: many(10_000, (at) => ({ from: `r${at}`, to: { x: 100 } })),
          },
        },
      },
    }],
    ["servers", "Gateway", {
      servers: many(
        10_000,
        (at) => ({ port: { ...port, number: 80, name: `p${at}` }, hosts: ["*"] }),
      ),
    }],
    ["slashes", "AuthorizationPolicy", {
      rules: [{ to: [{ operation: { paths: many(900, () => `/a${"/".repeat(4_000)}b`) } }] }],
    }],
    ["listeners", "Sidecar", {
      egress: many(10_000, (at) => ({ port: { ...port, number: at + 1 }, hosts: ["./*"] })),
    }],
  ];
  for (const [what, kind, spec] of table) {
    await t.step(`${what} of ${kind}`, () => {
      assert.deepEqual(parseDocument(document(kind, spec)).faults, []);
    });
  }
});

Deno.test("parseDocument() gives regexes of a document a budget", () => {
  const withRegexes = (regexes: readonly string[]) =>
    document("VirtualService", {
      hosts: ["a"],
      http: regexes.map((regex) => ({ match: [{ uri: { regex } }], route: ROUTE })),
    });
  const usual = many(2_000, (at) => `/v[0-9]+/${at}/.*`);
  assert.deepEqual(parseDocument(withRegexes(usual)).faults, []);
  const large = many(1_000, (at) => `${at}${"\\pL{1000}".repeat(100)}`);
  const { faults } = parseDocument(withRegexes(large));
  assert.equal(faults.length, 20);
  assert.match(faults[0]!.reason, /too many or too large regexes to be checked/);
  assert.deepEqual(faults[0]!.path, ["spec", "http", 2, "match", 0, "uri", "regex"]);
});

Deno.test("parseDocument() counts what a regex becomes, not what is written of it", async (t) => {
  const table: Readonly<Record<string, string>> = {
    "a group with a count": `(?:${"[ab].".repeat(100)}){500}`,
    "counts in counts": "(?:\\pL{31}){31}".repeat(60),
    "counts in counts, optional": "(?:a{0,31}){0,31}".repeat(60),
    "optional copies": "a{0,1000}".repeat(100),
    "a count behind flags": `(?:${"ab".repeat(200)})(?i){500}`,
    "a count behind an empty quotation": `(?:${"ab".repeat(200)})\\Q\\E{500}`,
    "a parenthesis in a class": `(?:${"ab".repeat(200)}[(]){500}`,
    "wide ranges, case folded": `(?i)${"[a-\\x{1ffff}]".repeat(70)}`,
    "classes of Unicode": "[^\\pL\\pN]".repeat(90),
  };
  for (const [what, regex] of Object.entries(table)) {
    await t.step(what, () => {
      const http = many(40, () => ({ match: [{ uri: { regex } }], route: ROUTE }));
      const { faults } = parseDocument(document("VirtualService", { hosts: ["a"], http }));
      assert.match(faults[0]!.reason, /too many or too large regexes to be checked/);
    });
  }
  const usual = "[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}|[0-9]{1,3}";
  const http = many(2_000, () => ({ match: [{ uri: { regex: usual } }], route: ROUTE }));
  assert.deepEqual(parseDocument(document("VirtualService", { hosts: ["a"], http })).faults, []);
});

Deno.test("parseDocument() looks up a document's words in nothing but its own tables", () => {
  for (const word of ["constructor", "toString", "__proto__", "hasOwnProperty"]) {
    const targetRef = { group: word, kind: word, name: word };
    for (const kind of ["AuthorizationPolicy", "RequestAuthentication"] as const) {
      const { faults } = parseDocument(document(kind, { targetRef }));
      assert.match(faults.at(-1)!.reason, /does not match|^targetRef must be to one of/);
    }
    assert.deepEqual(parseDocument(document(word as IstioKind, {})).document, undefined);
    const when = [{ key: word, values: ["a"] }];
    const { faults } = parseDocument(document("AuthorizationPolicy", { rules: [{ when }] }));
    assert.match(faults[0]!.reason, /unknown attribute/);
    const jwks = JSON.stringify({ kty: word });
    const jwtRules = [{ issuer: "a", jwks }];
    const keys = parseDocument(document("RequestAuthentication", { jwtRules }));
    assert.match(keys.faults[0]!.reason, /invalid key type/);
  }
});

Deno.test("parseDocument() names ten of many Gateways and hosts", () => {
  const claims = Object.fromEntries(
    many(50, (at) => [`@request.auth.claims.a${at}`, { exact: "x" }]),
  );
  const gateways = ["mesh", ...many(9_000, (at) => `n/g${at}`)];
  const http = [{ match: [{ headers: claims }], route: ROUTE }];
  const byClaims = parseDocument(document("VirtualService", { hosts: ["a"], gateways, http }));
  assert.match(byClaims.faults[0]!.reason, /found no gateways: \[mesh( n\/g[0-8]){9}\]$/);
  const hosts = many(9_000, (at) => `h${at}.example`);
  const tls = [{ match: [{ sniHosts: ["other.example"] }], route: ROUTE }];
  const bySni = parseDocument(document("VirtualService", { hosts, tls }));
  assert.match(bySni.faults[0]!.reason, /hosts: \[(h[0-8]\.example, ){9}h9\.example\]$/);
});

Deno.test("parseDocument() compares prefixes by three thousand headers and no more", () => {
  const headers = Object.fromEntries(many(1_000, (at) => [`h${at}`, { exact: "x" }]));
  const http = many(300, (at) => ({
    match: [{ uri: { prefix: `/${"a".repeat(at)}` }, headers }],
    route: ROUTE,
  }));
  const { faults, warnings } = parseDocument(document("VirtualService", { hosts: ["a"], http }));
  assert.deepEqual(faults, []);
  assert.deepEqual(warnings.map(({ path }) => path[2]), [1, 2, 2]);
});

Deno.test("parseDocument() takes an apiVersion of two parts", () => {
  const { faults } = parseDocument({
    ...document("ProxyConfig", {}) as Record<string, unknown>,
    apiVersion: "networking.istio.io/v1beta1/v1",
  });
  assert.deepEqual(faults.map(({ path }) => path), [["apiVersion"]]);
});

Deno.test("parseDocument() never throws, whatever the JSON", () => {
  fc.assert(
    fc.property(fc.constantFrom(...ISTIO_KINDS), fc.jsonValue({ maxDepth: 4 }), (kind, value) => {
      parseDocument(document(kind, value));
      parseDocument(value);
      parseDocument({ ...document(kind, {}) as Record<string, unknown>, metadata: value });
    }),
    { numRuns: 500 },
  );
});

Deno.test("parseDocument() takes nesting that no schema has for a fault of its first unknown field", () => {
  let deep: unknown = "x";
  for (let at = 0; at < 10_000; at++) deep = { a: deep };
  for (const kind of ISTIO_KINDS) {
    const { faults } = parseDocument(document(kind, deep));
    assert.deepEqual(faults[0]?.path.slice(0, 2), ["spec", faults[0]?.path[1]]);
    assert.ok(faults.some(({ path }) => path[1] === "a"), kind);
  }
});
