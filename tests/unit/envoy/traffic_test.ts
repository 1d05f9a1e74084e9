/** VirtualServices and DestinationRules, held against what Istio makes of each field; that Envoy obeys is shown in tests/integration/sidecar. */
import assert from "node:assert/strict";
import { createScopes, type MeshSnapshot, parseNode, type Viewer } from "signet/mesh/mod.ts";
import { all, createGenerator, find, loadEncoder } from "signet/envoy/mod.ts";
import { serviceClusters } from "../../../lib/envoy/clusters.ts";
import { boundListeners } from "../../../lib/envoy/outbound_listeners.ts";
import { portRoutes } from "../../../lib/envoy/routes.ts";
import { meshOf, serviceEntry } from "../../support/mesh.ts";

const APP = serviceEntry({
  name: "app",
  endpoints: `[
    { address: 10.0.0.1, labels: { version: v1 }, serviceAccount: app },
    { address: 10.0.0.2, labels: { version: v2 }, serviceAccount: app }]`,
});
const VIEWER: Viewer = { namespace: "shop" };

function document(kind: string, spec: string, { name = "r", namespace = "default" } = {}) {
  return `---
apiVersion: networking.istio.io/v1
kind: ${kind}
metadata: { name: ${name}, namespace: ${namespace} }
spec: ${spec}
`;
}

const rule = (spec: string, more = {}) =>
  document("DestinationRule", `{ host: app.example, ${spec} }`, more);
const virtual = (spec: string, more = {}) =>
  document("VirtualService", `{ hosts: [app.example], ${spec} }`, more);
const policy = (spec: string) => rule(`trafficPolicy: { ${spec} }`);

function scopeOf(mesh: MeshSnapshot, viewer = VIEWER) {
  return createScopes().scopeOf(mesh, viewer);
}

// deno-lint-ignore no-explicit-any -- plain data whose shape is what is tested
function clusters(yaml: string, viewer = VIEWER): any[] {
  const { services, traffic } = scopeOf(meshOf(yaml), viewer);
  return [...serviceClusters(services[0]!, services[0]!.facts.ports[0]!, traffic.destinations[0])];
}

// deno-lint-ignore no-explicit-any -- the same
const cluster = (spec: string): any => clusters(APP + policy(spec))[0];

// deno-lint-ignore no-explicit-any -- the same
function routes(http: string, viewer = VIEWER, more = ""): any[] {
  const { traffic } = scopeOf(meshOf(APP + virtual(`http: [${http}]`) + more), viewer);
  const { virtualHosts } = portRoutes(traffic, 8080, { domain: "", blocks: false });
  return [...virtualHosts![0]!.routes!];
}

const TO = "route: [{ destination: { host: app.example } }]";

Deno.test("serviceClusters() takes a rule of the client's namespace, then the service's, then the root's", () => {
  const lb = (simple: string) => `trafficPolicy: { loadBalancer: { simple: ${simple} } }`;
  const root = rule(lb("RANDOM"), { namespace: "istio-system" });
  const own = rule(lb("ROUND_ROBIN"));
  const client = rule(lb("LEAST_REQUEST"), { namespace: "shop" });
  const chosen = (yaml: string, namespace = "shop") =>
    clusters(APP + yaml, { namespace })[0].lbPolicy;
  assert.equal(chosen(root), "RANDOM");
  assert.equal(chosen(root + own), "ROUND_ROBIN");
  assert.equal(chosen(root + own + client), "LEAST_REQUEST");
  assert.equal(chosen(root + own + client, "zoo"), "ROUND_ROBIN");
  const hidden = rule(`${lb("ROUND_ROBIN")}, exportTo: ["."]`);
  assert.equal(chosen(root + hidden), "RANDOM");
  assert.equal(chosen(root + hidden, "default"), "ROUND_ROBIN");
  const wide = document("DestinationRule", `{ host: "*.example", ${lb("RANDOM")} }`, { name: "a" });
  assert.equal(chosen(wide), "RANDOM");
  assert.equal(chosen(wide + own), "ROUND_ROBIN", "the most specific host");
  const some = rule(
    `${lb("RANDOM")}, workloadSelector: { matchLabels: { app: web } }`,
    { namespace: "shop", name: "z" },
  );
  const labelled = (labels: Record<string, string>) =>
    clusters(APP + own + some, { namespace: "shop", labels })[0].lbPolicy;
  assert.deepEqual([labelled({ app: "web" }), labelled({})], ["RANDOM", "ROUND_ROBIN"]);
});

Deno.test("serviceClusters() has one cluster for each subset, of rules put together, each name once", () => {
  const subset = (name: string) => `subsets: [{ name: ${name}, labels: { version: ${name} } }]`;
  const made = clusters(
    APP + rule(subset("v1"), { name: "a" }) + rule(subset("v2"), { name: "b" }) +
      rule(subset("v1"), { name: "c" }),
  );
  assert.deepEqual(made.map(({ name }) => name), [
    "outbound|8080||app.example",
    "outbound|8080|v1|app.example",
    "outbound|8080|v2|app.example",
  ]);
  assert.match(JSON.stringify(made[1]), /"sni":"outbound_\.8080_\.v1_\.app\.example"/);
  assert.equal(made[1].metadata.filterMetadata.istio.subset, "v1");
});

Deno.test("serviceClusters() lets a port's policy stand alone, and a subset say what differs", () => {
  const whole = `connectionPool: { tcp: { maxConnections: 7 } }, loadBalancer: { simple: RANDOM }`;
  const facts = (yaml: string, at = 0) => {
    const made = clusters(APP + yaml)[at];
    return [made.lbPolicy, made.circuitBreakers.thresholds[0].maxConnections];
  };
  const port = (number: number) =>
    `portLevelSettings: [{ port: { number: ${number} }, loadBalancer: { simple: ROUND_ROBIN } }]`;
  assert.deepEqual(facts(policy(`${whole}, ${port(8080)}`)), ["ROUND_ROBIN", 4294967295]);
  assert.deepEqual(facts(policy(`${whole}, ${port(9)}`)), ["RANDOM", 7]);
  const subset = (spec: string) =>
    rule(`trafficPolicy: { ${whole} }, subsets: [{ name: v1, trafficPolicy: { ${spec} } }]`);
  assert.deepEqual(facts(subset("loadBalancer: { simple: ROUND_ROBIN }"), 1), ["ROUND_ROBIN", 7]);
  assert.deepEqual(facts(subset(port(8080)), 1), ["ROUND_ROBIN", 4294967295]);
});

Deno.test("serviceClusters() balances, warms, hashes, bounds and leaves out as said", () => {
  const warm = cluster("loadBalancer: { simple: ROUND_ROBIN, warmup: { duration: 10s } }");
  assert.deepEqual(warm.roundRobinLbConfig.slowStartConfig.slowStartWindow, "10s");
  assert.deepEqual(warm.roundRobinLbConfig.slowStartConfig.minWeightPercent, { value: 10 });
  const ring = cluster(
    "loadBalancer: { consistentHash: { useSourceIp: true, ringHash: { minimumRingSize: 90000000 } } }",
  );
  assert.deepEqual([ring.lbPolicy, ring.ringHashLbConfig], ["RING_HASH", {
    minimumRingSize: "8388608",
  }]);
  const maglev = cluster(
    "loadBalancer: { consistentHash: { httpHeaderName: x, maglev: { tableSize: 7 } } }",
  );
  assert.deepEqual([maglev.lbPolicy, maglev.maglevLbConfig], ["MAGLEV", { tableSize: "7" }]);
  const direct = cluster("loadBalancer: { simple: PASSTHROUGH }");
  assert.deepEqual(
    [direct.type, direct.lbPolicy, direct.edsClusterConfig],
    ["ORIGINAL_DST", "CLUSTER_PROVIDED", undefined],
  );
  const pool = cluster(
    "connectionPool: { tcp: { connectTimeout: 1s, maxConnections: 1, tcpKeepalive: { time: 90s } }, http: { http1MaxPendingRequests: 2, http2MaxRequests: 3, maxRetries: 4, maxRequestsPerConnection: 5, idleTimeout: 6s } }",
  );
  assert.deepEqual(pool.circuitBreakers.thresholds, [{
    maxConnections: 1,
    maxPendingRequests: 2,
    maxRequests: 3,
    maxRetries: 4,
    trackRemaining: true,
  }]);
  assert.equal(pool.connectTimeout, "1s");
  assert.deepEqual(pool.upstreamConnectionOptions.tcpKeepalive, { keepaliveTime: 90 });
  assert.match(
    JSON.stringify(pool.typedExtensionProtocolOptions),
    /"commonHttpProtocolOptions":\{"idleTimeout":"6s","maxRequestsPerConnection":5\}.*"httpProtocolOptions":\{\}/,
  );
  const upgraded = cluster("connectionPool: { http: { h2UpgradePolicy: UPGRADE } }");
  assert.match(JSON.stringify(upgraded), /http2ProtocolOptions.*"alpnProtocols":\["istio","h2"\]/);
  const out = cluster(
    "outlierDetection: { consecutive5xxErrors: 3, consecutiveGatewayErrors: 0, interval: 5s, baseEjectionTime: 1m, maxEjectionPercent: 50, minHealthPercent: 20 }",
  );
  assert.deepEqual(out.outlierDetection, {
    enforcingSuccessRate: 0,
    consecutive5xx: 3,
    enforcingConsecutive5xx: 100,
    consecutiveGatewayFailure: 0,
    enforcingConsecutiveGatewayFailure: 0,
    interval: "5s",
    baseEjectionTime: "60s",
    maxEjectionPercent: 50,
  });
  assert.deepEqual(out.commonLbConfig, { healthyPanicThreshold: { value: 20 } });
});

Deno.test("serviceClusters() speaks TLS as said", () => {
  const plain = cluster("tls: { mode: DISABLE }");
  assert.deepEqual([plain.transportSocket, plain.transportSocketMatches], [undefined, undefined]);
  const mesh = cluster(
    "tls: { mode: ISTIO_MUTUAL, sni: s.example, subjectAltNames: [spiffe://a] }",
  );
  assert.equal(mesh.transportSocketMatches, undefined);
  const text = JSON.stringify(mesh.transportSocket);
  assert.match(
    text,
    /"sni":"s\.example".*"name":"default".*\[\{"exact":"spiffe:\/\/a"\}\].*"ROOTCA"/,
  );
  const simple = cluster("tls: { mode: SIMPLE }");
  assert.match(JSON.stringify(simple.transportSocket), /"name":"file-root:system"/);
  assert.match(
    JSON.stringify(simple.typedExtensionProtocolOptions),
    /"upstreamHttpProtocolOptions":\{"autoSni":true,"autoSanValidation":true\}/,
  );
  const mutual = JSON.stringify(
    cluster(
      "tls: { mode: MUTUAL, clientCertificate: /c, privateKey: /k, caCertificates: /ca, sni: s, subjectAltNames: [a] }",
    ),
  );
  assert.match(mutual, /"file-cert:\/c~\/k".*\[\{"exact":"a"\}\].*"file-root:\/ca"/);
  assert.doesNotMatch(mutual, /autoSni/);
  const open = JSON.stringify(cluster("tls: { mode: SIMPLE, insecureSkipVerify: true }"));
  assert.match(open, /"validationContext":\{\}/);
  assert.doesNotMatch(open, /autoSanValidation/);
});

Deno.test("portRoutes() tells requests apart as a VirtualService says", () => {
  const [route, other, ...more] = routes(`{ name: n, match: [
    { name: m, uri: { prefix: /a }, method: { exact: GET }, headers: { x: { regex: "a.*" }, y: {} }, withoutHeaders: { z: { exact: v } }, queryParams: { q: { exact: "1" } }, ignoreUriCase: true },
    { uri: { exact: /b }, port: 8080 }, { port: 9 }], ${TO} }`);
  assert.deepEqual(route.match, {
    prefix: "/a",
    caseSensitive: false,
    headers: [
      { name: ":method", stringMatch: { exact: "GET" } },
      { name: "x", stringMatch: { safeRegex: { regex: "a.*" } } },
      { name: "y", presentMatch: true },
      {
        name: "z",
        stringMatch: { exact: "v" },
        invertMatch: true,
        treatMissingHeaderAsEmpty: true,
      },
    ],
    queryParameters: [{ name: "q", stringMatch: { exact: "1" } }],
  });
  assert.deepEqual([route.name, other.name, other.match], ["n.m", "n", { path: "/b" }]);
  assert.deepEqual(more, []);
});

Deno.test("portRoutes() forwards, retries, mirrors and changes headers as said", () => {
  const [{ route, ...rest }] = routes(`{
    route: [{ destination: { host: app.example, subset: v1, port: { number: 9 } }, headers: { request: { set: { x-one: "1" } } } }],
    timeout: 1.5s, retries: { attempts: 3, perTryTimeout: 250ms, retryOn: "503,5xx" }, rewrite: { uri: /r, authority: h.example },
    mirrors: [{ destination: { host: app.example }, percentage: { value: 0.5 } }],
    headers: { request: { add: { x-two: "2" }, remove: [x-no] }, response: { set: { x-three: "3" } } } }`);
  assert.equal(route.cluster, "outbound|9|v1|app.example");
  assert.deepEqual([route.timeout, route.maxGrpcTimeout], ["1.5s", "1.5s"]);
  const { numRetries, retryOn, perTryTimeout, retriableStatusCodes } = route.retryPolicy;
  assert.deepEqual([numRetries, retryOn, perTryTimeout, retriableStatusCodes], [
    3,
    "5xx,retriable-status-codes",
    "0.25s",
    [503],
  ]);
  assert.deepEqual([route.prefixRewrite, route.hostRewriteLiteral], ["/r", "h.example"]);
  assert.deepEqual(route.requestMirrorPolicies, [{
    cluster: "outbound|8080||app.example",
    runtimeFraction: { defaultValue: { numerator: 5000, denominator: "MILLION" } },
  }]);
  const option = (key: string, value: string, appendAction: string) => ({
    header: { key, value },
    appendAction,
  });
  assert.deepEqual(rest.requestHeadersToAdd, [
    option("x-two", "2", "APPEND_IF_EXISTS_OR_ADD"),
    option("x-one", "1", "OVERWRITE_IF_EXISTS_OR_ADD"),
  ]);
  assert.deepEqual(rest.requestHeadersToRemove, ["x-no"]);
  assert.deepEqual(rest.responseHeadersToAdd, [
    option("x-three", "3", "OVERWRITE_IF_EXISTS_OR_ADD"),
  ]);
  assert.equal(routes(`{ retries: { attempts: 0 }, ${TO} }`)[0].route.retryPolicy, undefined);
});

Deno.test("portRoutes() shares by weight, without those of none, in 32 bits", () => {
  const share = (weight: number) => `{ destination: { host: app.example }, weight: ${weight} }`;
  const weights = (...list: number[]) => routes(`{ route: [${list.map(share)}] }`)[0].route;
  assert.deepEqual(
    weights(80, 0, 20).weightedClusters.clusters.map((each: { weight: number }) => each.weight),
    [80, 20],
  );
  assert.equal(weights(100, 0).cluster, "outbound|8080||app.example");
  assert.equal(weights(0).cluster, "outbound|8080||app.example");
  const many = Array<number>(3_000).fill(1);
  const large = weights(2147483647, 2147483647, 2147483647, ...many).weightedClusters.clusters;
  const total = large.reduce((sum: number, each: { weight: number }) => sum + each.weight, 0);
  assert.ok(total <= 4294967295 && total > 4294960000, String(total));
});

Deno.test("portRoutes() answers, redirects, fails and speaks to other origins as said", () => {
  const [direct, moved, fault, cors] = routes(`
    { match: [{ uri: { exact: /d } }], directResponse: { status: 418, body: { string: hi } } },
    { match: [{ uri: { exact: /r } }], redirect: { scheme: https, derivePort: FROM_PROTOCOL_DEFAULT, uri: /x, redirectCode: 307 } },
    { match: [{ uri: { exact: /f } }], fault: { delay: { fixedDelay: 2s }, abort: { grpcStatus: NOT_FOUND, percentage: { value: 10 } } }, ${TO} },
    { corsPolicy: { allowOrigins: [{ prefix: "https://" }], allowMethods: [GET, PUT], maxAge: 24h, allowCredentials: false }, ${TO} }`);
  assert.deepEqual(direct.directResponse, { status: 418, body: { inlineBytes: "aGk=" } });
  assert.deepEqual(moved.redirect, {
    pathRedirect: "/x",
    portRedirect: 443,
    schemeRedirect: "https",
    responseCode: "TEMPORARY_REDIRECT",
  });
  const { delay, abort } = fault.typedPerFilterConfig["envoy.filters.http.fault"];
  assert.deepEqual([delay.fixedDelay, delay.percentage.numerator], ["2s", 1_000_000]);
  assert.deepEqual(abort, {
    grpcStatus: 5,
    percentage: { numerator: 100_000, denominator: "MILLION" },
  });
  const policy = cors.typedPerFilterConfig["envoy.filters.http.cors"];
  assert.deepEqual(
    [policy.allowMethods, policy.maxAge, policy.allowCredentials],
    ["GET,PUT", "86400", false],
  );
});

Deno.test("portRoutes() leaves out what Envoy would refuse the whole port for", () => {
  const [{ requestHeadersToAdd, route }] = routes(
    `{ headers: { request: { set: { "a\\nb": "1", x: "%FOO% %REQ(a)% 5%% %" } } }, rewrite: { uriRegexRewrite: { match: "a(b)[(]\\\\(", rewrite: "\\\\2" } }, ${TO} }`
      .replace(' %"', '"'),
  );
  assert.deepEqual(requestHeadersToAdd.map(({ header }: { header: unknown }) => header), [
    { key: "x", value: "%%FOO%% %REQ(a)% 5%%" },
  ]);
  assert.equal(route.regexRewrite, undefined);
  const [kept] = routes(
    `{ rewrite: { uriRegexRewrite: { match: "a(b)", rewrite: "\\\\1" } }, ${TO} }`,
  );
  assert.deepEqual(kept.route.regexRewrite, { pattern: { regex: "a(b)" }, substitution: "\\1" });
});

Deno.test("portRoutes() follows delegates, gateways and who asks", () => {
  const delegate = document(
    "VirtualService",
    `{ http: [{ match: [{ uri: { prefix: /a/b } }], directResponse: { status: 201 } }, { match: [{ uri: { prefix: /c } }], directResponse: { status: 202 } }] }`,
    { name: "d", namespace: "zoo" },
  );
  const statuses = (made: ReturnType<typeof routes>) =>
    made.map(({ match, directResponse }) => [match.prefix, directResponse?.status]);
  const leads = `{ match: [{ uri: { prefix: /a } }], delegate: { name: d, namespace: zoo } }`;
  assert.deepEqual(statuses(routes(leads, VIEWER, delegate)), [["/a/b", 201]]);
  assert.deepEqual(statuses(routes(leads)), [["/", undefined]], "a delegate that is not there");
  const some =
    `{ match: [{ sourceLabels: { app: web } }], directResponse: { status: 201 } }, { match: [{ sourceNamespace: zoo }], directResponse: { status: 202 } }, { directResponse: { status: 203 } }`;
  const asked = (namespace: string, labels: Record<string, string> = {}) =>
    statuses(routes(some, { namespace, labels })).map(([, status]) => status);
  assert.deepEqual(asked("shop", { app: "web" }), [201, 203]);
  assert.deepEqual(asked("zoo"), [202, 203]);
  const atGateway = APP + virtual(`gateways: [g], http: [{ directResponse: { status: 201 } }]`);
  const [plain] = portRoutes(scopeOf(meshOf(atGateway)).traffic, 8080, {
    domain: "",
    blocks: false,
  })
    .virtualHosts!;
  assert.equal(plain?.routes?.[0]?.route?.cluster, "outbound|8080||app.example");
});

Deno.test("portRoutes() keeps like requests together as a DestinationRule says", () => {
  const hash = (consistentHash: string) =>
    portRoutes(
      scopeOf(meshOf(APP + policy(`loadBalancer: { consistentHash: { ${consistentHash} } }`)))
        .traffic,
      8080,
      { domain: "", blocks: false },
    ).virtualHosts![0]!.routes![0]!.route!.hashPolicy;
  assert.deepEqual(hash("httpHeaderName: x"), [{ header: { headerName: "x" } }]);
  assert.deepEqual(hash("useSourceIp: true"), [{ connectionProperties: { sourceIp: true } }]);
  assert.deepEqual(hash("httpQueryParameterName: q"), [{ queryParameter: { name: "q" } }]);
  assert.deepEqual(hash("httpCookie: { name: c, ttl: 60s, path: / }"), [{
    cookie: { name: "c", path: "/", ttl: "60s", attributes: [] },
  }]);
});

Deno.test("boundListeners() sends bytes and names where a VirtualService says", () => {
  const tcp = serviceEntry({ name: "app", protocol: "TCP" });
  const listener = (entry: string, spec: string) =>
    JSON.stringify(boundListeners(scopeOf(meshOf(entry + virtual(spec))).traffic, {
      bind: "127.0.0.1",
      taken: [],
      lowest: 0,
    }));
  assert.match(
    listener(
      tcp,
      "tcp: [{ match: [{ port: 1 }], route: [{ destination: { host: no.example } }] }, { route: [{ destination: { host: app.example, subset: v1 }, weight: 1 }, { destination: { host: app.example, subset: v2 }, weight: 3 }] }]",
    ),
    /"weightedClusters":\{"clusters":\[\{"name":"outbound\|8080\|v1\|app\.example","weight":1\},\{"name":"outbound\|8080\|v2\|app\.example","weight":3\}\]/,
  );
  assert.match(
    listener(
      tcp.replace("TCP", "TLS"),
      "tls: [{ match: [{ sniHosts: [app.example] }], route: [{ destination: { host: app.example, subset: v2 } }] }]",
    ),
    /\[\{"filterChainMatch":\{"serverNames":\["app\.example"\]\},"filters":\[[^\]]*"cluster":"outbound\|8080\|v2\|app\.example"[^\]]*\]\}\]/,
  );
});

Deno.test("a rule changes its cluster, its endpoints and routes; what others have stays the same object", async () => {
  const generator = createGenerator(await loadEncoder());
  const node = parseNode({
    id: "sidecar~10.0.0.3~web-1.shop~shop.svc.cluster.local",
    metadata: {},
  });
  assert.ok(node.ok);
  const before = meshOf(APP + serviceEntry({ name: "b" }));
  const after = meshOf(
    APP + serviceEntry({ name: "b" }) +
      rule("subsets: [{ name: v1, labels: { version: v1 } }]"),
    { previous: before },
  );
  assert.equal(after.services, before.services);
  const [one, two] = [before, after].map((mesh) => generator.configOf(mesh, node.proxy));
  const name = "outbound|8080|v1|app.example";
  assert.equal(find(one!.clusters, name), undefined);
  assert.ok(find(two!.clusters, name));
  const bytes = new TextDecoder("latin1").decode(find(two!.endpoints, name)!.bytes);
  assert.ok(bytes.includes("10.0.0.1") && !bytes.includes("10.0.0.2"));
  const other = "outbound|8080||b.example";
  assert.equal(find(two!.clusters, other), find(one!.clusters, other));
  assert.equal(find(two!.endpoints, other), find(one!.endpoints, other));
  assert.equal(all(two!.clusters).length, all(one!.clusters).length + 1);
});
