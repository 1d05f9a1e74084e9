import assert from "node:assert/strict";
import fc from "fast-check";
import { parseIstioFile } from "signet/istio/mod.ts";

/** A ServiceEntry with `spec` lines of YAML. */
function serviceEntry(spec: string, name = "db"): string {
  const indented = spec.split("\n").map((line) => `  ${line}`).join("\n");
  return `apiVersion: networking.istio.io/v1\nkind: ServiceEntry\nmetadata:\n  name: ${name}\nspec:\n${indented}\n`;
}

function workloadEntry(spec: string): string {
  return serviceEntry(spec, "vm").replace("ServiceEntry", "WorkloadEntry");
}

/** `line field` of every fault. */
function places(text: string): string[] {
  return parseIstioFile(text, "a.yaml").faults.map(({ line, field }) => `${line} ${field}`);
}

Deno.test("parseIstioFile() reads every field of a ServiceEntry", () => {
  const text = serviceEntry(`hosts: [db.example, "*.wild.example"]
addresses: [10.0.0.7, 10.1.0.0/16, "2001:db8::1"]
ports:
- { number: 5432, name: tls-pg, protocol: tls, targetPort: 15432 }
- { number: 80, name: http, protocol: HTTP }
location: MESH_INTERNAL
resolution: STATIC
endpoints:
- { address: 10.2.0.1, ports: { tls-pg: 5433 }, labels: { app: db }, network: n1, locality: eu/a, weight: 3, serviceAccount: db }
exportTo: [".", other]
subjectAltNames: ["spiffe://cluster.local/ns/shop/sa/db"]`);
  const { documents, faults } = parseIstioFile(text, "a.yaml");
  assert.deepEqual(faults, []);
  assert.deepEqual(documents, [{
    kind: "ServiceEntry",
    meta: { name: "db", namespace: "default", labels: {}, annotations: {} },
    place: { file: "a.yaml", line: 1 },
    spec: {
      hosts: ["db.example", "*.wild.example"],
      addresses: ["10.0.0.7", "10.1.0.0/16", "2001:db8::1"],
      ports: [
        { number: 5432, name: "tls-pg", protocol: "TLS", targetPort: 15432 },
        { number: 80, name: "http", protocol: "HTTP", targetPort: undefined },
      ],
      location: "MESH_INTERNAL",
      resolution: "STATIC",
      endpoints: [{
        address: "10.2.0.1",
        ports: { "tls-pg": 5433 },
        labels: { app: "db" },
        network: "n1",
        locality: "eu/a",
        weight: 3,
        serviceAccount: "db",
      }],
      workloadSelector: undefined,
      exportTo: [".", "other"],
      subjectAltNames: ["spiffe://cluster.local/ns/shop/sa/db"],
    },
  }]);
});

Deno.test("parseIstioFile() reads several documents and leaves other kinds alone", () => {
  const text = `# a comment first
---
${serviceEntry("hosts: [one.example]", "one")}---
apiVersion: v1
kind: ConfigMap
data: {}
---
apiVersion: networking.istio.io/v1beta1
kind: EnvoyFilter
metadata: { name: left-alone }
---
${workloadEntry("address: 10.0.0.7")}---
`;
  const { documents, faults, unread } = parseIstioFile(text, "a.yaml");
  assert.deepEqual(faults, []);
  assert.deepEqual(documents.map(({ kind, place }) => `${place.line} ${kind}`), [
    "3 ServiceEntry",
    "18 WorkloadEntry",
  ]);
  assert.deepEqual(unread.map(({ line, what }) => `${line} ${what}`), [
    "10 v1 ConfigMap",
    "14 networking.istio.io/v1beta1 EnvoyFilter",
  ]);
});

Deno.test("parseIstioFile() reads JSON, as JSON is YAML", () => {
  const { documents, faults } = parseIstioFile(
    JSON.stringify({
      apiVersion: "networking.istio.io/v1",
      kind: "WorkloadEntry",
      metadata: { name: "vm", namespace: "shop", uid: "x", generation: 3 },
      spec: { address: "10.0.0.7" },
      status: { anything: true },
    }),
    "a.json",
  );
  assert.deepEqual(faults, []);
  assert.equal(documents[0]?.meta.namespace, "shop");
});

Deno.test("parseIstioFile() names line and field of what is wrong", async (t) => {
  const table: readonly (readonly [string, string, readonly string[]])[] = [
    ["no host", serviceEntry("ports: []"), ["6 spec.hosts"]],
    ["no spec", "apiVersion: networking.istio.io/v1\nkind: ServiceEntry\nmetadata: { name: x }\n", [
      "1 spec",
      "1 spec.hosts",
    ]],
    ["a host for everything", serviceEntry('hosts: ["*"]'), ["6 spec.hosts[0]"]],
    ["a wildcard at the end", serviceEntry('hosts: [a.example, "b*"]'), ["6 spec.hosts[1]"]],
    ["a host twice", serviceEntry("hosts:\n- a.example\n- a.example"), ["8 spec.hosts[1]"]],
    ["a misspelt field", serviceEntry("hosts: [a.example]\nadresses: [10.0.0.1]"), [
      "7 spec.adresses",
    ]],
    ["a bad address", serviceEntry("hosts: [a.example]\naddresses: [1.2.3.4/99]"), [
      "7 spec.addresses[0]",
    ]],
    [
      "a prefix that is looked up",
      serviceEntry("hosts: [a.example]\naddresses: [1.2.3.4/16]\nresolution: DNS"),
      ["7 spec.addresses[0]"],
    ],
    [
      "ports of one name and one number",
      serviceEntry(
        "hosts: [a.example]\nports:\n- { name: a, number: 1 }\n- { name: a, number: 1 }",
      ),
      ["9 spec.ports[1].name", "9 spec.ports[1].number"],
    ],
    ["a port too high", serviceEntry("hosts: [a.example]\nports: [{ name: a, number: 99999 }]"), [
      "7 spec.ports[0].number",
    ]],
    ["a port without number", serviceEntry("hosts: [a.example]\nports: [{ name: a }]"), [
      "7 spec.ports[0].number",
    ]],
    [
      "a protocol that is none",
      serviceEntry("hosts: [a.example]\nports: [{ name: a, number: 1, protocol: QUICK }]"),
      ["7 spec.ports[0].protocol"],
    ],
    [
      "endpoints and a selector",
      serviceEntry(
        "hosts: [a.example]\nresolution: STATIC\nworkloadSelector: { labels: { a: b } }\nendpoints: [{ address: 10.0.0.1 }]",
      ),
      ["8 spec.workloadSelector"],
    ],
    ["endpoints of NONE", serviceEntry("hosts: [a.example]\nendpoints: [{ address: 10.0.0.1 }]"), [
      "7 spec.endpoints",
    ]],
    [
      "two endpoints in turn",
      serviceEntry(
        "hosts: [a.example]\nresolution: DNS_ROUND_ROBIN\nendpoints:\n- address: b.example\n- address: c.example",
      ),
      ["9 spec.endpoints"],
    ],
    [
      "a name where addresses stand",
      serviceEntry("hosts: [a.example]\nresolution: STATIC\nendpoints:\n- address: b.example"),
      ["9 spec.endpoints[0].address"],
    ],
    ["a wildcard that is looked up", serviceEntry('hosts: ["*.a.example"]\nresolution: DNS'), [
      "6 spec.hosts[0]",
    ]],
    ["a resolution that is none", serviceEntry("hosts: [a.example]\nresolution: STATICAL"), [
      "7 spec.resolution",
    ]],
    ["a namespace that is none", serviceEntry("hosts: [a.example]\nexportTo: [Über]"), [
      "7 spec.exportTo[0]",
    ]],
    ["a number where a text stands", serviceEntry("hosts: [10]"), ["6 spec.hosts[0]"]],
    ["a list where a mapping stands", serviceEntry("- a"), ["6 spec", "6 spec.hosts"]],
    ["no address", workloadEntry("labels: {}"), ["6 spec.address"]],
    ["an address that is none", workloadEntry("address: not/an/address"), ["6 spec.address"]],
    ["a relative socket", workloadEntry("address: unix://relative"), ["6 spec.address"]],
    ["a folder for a socket", workloadEntry("address: unix:///dir/"), ["6 spec.address"]],
    ["a socket with ports", workloadEntry("address: unix://@name\nports: { a: 1 }"), [
      "6 spec.address",
    ]],
    ["a port's name", workloadEntry('address: 10.0.0.1\nports: { "@": 80 }'), ["7 spec.ports.@"]],
    ["a label's value", workloadEntry("address: 10.0.0.1\nlabels: { app: 'a b' }"), [
      "7 spec.labels.app",
    ]],
    ["no name", serviceEntry("hosts: [a.example]", '""'), ["4 metadata.name"]],
    ["no kind", "apiVersion: networking.istio.io/v1\n", ["1 "]],
    ["no object at all", "just text\n", ["1 ", "1 "]],
    ["a key twice", "a: 1\na: 2\n", ["2 "]],
    ["no YAML", "a: [1\nb: }\n", ["2 ", "2 "]],
  ];
  for (const [what, text, expected] of table) {
    await t.step(what, () => {
      const { documents } = parseIstioFile(text, "a.yaml");
      assert.deepEqual(places(text), expected);
      assert.deepEqual(documents, [], "a file with a fault gives no documents");
    });
  }
});

Deno.test("parseIstioFile() gives nothing of a file whose second document is wrong", () => {
  const text = `${serviceEntry("hosts: [a.example]")}---\n${workloadEntry("address: ''")}`;
  const { documents, faults } = parseIstioFile(text, "a.yaml");
  assert.deepEqual(documents, []);
  assert.equal(faults.length, 1);
  assert.match(faults[0]!.reason, /^address is required/);
});

Deno.test("parseIstioFile() ends with YAML made to hurt", async (t) => {
  const laughs = ["a: &a [x,x,x,x,x,x,x,x,x]"];
  for (let i = 1; i < 9; i++) {
    const [name, before] = [String.fromCharCode(97 + i), String.fromCharCode(96 + i)];
    laughs.push(`${name}: &${name} [${Array(9).fill(`*${before}`).join()}]`);
  }
  const table: Readonly<Record<string, string>> = {
    "a billion laughs": laughs.join("\n"),
    "a file of 4 MiB and a character": " ".repeat((4 << 20) + 1),
    "more documents than are read": "---\n- x\n".repeat(10_001),
    "a mapping of 50,000 keys": `{${Array.from({ length: 50_000 }, (_, at) => `k${at}: 1`)}}`,
    "deep nesting": "[".repeat(2000) + "]".repeat(2000),
    "a list of 10,001 hosts": serviceEntry(`hosts: [${"a.example,".repeat(10_001)}]`),
  };
  for (const [what, text] of Object.entries(table)) {
    await t.step(what, () => {
      const { documents, faults } = parseIstioFile(text, "a.yaml");
      assert.deepEqual(documents, []);
      assert.ok(faults.length > 0 && faults.length <= 20, `${faults.length} faults`);
    });
  }
});

Deno.test("parseIstioFile() refuses a key that is there twice, wherever it stands", () => {
  const text = serviceEntry("hosts: [a.example]\nports: [{ name: a, number: 1, name: b }]");
  const twice = `${text.trimEnd()}\nkind: ServiceEntry\n`;
  const { documents, faults } = parseIstioFile(twice, "a.yaml");
  assert.deepEqual(documents, []);
  assert.deepEqual(faults.map(({ line, reason }) => [line, reason]), [
    [lineWith(twice, "ports:"), "is not YAML: Map keys must be unique"],
    [twice.trimEnd().split("\n").length, "is not YAML: Map keys must be unique"],
  ]);
});

function lineWith(text: string, part: string): number {
  return text.split("\n").findIndex((line) => line.includes(part)) + 1;
}

Deno.test("parseIstioFile() never throws, whatever the text", () => {
  const valid = `${serviceEntry("hosts: [a.example]\nports: [{ name: a, number: 1 }]")}`;
  fc.assert(
    fc.property(fc.string(), fc.nat(valid.length), fc.nat(5), (text, at, cut) => {
      parseIstioFile(text, "a.yaml");
      parseIstioFile(valid.slice(0, at) + text + valid.slice(at + cut), "a.yaml");
    }),
  );
  for (let at = 0; at < valid.length; at++) parseIstioFile(valid.slice(0, at), "a.yaml");
});
