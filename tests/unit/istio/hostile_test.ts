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
