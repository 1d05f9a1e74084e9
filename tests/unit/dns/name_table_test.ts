import assert from "node:assert/strict";
import {
  buildNameTable,
  type NameAnswer,
  type NameTable,
  reverseName,
} from "../../../lib/dns/name_table.ts";
import { formatIpAddress } from "signet/base/mod.ts";
import type { Endpoint, Service } from "signet/registry/mod.ts";
import { serviceOf as service } from "../../support/services.ts";

const DOMAIN = "cluster.local";

function kubernetes(name: string, namespace: string, more: Partial<Service> = {}): Service {
  const host = `${name}.${namespace}.svc.${DOMAIN}`;
  return service(host, { name, namespace, registry: "Kubernetes", ...more });
}

function endpoint(address: string, more: Partial<Endpoint> = {}): Endpoint {
  return {
    address,
    ports: {},
    labels: {},
    network: "",
    locality: "",
    weight: 0,
    serviceAccount: "",
    hostname: "",
    ready: true,
    tlsMode: "disabled",
    ...more,
  };
}

const port = (name: string, number: number, protocol = "TCP") => ({
  name,
  number,
  protocol,
  targetPort: undefined,
});

function tableOf(...services: Service[]): NameTable {
  return buildNameTable({ generation: 1, services }, { domain: DOMAIN });
}

/** An answer in one line. */
function show(answer: NameAnswer): string {
  switch (answer.kind) {
    case "unknown":
      return `unknown${answer.inZone ? " in zone" : ""}${answer.isParent ? " parent" : ""}`;
    case "absent":
      return `absent below ${answer.apex}`;
    case "srv":
      return answer.srv.map(({ port, target }) => `${port} ${target}`).join(", ");
    case "ptr":
      return `ptr ${answer.hosts.join(" ")}`;
    case "txt":
      return `txt ${answer.text}`;
    case "host": {
      const { v4, v6, alias } = answer.records;
      const addresses = [...v4, ...v6].map((octets) => formatIpAddress(octets));
      const via = answer.aliasOf === undefined ? "" : `alias of ${answer.aliasOf} `;
      return `${via}${answer.owner} = ${alias || addresses.join(" ")}`;
    }
  }
}

function ask(table: NameTable, name: string, namespace?: string): string {
  return show(table.lookup(name, { namespace }));
}

Deno.test("lookup() finds Kubernetes services by every form that Istio's agent has, and by no other", async (t) => {
  const table = tableOf(
    kubernetes("web", "shop", { addresses: ["10.0.0.1"] }),
    kubernetes("web", "other", { addresses: ["10.0.0.2"] }),
    service("example.com", { addresses: ["10.0.0.3"] }),
    service("web.shop.svc.clusterset.local", { registry: "Kubernetes", addresses: ["10.0.0.4"] }),
  );
  const rows: readonly (readonly [string, string | undefined, string])[] = [
    ["web.shop.svc.cluster.local", "shop", "web.shop.svc.cluster.local = 10.0.0.1"],
    ["web.shop.svc.cluster.local", undefined, "web.shop.svc.cluster.local = 10.0.0.1"],
    ["web.shop.svc", "shop", "web.shop.svc = 10.0.0.1"],
    ["web.shop", "other", "web.shop = 10.0.0.1"],
    ["web", "shop", "web = 10.0.0.1"],
    ["web", "other", "web = 10.0.0.2"],
    ["web", "third", "unknown"],
    ["web", undefined, "unknown"],
    ["example", "shop", "unknown"],
    ["com", "shop", "unknown parent"],
    ["shop.svc.cluster.local", "shop", "unknown in zone parent"],
    ["nope.shop.svc.cluster.local", "shop", "unknown in zone"],
    ["web\\.shop.svc.cluster.local", "shop", "unknown in zone"],
    ["web.shop.svc.clusterset.local", "shop", "web.shop.svc.clusterset.local = 10.0.0.4"],
  ];
  for (const [name, namespace, expected] of rows) {
    await t.step(
      `${name} from ${namespace}`,
      () => assert.equal(ask(table, name, namespace), expected),
    );
  }
});

Deno.test("lookup() makes names under the client's search domains aliases, never over a real host", async (t) => {
  const table = tableOf(
    kubernetes("web", "shop", { addresses: ["10.0.0.1"] }),
    service("db.example", { addresses: ["10.0.0.3"] }),
    service("real.example.shop.svc.cluster.local", { addresses: ["10.0.0.4"] }),
    service("real.example", { addresses: ["10.0.0.5"] }),
  );
  const rows: readonly (readonly [string, string | undefined, string])[] = [
    ["db.example.shop.svc.cluster.local", "shop", "alias of db.example db.example = 10.0.0.3"],
    ["db.example.svc.cluster.local", "shop", "alias of db.example db.example = 10.0.0.3"],
    ["db.example.cluster.local", "shop", "alias of db.example db.example = 10.0.0.3"],
    ["db.example.shop.svc.cluster.local", "other", "unknown in zone"],
    ["db.example.shop.svc.cluster.local", undefined, "unknown in zone"],
    [
      "real.example.shop.svc.cluster.local",
      "shop",
      "real.example.shop.svc.cluster.local = 10.0.0.4",
    ],
    ["web.shop.other.svc.cluster.local", "other", "alias of web.shop web.shop = 10.0.0.1"],
    [
      "web.shop.svc.cluster.local.other.svc.cluster.local",
      "other",
      "alias of web.shop.svc.cluster.local web.shop.svc.cluster.local = 10.0.0.1",
    ],
    ["web.shop.svc.cluster.local.shop.svc.cluster.local", "shop", "unknown in zone"],
  ];
  for (const [name, namespace, expected] of rows) {
    await t.step(
      `${name} from ${namespace}`,
      () => assert.equal(ask(table, name, namespace), expected),
    );
  }
});

Deno.test("lookup() takes the most specific wildcard, owned by the name that was asked", async (t) => {
  const table = tableOf(
    service("*.example", { addresses: ["10.0.0.1"] }),
    service("*.deep.example", { addresses: ["10.0.0.2"] }),
    service("exact.example", { addresses: ["10.0.0.3"] }),
  );
  const rows: readonly (readonly [string, string, string])[] = [
    ["a.example", "shop", "a.example = 10.0.0.1"],
    ["a.b.c.example", "shop", "a.b.c.example = 10.0.0.1"],
    ["a.deep.example", "shop", "a.deep.example = 10.0.0.2"],
    ["deep.example", "shop", "deep.example = 10.0.0.1"],
    ["exact.example", "shop", "exact.example = 10.0.0.3"],
    ["example", "shop", "unknown parent"],
    ["a.example.shop.svc.cluster.local", "shop", "alias of *.example *.example = 10.0.0.1"],
  ];
  for (const [name, namespace, expected] of rows) {
    await t.step(name, () => assert.equal(ask(table, name, namespace), expected));
  }
});

Deno.test("lookup() joins ServiceEntries of one host, and lets a Kubernetes service stand alone", () => {
  const entries = [
    service("a.example", { name: "x", addresses: ["10.0.0.1", "10.0.0.1", "2001:db8::1"] }),
    service("a.example", { name: "y", addresses: ["10.0.0.2"] }),
  ];
  assert.equal(ask(tableOf(...entries), "a.example"), "a.example = 10.0.0.1 10.0.0.2 2001:db8::1");
  const host = "web.shop.svc.cluster.local";
  const table = tableOf(
    service(host, { addresses: ["10.9.9.9"] }),
    kubernetes("web", "shop", { addresses: ["10.0.0.1"] }),
  );
  assert.equal(ask(table, host), `${host} = 10.0.0.1`);
});

Deno.test("lookup() takes addresses, made-up ones where there are none, and leaves out prefixes", () => {
  const table = tableOf(
    service("own.example", {
      addresses: ["10.0.0.1", "10.1.0.0/16"],
      autoAddresses: ["240.240.0.1"],
    }),
    service("auto.example", { autoAddresses: ["240.240.0.2", "2001:2::2"] }),
    service("prefix.example", { addresses: ["10.1.0.0/16"] }),
  );
  assert.equal(ask(table, "own.example"), "own.example = 10.0.0.1");
  assert.equal(ask(table, "auto.example"), "auto.example = 240.240.0.2 2001:2::2");
  assert.equal(
    ask(table, "prefix.example"),
    "unknown",
    "a name without an address is asked upstream",
  );
});

Deno.test("lookup() leads to the ready endpoints of a headless service, and to each by its name", async (t) => {
  const host = "mysql.shop.svc.cluster.local";
  const table = tableOf(
    kubernetes("mysql", "shop", {
      headless: true,
      ports: [port("sql", 3306)],
      endpoints: [
        endpoint("10.2.0.1", { hostname: "mysql-0", ports: { sql: 3307 } }),
        endpoint("10.2.0.2", { hostname: "mysql-1" }),
        endpoint("10.2.0.3", { hostname: "mysql-2", ready: false }),
        endpoint("not-an-address.example", { hostname: "mysql-3" }),
      ],
    }),
    kubernetes("bare", "shop", { headless: true, endpoints: [endpoint("10.2.0.9")] }),
  );
  const rows: readonly (readonly [string, string])[] = [
    [host, `${host} = 10.2.0.1 10.2.0.2`],
    [`mysql-0.${host}`, `mysql-0.${host} = 10.2.0.1`],
    ["mysql-1.mysql.shop", "mysql-1.mysql.shop = 10.2.0.2"],
    ["mysql-1.mysql", "mysql-1.mysql = 10.2.0.2"],
    [`mysql-2.${host}`, "unknown in zone"],
    [`_sql._tcp.${host}`, `3307 mysql-0.${host}, 3306 mysql-1.${host}`],
    ["1.0.2.10.in-addr.arpa", `ptr mysql-0.${host}`],
    ["9.0.2.10.in-addr.arpa", "unknown"],
    ["bare.shop", "unknown"],
  ];
  for (const [name, expected] of rows) {
    await t.step(name, () => assert.equal(ask(table, name, "shop"), expected));
  }
});

Deno.test("lookup() has SRV, PTR, alias and version of the Kubernetes schema", async (t) => {
  const host = "web.shop.svc.cluster.local";
  const table = tableOf(
    kubernetes("web", "shop", {
      addresses: ["10.0.0.1", "2001:db8::7"],
      ports: [port("http", 80), port("dns", 53, "UDP"), port("", 9)],
    }),
    kubernetes("gone", "shop", { externalName: "elsewhere.example" }),
  );
  const rows: readonly (readonly [string, string])[] = [
    [`_http._tcp.${host}`, `80 ${host}`],
    ["_http._tcp.web", `80 ${host}`],
    [`_dns._udp.${host}`, `53 ${host}`],
    [`_dns._tcp.${host}`, `absent below ${host}`],
    [`_nope._tcp.${host}`, `absent below ${host}`],
    ["_http._tcp.nope.shop.svc.cluster.local", "unknown in zone"],
    ["1.0.0.10.in-addr.arpa", `ptr ${host}`],
    [reverseName(Uint8Array.from([0x20, 1, 0xd, 0xb8, ...Array(11).fill(0), 7])), `ptr ${host}`],
    ["2.0.0.10.in-addr.arpa", "unknown"],
    ["gone.shop", "gone.shop = elsewhere.example"],
    ["dns-version.cluster.local", "txt 1.1.0"],
    ["cluster.local", "unknown in zone parent"],
  ];
  for (const [name, expected] of rows) {
    await t.step(name, () => assert.equal(ask(table, name, "shop"), expected));
  }
});

Deno.test("lookup() shows a host to the namespaces that it is exported to", () => {
  const table = tableOf(
    service("all.example", { addresses: ["10.0.0.1"], exportTo: ["*"] }),
    service("one.example", { addresses: ["10.0.0.2"], exportTo: ["shop"] }),
    service("none.example", { addresses: ["10.0.0.3"], exportTo: ["~"] }),
    service("both.example", { name: "a", addresses: ["10.0.0.4"], exportTo: ["shop"] }),
    service("both.example", { name: "b", addresses: ["10.0.0.5"] }),
  );
  assert.equal(ask(table, "one.example", "shop"), "one.example = 10.0.0.2");
  for (const namespace of ["other", undefined]) {
    assert.equal(ask(table, "one.example", namespace), "unknown");
    assert.equal(ask(table, "2.0.0.10.in-addr.arpa", namespace), "unknown");
    assert.equal(ask(table, "both.example", namespace), "both.example = 10.0.0.5");
    assert.deepEqual(Object.keys(table.list({ namespace })), ["all.example", "both.example"]);
  }
  assert.equal(ask(table, "none.example", "shop"), "unknown");
  assert.equal(ask(table, "2.0.0.10.in-addr.arpa", "shop"), "ptr one.example");
  assert.equal(ask(table, "both.example", "shop"), "both.example = 10.0.0.4 10.0.0.5");
});

Deno.test("list() is in the form of Istio's name table", () => {
  const table = tableOf(
    kubernetes("web", "shop", { addresses: ["10.0.0.1"] }),
    service("a.example", { addresses: ["10.0.0.2"] }),
  );
  assert.deepEqual(table.list({ namespace: "shop" }), {
    "web.shop.svc.cluster.local": {
      ips: ["10.0.0.1"],
      registry: "Kubernetes",
      shortname: "web",
      namespace: "shop",
    },
    "a.example": { ips: ["10.0.0.2"], registry: "External" },
  });
});

Deno.test("lookup() gives the same records object each time, so that encoded answers can be kept", () => {
  const table = tableOf(service("a.example", { addresses: ["10.0.0.2"] }));
  const records = () => {
    const answer = table.lookup("a.example", { namespace: crypto.randomUUID() });
    return answer.kind === "host" ? answer.records : undefined;
  };
  assert.ok(records() !== undefined);
  assert.equal(records(), records());
});
