/** Where requests and connections go, by VirtualService and DestinationRule, through a stock Envoy. */
import assert from "node:assert/strict";
import { testWithPeers } from "../../support/peers.ts";
import { freePort } from "../../support/ports.ts";
import { tempDir } from "../../support/process.ts";
import { rawTalk } from "../../support/raw_http.ts";
import { startSignet } from "../../support/server.ts";
import { startSidecar, untilConfigured } from "../../support/sidecar.ts";
import { until } from "../../support/until.ts";

const HOST = "app.example";

/** One version of an application: says its name, fails or waits where it is asked to. */
function startVersion(name: string) {
  const seen: Request[] = [];
  const late = Promise.withResolvers<void>();
  let failures = 0;
  const server = Deno.serve(
    { hostname: "127.0.0.1", port: freePort(), onListen: () => {} },
    async (request) => {
      seen.push(request);
      const { pathname } = new URL(request.url);
      if (pathname === "/slow") await late.promise;
      const isFlaky = pathname === "/flaky" && failures++ < 2;
      const status = isFlaky || pathname === `/bad-${name}` ? 503 : 200;
      const headers = [...request.headers].map(([key, value]) => `${key}: ${value}`);
      return new Response([`I am ${name}`, pathname, ...headers].join("\n"), { status });
    },
  );
  return {
    port: server.addr.port,
    seen,
    async [Symbol.asyncDispose]() {
      late.resolve();
      await server.shutdown();
    },
  };
}

function startBytes(name: string) {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: freePort() });
  const served = (async () => {
    for await (const connection of listener) {
      await connection.write(new TextEncoder().encode(name));
      connection.close();
    }
  })();
  return {
    port: listener.addr.port,
    async [Symbol.asyncDispose]() {
      listener.close();
      await served;
    },
  };
}

function document(kind: string, name: string, spec: string): string {
  return `---
apiVersion: networking.istio.io/v1
kind: ${kind}
metadata: { name: ${name} }
spec: ${spec}
`;
}

const routes = (http: string) => document("VirtualService", "app", `{ hosts: [${HOST}], ${http} }`);
const rule = (more = "") =>
  document(
    "DestinationRule",
    "app",
    `{ host: ${HOST}, subsets: [{ name: v1, labels: { version: v1 } }, { name: v2, labels: { version: v2 } }]${more} }`,
  );
const to = (subset: string, more = "") =>
  `{ destination: { host: ${HOST}, subset: ${subset} }${more} }`;

/** What Envoy would refuse the routes of a whole port for, in documents that are fine by Istio's rules. */
const ODD = document(
  "VirtualService",
  "odd",
  `{ hosts: [odd.example], http: [
    { match: [{ headers: { x-a: { regex: ".*" } }, withoutHeaders: { x-b: { exact: v }, x-z: { regex: "*" } }, queryParams: { q: { exact: "" } }, uri: { prefix: "" }, ignoreUriCase: true }],
      headers: { request: { set: { "x-c": "%FOO(a)% 100%%", "x-d": "%REQ(x)% %PROTOCOL% %DOWNSTREAM_REMOTE_ADDRESS_WITHOUT_PORT%" }, remove: ["x e"] }, response: { add: { "a\\nb": c } } },
      rewrite: { uriRegexRewrite: { match: "/a(b)", rewrite: "/\\\\2" } }, corsPolicy: { allowOrigins: [{ exact: "*" }], allowMethods: [GET], maxAge: 1s },
      route: [{ destination: { host: nowhere }, weight: 2147483647 }, { destination: { host: app.example, port: { number: 1 } }, weight: 2147483647 }, { destination: { host: app.example, subset: none }, weight: 2147483647 }] },
    { match: [{ uri: { exact: "" } }], directResponse: { status: 600, body: { string: "x" } } },
    { match: [{ uri: { regex: "/\\\\d+" } }], fault: { abort: { httpStatus: 600 }, delay: { fixedDelay: 5ms, percentage: { value: 0.0001 } } }, retries: { attempts: 2147483647, perTryTimeout: 1ms, retryOn: "503,connect-failure", backoff: 1ms }, route: [{ destination: { host: app.example } }] },
    { redirect: { authority: "a\\nb", uri: "/%41", scheme: https, derivePort: FROM_PROTOCOL_DEFAULT, redirectCode: 308 } }] }`,
) + document(
  "DestinationRule",
  "odd",
  `{ host: odd.example, trafficPolicy: {
    loadBalancer: { consistentHash: { httpCookie: { name: c, ttl: 0s, attributes: [{ name: SameSite, value: "a\\nb" }] }, ringHash: { minimumRingSize: 90000000 } } },
    connectionPool: { tcp: { maxConnections: 1, connectTimeout: 1ms, tcpKeepalive: { time: 1ms, interval: 5s, probes: 3 }, idleTimeout: 0s, maxConnectionDuration: 1ms }, http: { maxRequestsPerConnection: 1, idleTimeout: 1s, maxConcurrentStreams: 1, h2UpgradePolicy: UPGRADE, http1MaxPendingRequests: 1, http2MaxRequests: 1, maxRetries: 1 } },
    outlierDetection: { splitExternalLocalOriginErrors: true, consecutiveLocalOriginFailures: 5, consecutiveGatewayErrors: 0, baseEjectionTime: 1000h, interval: 1ms, minHealthPercent: 50 } },
    subsets: [{ name: simple, trafficPolicy: { tls: { mode: SIMPLE } } }, { name: mutual, trafficPolicy: { tls: { mode: MUTUAL, clientCertificate: /c.pem, privateKey: /k.pem, caCertificates: /ca.pem, sni: s.example, subjectAltNames: [a] } } },
      { name: open, trafficPolicy: { tls: { mode: SIMPLE, insecureSkipVerify: true } } }, { name: mesh, trafficPolicy: { tls: { mode: ISTIO_MUTUAL } } }, { name: passthrough, trafficPolicy: { loadBalancer: { simple: PASSTHROUGH } } },
      { name: maglev, trafficPolicy: { loadBalancer: { consistentHash: { useSourceIp: true, maglev: { tableSize: 65537 } } } } }, { name: warm, trafficPolicy: { loadBalancer: { simple: ROUND_ROBIN, warmup: { duration: 10s } } } }] }`,
);

testWithPeers(
  "Requests and connections go where VirtualServices and DestinationRules say",
  ["pilot-agent", "envoy"],
  async (t, { "pilot-agent": agent, envoy }) => {
    await using folder = await tempDir();
    await using v1 = startVersion("v1");
    await using v2 = startVersion("v2");
    await using bytes = startBytes("one");
    await using other = startBytes("other");
    const ports = { http: freePort(), tcp: freePort() };
    const endpoint = (version: string, http: number, tcp: number) =>
      `{ address: 127.0.0.1, ports: { http: ${http}, tcp: ${tcp} }, labels: { version: ${version} } }`;
    const port = (name: "http" | "tcp") =>
      `{ number: ${ports[name]}, name: ${name}, protocol: ${name} }`;
    const entry = (name: string, host: string, endpoints: string) =>
      document(
        "ServiceEntry",
        name,
        `{ hosts: [${host}], location: MESH_INTERNAL, resolution: STATIC, ports: [${
          port("http")
        }, ${port("tcp")}], endpoints: [${endpoints}] }`,
      );
    await Deno.writeTextFile(
      `${folder.path}/services.yaml`,
      entry(
        "app",
        HOST,
        `${endpoint("v1", v1.port, bytes.port)}, ${endpoint("v2", v2.port, other.port)}`,
      ) + entry("odd", "odd.example", ""),
    );
    const say = (text: string) => Deno.writeTextFile(`${folder.path}/traffic.yaml`, text);
    await say(rule() + ODD);
    await using server = await startSignet({ args: ["--configDir", folder.path] });
    await using web = await startSidecar({
      ...{ agent, envoy, server, name: "web", address: "127.0.0.2" },
    });
    await untilConfigured(web);
    const ask = async (path = "/", lines: readonly string[] = [], method = "GET") => {
      const text = await rawTalk(
        ports.http,
        `${method} ${path} HTTP/1.1\r\nHost: ${HOST}\r\n${
          lines.map((line) => `${line}\r\n`).join("")
        }Connection: close\r\n\r\n`,
      );
      return {
        status: Number(/^HTTP\/1\.1 (\d{3})/.exec(text)?.[1] ?? 0),
        by: /I am (\w+)/.exec(text)?.[1],
        text,
      };
    };
    const untilAnswer = (what: string, is: (answer: Awaited<ReturnType<typeof ask>>) => boolean) =>
      until(what, async () => is(await ask("/probe")) ? true : undefined);

    await t.step("by weight, counted over a thousand requests", async () => {
      await say(
        rule() + ODD +
          routes(
            `http: [{ headers: { response: { set: { x-step: weights } } }, route: [${
              to("v1", ", weight: 80")
            }, ${to("v2", ", weight: 20")}] }]`,
          ),
      );
      await untilAnswer("weights are there", ({ text }) => /x-step: weights/.test(text));
      const counts = { v1: 0, v2: 0 };
      await Promise.all(Array.from({ length: 10 }, async () => {
        for (let request = 0; request < 100; request++) {
          counts[(await ask()).by as "v1" | "v2"]++;
        }
      }));
      assert.equal(counts.v1 + counts.v2, 1000);
      // Seven standard deviations on either side.
      assert.ok(counts.v2 > 110 && counts.v2 < 290, JSON.stringify(counts));
    });
    await t.step("by header, path and query, rewritten, answered, redirected, failed", async () => {
      await say(
        rule() + ODD + routes(`http: [
          { match: [{ headers: { x-user: { exact: tester } } }], headers: { request: { set: { x-set: "1" }, add: { x-add: "%PROTOCOL% 5%%" }, remove: [x-gone] } }, route: [${
          to("v2")
        }] },
          { match: [{ uri: { prefix: /old/ } }], rewrite: { uri: /new/, authority: other.example }, route: [${
          to("v1")
        }] },
          { match: [{ uri: { exact: /direct }, method: { exact: GET } }], directResponse: { status: 418, body: { string: short } } },
          { match: [{ uri: { exact: /moved } }], redirect: { authority: b.example, uri: /there, redirectCode: 302 } },
          { match: [{ uri: { exact: /broken } }], fault: { abort: { httpStatus: 555 } }, route: [${
          to("v1")
        }] },
          { match: [{ uri: { exact: /slow } }], timeout: 0.2s, route: [${to("v1")}] },
          { match: [{ uri: { exact: /flaky } }], retries: { attempts: 3, retryOn: 5xx }, route: [${
          to("v1")
        }] },
          { match: [{ uri: { exact: /cors } }], corsPolicy: { allowOrigins: [{ exact: "https://a.example" }], allowMethods: [PUT] }, route: [${
          to("v1")
        }] },
          { match: [{ queryParams: { v: { exact: "2" } }, sourceLabels: { app: web } }], route: [${
          to("v2")
        }] },
          { match: [{ uri: { exact: /foreign }, sourceLabels: { app: nobody } }], route: [${
          to("v2")
        }] },
          { match: [{ uri: { exact: /mirrored } }], mirrors: [{ destination: { host: ${HOST}, subset: v2 } }], route: [${
          to("v1")
        }] },
          { name: rest, headers: { response: { set: { x-step: many } } }, route: [${to("v1")}] }]`),
      );
      await untilAnswer("routes are there", ({ text }) => /x-step: many/.test(text));
      const tester = await ask("/", ["x-user: tester", "x-gone: 1"]);
      assert.equal(tester.by, "v2", tester.text);
      assert.match(tester.text, /x-set: 1/);
      assert.match(tester.text, /x-add: HTTP\/1\.1 5%/);
      assert.doesNotMatch(tester.text, /x-gone/);
      assert.equal((await ask("/", ["x-user: nobody"])).by, "v1");
      assert.match((await ask("/old/a")).text, /\n\/new\/a\n[^]*host: other\.example/);
      const direct = await ask("/direct");
      assert.deepEqual([direct.status, direct.text.split("\r\n\r\n")[1]], [418, "short"]);
      const moved = await ask("/moved");
      assert.equal(moved.status, 302);
      assert.match(moved.text, /location: http:\/\/b\.example\/there/);
      assert.equal((await ask("/broken")).status, 555);
      assert.equal((await ask("/slow")).status, 504);
      const before = v1.seen.length;
      assert.equal((await ask("/flaky")).status, 200);
      assert.equal(v1.seen.length - before, 3);
      const preflight = await ask("/cors", [
        "Origin: https://a.example",
        "Access-Control-Request-Method: PUT",
      ], "OPTIONS");
      assert.match(preflight.text, /access-control-allow-methods: PUT/i);
      assert.equal((await ask("/?v=2")).by, "v2");
      assert.equal((await ask("/foreign")).by, "v1", "a route of other workloads");
      const shadow = v2.seen.length;
      assert.equal((await ask("/mirrored")).by, "v1");
      await until(
        "the copy arrives",
        () => Promise.resolve(v2.seen.length > shadow ? true : undefined),
      );
    });
    await t.step("to one endpoint by a hash, and never to one that fails", async () => {
      await say(
        rule(
          ", trafficPolicy: { loadBalancer: { consistentHash: { httpHeaderName: x-user } } }",
        ) + ODD,
      );
      const names = Array.from({ length: 16 }, (_, at) => `x-user: ${at}`);
      const spread = () => Promise.all(names.map(async (line) => (await ask("/", [line])).by));
      await until("like requests go to one place, others to another", async () => {
        const [one, two, three] = [await spread(), await spread(), await spread()];
        const isKept = String(one) === String(two) && String(two) === String(three);
        return isKept && new Set(one).size === 2 ? true : undefined;
      });
      await say(
        rule(
          ", trafficPolicy: { outlierDetection: { consecutive5xxErrors: 1, interval: 100ms, baseEjectionTime: 600s, maxEjectionPercent: 100 } }",
        ) + ODD,
      );
      await until("v2 is left out", async () => {
        await ask("/bad-v2");
        const answers = await Promise.all(Array.from({ length: 20 }, () => ask("/")));
        return answers.every(({ by }) => by === "v1") ? true : undefined;
      });
    });
    await t.step("bytes by subset", async () => {
      await say(
        rule() + ODD +
          document(
            "VirtualService",
            "app",
            `{ hosts: [${HOST}], tcp: [{ match: [{ port: ${ports.tcp} }], route: [${
              to("v2")
            }] }] }`,
          ),
      );
      await until("the other is asked", async () => {
        const all = await Promise.all(Array.from({ length: 8 }, () => rawTalk(ports.tcp, "")));
        return all.every((text) => text === "other") ? true : undefined;
      });
    });
    await t.step("the proxy refused nothing, of odd documents either", async () => {
      assert.doesNotMatch(
        await web.admin("/stats?filter=update_rejected"),
        /update_rejected: [1-9]/,
      );
      const dump = await web.admin("/config_dump");
      for (const name of ["odd.example", "simple", "mutual", "open", "maglev", "passthrough"]) {
        assert.ok(dump.includes(name), name);
      }
    });
  },
);
