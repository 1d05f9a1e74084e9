import assert from "node:assert/strict";
import { parseIstioFile } from "signet/istio/mod.ts";
import { buildServices, type BuiltServices } from "signet/registry/mod.ts";

const PREFIXES = { ipv4: "240.240.0.0/16", ipv6: "2001:2::/48" };

function build(text: string, options: Partial<Parameters<typeof buildServices>[1]> = {}) {
  const { documents, faults } = parseIstioFile(text, "a.yaml");
  assert.deepEqual(faults, []);
  return buildServices(documents, { autoAddresses: PREFIXES, previous: new Map(), ...options });
}

function entry(name: string, spec: string, metadata = ""): string {
  return `---
apiVersion: networking.istio.io/v1
kind: ServiceEntry
metadata: { name: ${name}, namespace: shop${metadata} }
spec: ${spec}
`;
}

function workload(name: string, spec: string, metadata = "namespace: shop"): string {
  return `---
apiVersion: networking.istio.io/v1
kind: WorkloadEntry
metadata: { name: ${name}, ${metadata} }
spec: ${spec}
`;
}

function hosts({ services }: BuiltServices): Record<string, readonly string[]> {
  return Object.fromEntries(
    services.map(({ host, addresses, autoAddresses }) => [host, [...addresses, ...autoAddresses]]),
  );
}

Deno.test("buildServices() makes one service of each host, whatever the order of files", () => {
  const one = entry("b", "{ hosts: [Two.Example., one.example], addresses: [10.0.0.1] }");
  const other = entry("a", "{ hosts: [one.example], addresses: [10.0.0.2] }");
  const built = build(one + other);
  assert.deepEqual(built.services.map(({ host, name }) => `${host} ${name}`), [
    "one.example a",
    "one.example b",
    "two.example b",
  ]);
  assert.deepEqual(build(other + one).services, built.services);
});

Deno.test("buildServices() takes the endpoints of the document, or the workloads that it selects", () => {
  const built = build(
    entry(
      "static",
      "{ hosts: [a.example], resolution: STATIC, ports: [{ name: pg, number: 5432, targetPort: 1 }, { name: web, number: 80 }], endpoints: [{ address: 10.0.0.1, ports: { pg: 7 } }] }",
    ) + entry(
      "selecting",
      "{ hosts: [b.example], resolution: STATIC, ports: [{ name: pg, number: 5432, targetPort: 1 }], workloadSelector: { labels: { app: db } } }",
    ) +
      workload("vm-1", "{ address: 10.0.0.2, labels: { app: db, v: x } }") +
      workload("vm-2", "{ address: 10.0.0.3 }", "namespace: shop, labels: { app: db }") +
      workload("vm-3", "{ address: 10.0.0.4, labels: { app: web } }") +
      workload("vm-4", "{ address: 10.0.0.5, labels: { app: db } }", "namespace: other"),
  );
  const [fixed, selecting] = built.services;
  assert.deepEqual(fixed?.endpoints.map(({ address, ports }) => ({ address, ports })), [
    { address: "10.0.0.1", ports: { pg: 7, web: 80 } },
  ]);
  assert.deepEqual(
    selecting?.endpoints.map(({ address, ports, hostname }) => [address, ports, hostname]),
    [
      ["10.0.0.2", { pg: 1 }, "vm-1"],
      ["10.0.0.3", { pg: 1 }, "vm-2"],
    ],
  );
});

Deno.test("buildServices() calls a service headless when names lead to its workloads", () => {
  const [service] = build(
    entry("h", "{ hosts: [h.example], workloadSelector: {}, ports: [{ name: a, number: 1 }] }") +
      workload("vm-1", "{ address: 10.0.0.2 }"),
  ).services;
  assert.equal(service?.headless, true);
  assert.deepEqual(service?.autoAddresses, []);
});

Deno.test("buildServices() replaces . by the namespace", () => {
  const [service] = build(entry("x", '{ hosts: [x.example], exportTo: [".", other] }')).services;
  assert.deepEqual(service?.exportTo, ["shop", "other"]);
});

Deno.test("buildServices() makes up addresses for those that need them and for nobody else", () => {
  const built = build(
    entry("with", "{ hosts: [with.example], addresses: [10.0.0.1], resolution: DNS }") +
      entry("none", "{ hosts: [none.example] }") +
      entry(
        "off",
        "{ hosts: [off.example], resolution: DNS }",
        ', labels: { networking.istio.io/enable-autoallocate-ip: "false" }',
      ) +
      entry("static", '{ hosts: ["*.wild.example"], resolution: STATIC }') +
      entry("dynamic", '{ hosts: ["*.dynamic.example"], resolution: DYNAMIC_DNS }') +
      entry("dns", "{ hosts: [one.example, two.example], resolution: DNS }"),
  );
  const made = Object.entries(hosts(built)).map(([host, addresses]) => [host, addresses.length]);
  assert.deepEqual(Object.fromEntries(made), {
    "with.example": 1,
    "none.example": 0,
    "off.example": 0,
    "*.wild.example": 0,
    "*.dynamic.example": 2,
    "one.example": 2,
    "two.example": 2,
  });
  for (const { autoAddresses: [v4, v6] } of built.services.filter((s) => s.autoAddresses.length)) {
    assert.match(v4!, /^240\.240\.\d+\.\d+$/);
    assert.match(v6!, /^2001:2::/);
  }
  assert.deepEqual(
    hosts(
      build(entry("dns", "{ hosts: [one.example], resolution: DNS }"), {
        autoAddresses: undefined,
      }),
    ),
    { "one.example": [] },
  );
});

Deno.test("buildServices() gives a host the address that it had, and never one that is in use", () => {
  const first = build(entry("a", "{ hosts: [a.example], resolution: DNS }"));
  const [v4] = first.services[0]!.autoAddresses;
  assert.deepEqual(
    build(entry("a", "{ hosts: [a.example], resolution: DNS }")).services,
    first.services,
    "the same after a restart",
  );
  const taken = build(
    entry("a", "{ hosts: [a.example], resolution: DNS }") +
      entry("b", `{ hosts: [b.example], addresses: [${v4}] }`),
    { previous: first.allocations },
  );
  const moved = taken.services.find(({ host }) => host === "a.example")!.autoAddresses[0];
  assert.notEqual(moved, v4, "an address that a person gave wins");
  const after = build(entry("a", "{ hosts: [a.example], resolution: DNS }"), {
    previous: taken.allocations,
  });
  assert.equal(after.services[0]!.autoAddresses[0], moved, "and the host keeps what it has");
});

Deno.test("buildServices() says whom a full prefix leaves without an address", () => {
  const names = Array.from({ length: 7 }, (_, i) => `h${i}.example`);
  const { services, unallocated } = build(
    entry("many", `{ hosts: [${names}], resolution: DNS }`),
    { autoAddresses: { ipv4: "10.9.8.0/29", ipv6: "2001:2::/48" } },
  );
  const v4 = services.flatMap(({ autoAddresses }) => autoAddresses.slice(0, 1)).sort();
  assert.deepEqual(v4, [1, 2, 3, 4, 5, 6].map((last) => `10.9.8.${last}`));
  assert.equal(unallocated.length, 1);
});

Deno.test("buildServices() gives ten thousand hosts addresses of their own", () => {
  const names = Array.from({ length: 9_999 }, (_, i) => `h${i}.example`);
  // An entry has at most 256 hosts.
  const entries = Array.from(
    { length: 40 },
    (_, at) =>
      entry(`many-${at}`, `{ hosts: [${names.slice(at * 250, (at + 1) * 250)}], resolution: DNS }`),
  );
  const { services } = build(entries.join(""));
  const all = new Set(services.flatMap(({ autoAddresses }) => autoAddresses));
  assert.equal(all.size, 2 * 9_999);
  for (const address of all) assert.ok(!/^240\.240\.(0\.0|255\.255)$/.test(address), address);
});
