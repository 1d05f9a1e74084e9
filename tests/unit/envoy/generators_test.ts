/**
 * What proxies are sent, held against shapes that a real control plane sent to real Envoys. That Envoy takes every one of them is shown in
 * tests/integration/sidecar.
 */
import assert from "node:assert/strict";
import type { SidecarIngress } from "signet/istio/mod.ts";
import { parseNode, type PeerMode, type Traffic } from "signet/mesh/mod.ts";
import { fixedClusters, serviceClusters } from "../../../lib/envoy/clusters.ts";
import { all, createGenerator, loadEncoder } from "signet/envoy/mod.ts";
import { loadAssignment, withAddresses } from "../../../lib/envoy/endpoints.ts";
import { applicationCluster, ingressListener } from "../../../lib/envoy/inbound.ts";
import { boundListeners, type BoundOptions } from "../../../lib/envoy/outbound_listeners.ts";
import { httpPorts, portRoutes } from "../../../lib/envoy/routes.ts";
import { meshOf, NO_ACCESS as access, serviceEntry, SETTINGS } from "../../support/mesh.ts";

const HTTPD = serviceEntry({
  name: "httpd",
  endpoints: `[
    { address: 10.0.0.1, serviceAccount: httpd, locality: eu/a, weight: 3 },
    { address: 10.0.0.2, locality: eu/a }, { address: 10.0.0.3, ports: { main: 1234 } },
    { address: unix:///run/app }]`,
  more: "addresses: [240.10.0.5]",
});
const BOUND: BoundOptions = { bind: "127.0.0.1", taken: [], lowest: 0 };
const services = (yaml: string) => meshOf(yaml).services;
const factsOf = (yaml: string) => services(yaml).map(({ facts }) => facts);
/** Services of which nothing more is said. */
const plainly = (facts: Traffic["facts"]): Traffic => ({
  facts,
  destinations: facts.map(() => undefined),
  routings: facts.map(() => undefined),
});
const portOf = (yaml: string) => services(yaml)[0]!.facts.ports[0]!;

Deno.test("serviceClusters() speaks mesh TLS where an endpoint says so, to the identities of the service", () => {
  const [service] = services(HTTPD);
  const cluster = serviceClusters(service!, portOf(HTTPD))[0]!;
  assert.equal(cluster.name, "outbound|8080||httpd.example");
  assert.equal(cluster.type, "EDS");
  assert.deepEqual(cluster.edsClusterConfig, {
    serviceName: cluster.name,
    edsConfig: { ads: {}, initialFetchTimeout: "0s", resourceApiVersion: "V3" },
  });
  const [tls, raw] = cluster.transportSocketMatches!;
  assert.deepEqual([tls?.name, tls?.match], ["tlsMode-istio", { tlsMode: "istio" }]);
  assert.deepEqual([raw?.name, raw?.match], ["tlsMode-disabled", {}]);
  const context = tls!.transportSocket!.typedConfig as Record<string, unknown>;
  assert.equal(context["sni"], "outbound_.8080_._.httpd.example");
  const text = JSON.stringify(context);
  assert.match(
    text,
    /"matchSubjectAltNames":\[\{"exact":"spiffe:\/\/cluster\.local\/ns\/default\/sa\/httpd"\}\]/,
  );
  assert.match(text, /"alpnProtocols":\["istio"\]/);
  assert.match(text, /"name":"ROOTCA"/);
});

Deno.test("serviceClusters() follows protocol, place and resolution of a service", () => {
  const one = (yaml: string) => serviceClusters(services(yaml)[0]!, portOf(yaml))[0];
  const grpc = one(HTTPD.replace("protocol: HTTP,", "protocol: GRPC,"))!;
  assert.match(JSON.stringify(grpc.typedExtensionProtocolOptions), /http2ProtocolOptions/);
  assert.match(JSON.stringify(grpc.transportSocketMatches), /"alpnProtocols":\["istio","h2"\]/);
  assert.equal(one(HTTPD)!.typedExtensionProtocolOptions, undefined);
  const outside = one(HTTPD.replace("MESH_INTERNAL", "MESH_EXTERNAL"))!;
  assert.equal(outside.transportSocketMatches, undefined);
  assert.match(JSON.stringify(outside.metadata), /"external":true/);
  assert.equal(one(HTTPD.replace("protocol: HTTP,", "protocol: UDP,")), undefined);
  const dns = one(serviceEntry({ name: "a" }).replace("STATIC", "DNS"))!;
  assert.equal(dns.type, "STRICT_DNS");
  assert.match(JSON.stringify(dns.loadAssignment), /"address":"a.example","portValue":9080/);
  const none = serviceEntry({ name: "a" }).replace("STATIC", "NONE").replace("endpoints: []", "");
  assert.deepEqual([one(none)!.type, one(none)!.lbPolicy], ["ORIGINAL_DST", "CLUSTER_PROVIDED"]);
});

Deno.test("loadAssignment() gives target ports, weights and localities, and says who takes TLS", () => {
  const [service] = services(HTTPD);
  const { endpoints } = loadAssignment(service!, portOf(HTTPD), "c");
  assert.deepEqual(endpoints?.map(({ locality }) => locality), [
    { region: "", zone: "", subZone: "" },
    { region: "eu", zone: "a", subZone: "" },
  ]);
  const [bare, eu] = endpoints!;
  assert.deepEqual(eu?.loadBalancingWeight, 4);
  assert.deepEqual(eu?.lbEndpoints?.[0], {
    endpoint: { address: { socketAddress: { address: "10.0.0.1", portValue: 9080 } } },
    loadBalancingWeight: 3,
    metadata: { filterMetadata: { "envoy.transport_socket_match": { tlsMode: "istio" } } },
  });
  assert.equal(eu?.lbEndpoints?.[1]?.metadata, undefined);
  assert.deepEqual(bare?.lbEndpoints?.map(({ endpoint }) => endpoint?.address), [
    { socketAddress: { address: "10.0.0.3", portValue: 1234 } },
    { pipe: { path: "/run/app" } },
  ]);
});

Deno.test("loadAssignment() has weights whose sum is one of 32 bits, whatever is said", async () => {
  const yaml = serviceEntry({
    name: "a",
    endpoints: `[{ address: 10.0.0.1, weight: 4294967295, locality: a }, {
      address: 10.0.0.2, weight: 4294967295, locality: a }, { address: 10.0.0.3, locality: b }]`,
  });
  const assignment = loadAssignment(services(yaml)[0]!, portOf(yaml), "c");
  const weights = assignment.endpoints!.map((each) => each.loadBalancingWeight as number);
  assert.equal(weights[1], 1);
  const total = weights.reduce((sum, weight) => sum + weight);
  assert.ok(total <= 4294967295 && total > 4294967000, String(total));
  assert.ok((await loadEncoder()).endpoints(assignment).bytes.length > 0);
});

Deno.test("withAddresses() leaves endpoints with names out", () => {
  const [service] = services(HTTPD);
  assert.equal(withAddresses(service!), service);
  const endpoints = [{ ...service!.endpoints[0]!, address: "a.example" }, ...service!.endpoints];
  assert.deepEqual(withAddresses({ ...service!, endpoints }).endpoints, service!.endpoints);
});

Deno.test("boundListeners() names no server by a part of a label", () => {
  const yaml = serviceEntry({ name: "a", port: 443, protocol: "TLS" })
    .replace("[a.example]", `["*a.example", "*.b.example"]`);
  const text = JSON.stringify(boundListeners(plainly(factsOf(yaml)), BOUND));
  assert.deepEqual([...text.matchAll(/"serverNames":(\[[^\]]*\])/g)].map(([, names]) => names), [
    `["*.b.example"]`,
  ]);
});

Deno.test("boundListeners() shares ports of requests and of TLS, and gives ports of bytes to the first", () => {
  const yaml = serviceEntry({ name: "a" }) + serviceEntry({ name: "b" }) +
    serviceEntry({ name: "c", port: 443, protocol: "TLS" }) +
    serviceEntry({ name: "d", port: 443, protocol: "HTTPS" }) +
    serviceEntry({ name: "e", port: 3306, protocol: "TCP" }) +
    serviceEntry({ name: "f", port: 3306, protocol: "TCP" }) +
    serviceEntry({ name: "g", port: 15006, protocol: "TCP" }) +
    serviceEntry({ name: "h", port: 53, protocol: "UDP" });
  const listeners = boundListeners(plainly(factsOf(yaml)), BOUND);
  assert.deepEqual(listeners.map(({ name }) => name), [
    "127.0.0.1_443",
    "127.0.0.1_3306",
    "127.0.0.1_8080",
  ]);
  const [tls, tcp, http] = listeners.map((listener) => JSON.stringify(listener));
  assert.match(tls!, /"serverNames":\["c\.example"\].*"serverNames":\["d\.example"\]/);
  assert.match(tcp!, /"cluster":"outbound\|3306\|\|e\.example"/);
  assert.doesNotMatch(tcp!, /f\.example/);
  assert.match(http!, /"routeConfigName":"8080"/);
  const names = (options: Partial<BoundOptions>) =>
    boundListeners(plainly(factsOf(yaml)), { ...BOUND, ...options }).map(({ name }) => name);
  assert.deepEqual(names({ lowest: 1024, taken: [3306] }), ["127.0.0.1_8080"]);
});

Deno.test("portRoutes() has a host for each service, under every name once", () => {
  const cluster = serviceEntry({ name: "x" })
    .replace("x.example", "web.shop.svc.cluster.local");
  const facts = factsOf(HTTPD + serviceEntry({ name: "b" }) + cluster);
  const domain = "shop.svc.cluster.local";
  const routes = portRoutes(plainly(facts), 8080, { domain, blocks: false });
  assert.deepEqual(httpPorts(facts), [8080]);
  assert.deepEqual(routes.virtualHosts?.map(({ name, domains }) => [name, domains]), [
    ["b.example:8080", ["b.example", "b.example."]],
    ["httpd.example:8080", ["httpd.example", "httpd.example.", "240.10.0.5"]],
    [
      "web.shop.svc.cluster.local:8080",
      [
        "web.shop.svc.cluster.local",
        "web.shop.svc.cluster.local.",
        "web",
        "web.shop",
        "web.shop.svc",
      ],
    ],
    ["allow_any", ["*"]],
  ]);
  const elsewhere = portRoutes(plainly(facts), 8080, {
    domain: "zoo.svc.cluster.local",
    blocks: true,
  });
  assert.deepEqual(elsewhere.virtualHosts?.[2]?.domains?.slice(2), ["web.shop", "web.shop.svc"]);
  assert.equal(elsewhere.virtualHosts?.at(-1)?.name, "block_all");
  const twice = factsOf(HTTPD + HTTPD.replaceAll("httpd", "other"));
  const names = portRoutes(plainly(twice), 8080, { domain, blocks: false }).virtualHosts!
    .flatMap(({ domains }) => domains!);
  assert.equal(new Set(names).size, names.length, "Envoy refuses a name that stands twice");
});

/** What a chain takes, what is inside, and whether mesh TLS ends there. */
function matrix(mode: PeerMode, protocol: string): readonly string[] {
  const listener = ingressListener(
    { ingress: ingress(protocol), mode, address: "10.0.0.3", access },
    SETTINGS,
  );
  return listener.filterChains!.map(({ filterChainMatch, filters, transportSocket }) => {
    const { transportProtocol = "any", applicationProtocols = [] } = filterChainMatch ?? {};
    const as = filters?.[0]?.name === "envoy.filters.network.tcp_proxy" ? "T" : "H";
    const alpn = applicationProtocols.map((each) => each[0] === "i" ? each.slice(6, 9) : each);
    return `${transportProtocol} ${alpn.join()} ${as}${transportSocket ? "+TLS" : ""}`;
  });
}

function ingress(protocol: string, defaultEndpoint = "127.0.0.1:80", bind = ""): SidecarIngress {
  const port = { number: 9080, protocol, name: "main", targetPort: 0 };
  return { port, bind, defaultEndpoint, captureMode: "NONE" } as unknown as SidecarIngress;
}

Deno.test("ingressListener() has the chains of each mode and protocol", () => {
  const mesh = "pee,,htt,htt,h2";
  const http = "htt,htt,h2";
  const plain = "http/1.1,h2c";
  assert.deepEqual(
    Object.fromEntries(
      ["STRICT", "PERMISSIVE", "DISABLE"].map((
        mode,
      ) => [mode, ["HTTP", "TCP", ""].map((each) => matrix(mode as PeerMode, each))]),
    ),
    {
      STRICT: [
        ["tls  H+TLS"],
        ["tls  T+TLS"],
        [`tls ${http} H+TLS`, "tls  T+TLS"],
      ],
      PERMISSIVE: [
        [`tls ${mesh} H+TLS`, "raw_buffer  H"],
        [`tls ${mesh} T+TLS`, "tls  T", "raw_buffer  T"],
        [
          `tls ${http} H+TLS`,
          `raw_buffer ${plain} H`,
          "tls pee, T+TLS",
          "raw_buffer  T",
          "tls  T",
        ],
      ],
      DISABLE: [["any  H"], ["any  T"], [`raw_buffer ${plain} H`, "any  T"]],
    },
  );
});

Deno.test("ingressListener() binds where the Sidecar says, and leads to the application", () => {
  const at = (each: SidecarIngress) => ({
    ingress: each,
    mode: "STRICT" as const,
    address: "10.0.0.3",
    access,
  });
  assert.equal(ingressListener(at(ingress("HTTP")), SETTINGS).name, "10.0.0.3_9080");
  const bound = ingressListener(at(ingress("HTTP", "", "127.0.0.9")), SETTINGS);
  assert.equal(bound.name, "127.0.0.9_9080");
  const address = (endpoint: string) =>
    applicationCluster(at(ingress("HTTP", endpoint))).loadAssignment?.endpoints?.[0]
      ?.lbEndpoints?.[0]?.endpoint?.address;
  const socket = (address: string, portValue: number) => ({
    socketAddress: { address, portValue },
  });
  assert.deepEqual(address("127.0.0.1:80"), socket("127.0.0.1", 80));
  assert.deepEqual(address("0.0.0.0:80"), socket("10.0.0.3", 80));
  assert.deepEqual(address("[::1]:80"), socket("::1", 80));
  assert.deepEqual(address(""), socket("127.0.0.1", 9080));
  assert.deepEqual(address("unix:///run/app"), { pipe: { path: "/run/app" } });
});

Deno.test("ingressListener() asks clients for a certificate of the trust domain, unless told not to", () => {
  const at = { ingress: ingress("HTTP"), mode: "STRICT" as const, address: "10.0.0.3", access };
  const text = JSON.stringify(ingressListener(at, SETTINGS));
  assert.match(text, /"requireClientCertificate":true/);
  assert.match(text, /"matchSubjectAltNames":\[\{"prefix":"spiffe:\/\/cluster\.local\/"\}\]/);
  const open = ingressListener(at, { ...SETTINGS, validatesTrustDomain: false });
  assert.doesNotMatch(JSON.stringify(open), /matchSubjectAltNames/);
});

Deno.test("no generator names what only Istio's build of Envoy has, and the encoder knows all that they name", async () => {
  const encoder = await loadEncoder();
  const all = factsOf(HTTPD + serviceEntry({ name: "c", port: 443, protocol: "TLS" }));
  const made = [
    ...fixedClusters().map((each) => [each, encoder.cluster(each)] as const),
    ...services(HTTPD).map((each) => {
      const cluster = serviceClusters(each, portOf(HTTPD))[0]!;
      return [cluster, encoder.cluster(cluster)] as const;
    }),
    ...boundListeners(plainly(all), { ...BOUND, bind: "::1" }).map((each) =>
      [each, encoder.listener(each)] as const
    ),
    ...(["STRICT", "PERMISSIVE", "DISABLE"] as const).flatMap((mode) =>
      ["HTTP", "GRPC", "TCP", ""].map((protocol) => {
        const at = { ingress: ingress(protocol), mode, address: "10.0.0.3", access };
        const listener = ingressListener(at, SETTINGS);
        encoder.cluster(applicationCluster(at));
        return [listener, encoder.listener(listener)] as const;
      })
    ),
  ];
  for (const [value, { name, bytes }] of made) {
    assert.equal(name, value.name);
    assert.ok(bytes.length > 0);
    assert.doesNotMatch(
      JSON.stringify(value),
      /metadata_exchange|istio\.alpn|istio\.stats|io\.istio/,
    );
  }
});

Deno.test("configOf() gives no two listeners one place, whatever a Sidecar binds to", async () => {
  const encoder = await loadEncoder();
  const bound = (bind: string) =>
    `---
apiVersion: networking.istio.io/v1
kind: Sidecar
metadata: { name: s }
spec: { ingress: [{ port: { number: 8080, name: http, protocol: HTTP }, bind: "${bind}" }] }
`;
  const names = (bind: string) => {
    const node = parseNode({
      id: "sidecar~10.0.0.3~web-1.default~default.svc.cluster.local",
      metadata: { INTERCEPTION_MODE: "NONE" },
    });
    assert.ok(node.ok);
    const { listeners } = createGenerator(encoder).configOf(
      meshOf(HTTPD + bound(bind)),
      node.proxy,
    );
    return all(listeners).map(({ name }) => name);
  };
  assert.deepEqual(names(""), ["10.0.0.3_8080", "127.0.0.1_8080"]);
  assert.deepEqual(names("127.0.0.1"), ["127.0.0.1_8080"]);
  assert.deepEqual(names("0.0.0.0"), ["0.0.0.0_8080"]);
});

Deno.test("configOf() serves no port with TLS of its own in plain text", async () => {
  const generator = createGenerator(await loadEncoder());
  const yaml = `---
apiVersion: networking.istio.io/v1
kind: Sidecar
metadata: { name: s }
spec:
  egress: [{ hosts: ["~/*"] }]
  ingress:
  - port: { number: 8080, name: http, protocol: HTTP }
  - port: { number: 8443, name: tls, protocol: HTTPS }
    tls: { mode: MUTUAL, serverCertificate: /c.pem, privateKey: /k.pem, caCertificates: /ca.pem }
`;
  const node = parseNode({
    id: "sidecar~10.0.0.3~web-1.default~default.svc.cluster.local",
    metadata: { INTERCEPTION_MODE: "NONE" },
  });
  assert.ok(node.ok);
  const names = (mode: string) => {
    const peers = `---
apiVersion: security.istio.io/v1
kind: PeerAuthentication
metadata: { name: p }
spec: { mtls: { mode: ${mode} } }
`;
    return all(generator.configOf(meshOf(yaml + peers), node.proxy).listeners)
      .map(({ name }) => name);
  };
  assert.deepEqual(names("DISABLE"), ["10.0.0.3_8080"]);
  assert.deepEqual(names("STRICT"), ["10.0.0.3_8080", "10.0.0.3_8443"]);
});

Deno.test("configOf() keeps no routes of their own for domains that shorten no host", async () => {
  const generator = createGenerator(await loadEncoder());
  const mesh = meshOf(
    HTTPD.replace("httpd.example", "web.shop.svc.cluster.local") +
      serviceEntry({ name: "other" }),
  );
  const routesIn = (domain: string) => {
    const node = parseNode({ id: `sidecar~10.0.0.7~a.shop~${domain}`, metadata: {} });
    assert.ok(node.ok);
    return generator.configOf(mesh, node.proxy).routes[0]!;
  };
  const shortNames = (domain: string) => {
    const text = new TextDecoder("latin1").decode(routesIn(domain).get("8080")!.bytes);
    return ["web", "web.shop"].map((name) =>
      text.includes(`\x12${String.fromCharCode(name.length)}${name}\x12`)
    );
  };
  assert.deepEqual(shortNames("shop.svc.cluster.local"), [true, true]);
  assert.deepEqual(shortNames("zoo.svc.cluster.local"), [false, true]);
  assert.deepEqual(shortNames("shop.example"), [false, false]);
  const [inMesh, outside, bare] = [
    [1, 2].map((each) => routesIn(`n${each}.svc.cluster.local`)),
    [1, 2].map((each) => routesIn(`shop.odd${each}`)),
    [routesIn(""), routesIn("shop")],
  ];
  assert.equal(inMesh[0], inMesh[1]);
  for (const each of [...outside, ...bare]) assert.equal(each, outside[0]);
  assert.notEqual(inMesh[0], outside[0]);
});
