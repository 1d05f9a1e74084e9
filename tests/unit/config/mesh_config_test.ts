import assert from "node:assert/strict";
import { isSignetError } from "signet/base/mod.ts";
import { DEFAULT_MESH_CONFIG, parseMeshConfig } from "../../../lib/config/mesh_config.ts";

const PATH = "/etc/istio/config/mesh";
const WHERE = `${PATH} (--meshConfig)`;

Deno.test("parseMeshConfig() reads its two fields and leaves the rest alone", async (t) => {
  const { discoveryAddress } = DEFAULT_MESH_CONFIG;
  const rows: readonly (readonly [string, string, string | undefined, string])[] = [
    ["nothing", "", undefined, discoveryAddress],
    ["null", "null", undefined, discoveryAddress],
    ["a comment", "# nothing here\n", undefined, discoveryAddress],
    ["a trust domain", "trustDomain: a.example", "a.example", discoveryAddress],
    ["an empty trust domain", 'trustDomain: ""', undefined, discoveryAddress],
    ["a null trust domain", "trustDomain:", undefined, discoveryAddress],
    [
      "an address",
      "defaultConfig:\n  discoveryAddress: istiod.x.svc:15012",
      undefined,
      "istiod.x.svc:15012",
    ],
    [
      "an IPv6 address",
      'defaultConfig: { discoveryAddress: "[::1]:15012" }',
      undefined,
      "[::1]:15012",
    ],
    ["an empty proxy config", "defaultConfig:\n", undefined, discoveryAddress],
    ["JSON", '{"trustDomain":"j.example"}', "j.example", discoveryAddress],
    [
      "fields that signet does not know",
      "accessLogFile: /dev/stdout\nextensionProviders:\n- name: otel\ntrustDomain: b\nenableTracing: true",
      "b",
      discoveryAddress,
    ],
    ["an alias", "a: &td c.example\ntrustDomain: *td", "c.example", discoveryAddress],
  ];
  for (const [name, text, trustDomain, address] of rows) {
    await t.step(name, () => {
      assert.deepEqual(parseMeshConfig(text, WHERE), {
        trustDomain,
        discoveryAddress: address,
        caCertificates: [],
        rootNamespace: undefined,
        unheeded: [],
        discoverySelectors: [],
      });
    });
  }
});

Deno.test("parseMeshConfig() names what policies count on and it does not heed", () => {
  const base = parseMeshConfig("rootNamespace: istio-config\ntrustDomainAliases: [old]", WHERE);
  assert.deepEqual([base.rootNamespace, base.unheeded], ["istio-config", ["trustDomainAliases"]]);
  const over = parseMeshConfig(
    "rootNamespace: other\npathNormalization: { normalization: MERGE_SLASHES }",
    WHERE,
    base,
  );
  assert.deepEqual([over.rootNamespace, over.unheeded], [
    "other",
    ["trustDomainAliases", "pathNormalization"],
  ]);
  const harmless = "trustDomainAliases: []\npathNormalization: { normalization: BASE }";
  assert.deepEqual(parseMeshConfig(harmless, WHERE), DEFAULT_MESH_CONFIG);
});

Deno.test("parseMeshConfig() refuses the rest in one line that names the file and the field", async (t) => {
  const bomb = `a: &a [x, x, x, x, x, x, x, x, x]\n${
    Array.from({ length: 9 }, (_, n) => {
      const [to, from] = ["bcdefghij"[n], "abcdefghi"[n]];
      return `${to}: &${to} [${Array(9).fill(`*${from}`).join(", ")}]`;
    }).join("\n")
  }\ntrustDomain: x`;
  const rows: Readonly<Record<string, readonly [string, RegExp]>> = {
    "a list": ["- a", /the document should be a mapping/],
    "a word": ["mesh", /the document should be a mapping/],
    "a number": ["7", /the document should be a mapping/],
    "a trust domain that is a number": ["trustDomain: 7", /trustDomain should be a text/],
    "a trust domain that is a list": ["trustDomain: [a]", /trustDomain should be a text/],
    "a trust domain that is true": ["trustDomain: true", /trustDomain should be a text/],
    "a proxy config that is a text": ["defaultConfig: x", /defaultConfig should be a mapping/],
    "an address without port": [
      "defaultConfig: {discoveryAddress: istiod}",
      /discoveryAddress is "istiod", should be host:port/,
    ],
    "an address with a named port": [
      "defaultConfig: {discoveryAddress: 'istiod:grpc'}",
      /should be host:port/,
    ],
    "an address with line breaks": [
      'defaultConfig: {discoveryAddress: "a\\nb"}',
      /discoveryAddress is "a\\nb"/,
    ],
    "tabs": ["a:\n\tb: c", /it is not YAML/],
    "an unclosed bracket": ["a: [", /it is not YAML/],
    "a key twice": ["trustDomain: a\ntrustDomain: b", /it is not YAML/],
    "an alias of nothing": ["trustDomain: *nothing", /it is not YAML/],
    "a billion laughs": [bomb, /it is not YAML|should be/],
    "selectors that are none": [
      "discoverySelectors: {a: b}",
      /discoverySelectors should be a list/,
    ],
    "a selector that is null": [
      "discoverySelectors: [null]",
      /discoverySelectors\[0\] should be a/,
    ],
    "a selector of numbers": [
      "discoverySelectors: [{}, {matchLabels: {a: 1}}]",
      /discoverySelectors\[1\] should be a label selector/,
    ],
    "a selector of a field that would take every namespace": [
      "discoverySelectors: [{matchLabel: {a: b}}]",
      /discoverySelectors\[0\] has "matchLabel", should have matchLabels, matchExpressions/,
    ],
    "a selector of an operator that is none": [
      "discoverySelectors: [{matchExpressions: [{key: a, operator: Near, values: [b]}]}]",
      /discoverySelectors\[0\]: operator "Near" should be In, NotIn, Exists or DoesNotExist/,
    ],
    "more than a megabyte": [
      `trustDomain: "${"a".repeat(1 << 20)}"`,
      /more than 1048576 characters/,
    ],
  };
  for (const [name, [text, message]] of Object.entries(rows)) {
    await t.step(name, () => {
      assert.throws(() => parseMeshConfig(text, WHERE), (thrown) => {
        assert.ok(isSignetError(thrown, "config.bad_value"), String(thrown));
        assert.ok(thrown.message.startsWith(`Cannot use mesh config ${PATH} (--meshConfig): `));
        assert.match(thrown.message, message);
        assert.doesNotMatch(thrown.message, /\n/);
        return true;
      });
    });
  }
});

Deno.test("parseMeshConfig() reads discoverySelectors, and those of the base where none are written", () => {
  const text =
    "discoverySelectors: [{matchLabels: {a: b}, matchExpressions: [{key: c, operator: Exists}]}, {}]";
  const base = parseMeshConfig(text, WHERE);
  assert.deepEqual(base.discoverySelectors, [
    {
      matchLabels: new Map([["a", "b"]]),
      matchExpressions: [{ key: "c", operator: "Exists", values: [] }],
    },
    { matchLabels: new Map(), matchExpressions: [] },
  ]);
  const { discoverySelectors } = base;
  assert.deepEqual(parseMeshConfig("", WHERE, base).discoverySelectors, discoverySelectors);
  assert.deepEqual(parseMeshConfig("discoverySelectors: []", WHERE, base).discoverySelectors, []);
});

Deno.test("parseMeshConfig() takes no prototype for a field", () => {
  const parsed = parseMeshConfig("__proto__: {trustDomain: evil}\nconstructor: x", WHERE);
  assert.equal(parsed.trustDomain, undefined);
});
