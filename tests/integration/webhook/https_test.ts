/** The HTTPS port of the webhooks, by clients of HTTP/1.1 and HTTP/2 that nobody here wrote, in their right and beyond it. */
import assert from "node:assert/strict";
import { type ClientHttp2Stream, connect as connectHttp2 } from "node:http2";
import { connect as connectTls } from "node:tls";

import { usageOf } from "../../support/process.ts";
import { runSignet, type SignetServer, startSignet } from "../../support/server.ts";
import { until, untilLogged } from "../../support/until.ts";

const GATEWAY = {
  apiVersion: "networking.istio.io/v1",
  kind: "Gateway",
  metadata: { name: "x", namespace: "default" },
  spec: {},
};
const REFUSAL = "configuration is invalid: gateway must have at least one server";
const MIB = 1 << 20;

function review(object: unknown, more: object = {}): string {
  return JSON.stringify({
    apiVersion: "admission.k8s.io/v1",
    kind: "AdmissionReview",
    request: { uid: "u-1", operation: "CREATE", namespace: "default", object, ...more },
  });
}

interface Client extends Disposable {
  post(path: string, body: BodyInit, type?: string): Promise<Answer>;
  get(path: string): Promise<Answer>;
}

interface Answer {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
}

async function clientOf(server: SignetServer, version: 1 | 2): Promise<Client> {
  const client = Deno.createHttpClient({
    caCerts: [await Deno.readTextFile(server.rootFile)],
    http1: version === 1,
    http2: version === 2,
  });
  const url = `https://localhost:${server.ports.https}`;
  const ask = async (path: string, init: RequestInit) => {
    const response = await fetch(url + path, { ...init, client });
    return { status: response.status, headers: response.headers, text: await response.text() };
  };
  return {
    post: (path, body, type = "application/json") =>
      ask(path, { method: "POST", body, headers: type === "" ? {} : { "content-type": type } }),
    get: (path) => ask(path, {}),
    [Symbol.dispose]: () => client.close(),
  };
}

Deno.test("the webhook port answers by HTTP/1.1 and HTTP/2 what istiod would", async (t) => {
  await using server = await startSignet();
  await untilLogged(server, /webhooks +127\.0\.0\.1:\d+ {2}\/validate over HTTPS/);
  for (const version of [1, 2] as const) {
    using client = await clientOf(server, version);
    const { post, get } = client;
    const step = (what: string, body: () => Promise<void>) =>
      t.step(`HTTP/${version} ${what}`, body);
    await step("readiness and paths", async () => {
      for (const path of ["/ready", "/httpsReady"]) {
        const { status, text } = await get(path);
        assert.deepEqual([status, text], [200, ""]);
      }
      for (const path of ["/", "/inject", "/metrics", "/debug/ca", "/validated"]) {
        const { status, text, headers } = await post(path, "{}");
        assert.deepEqual([status, text], [404, "404 page not found\n"]);
        assert.equal(headers.get("x-content-type-options"), "nosniff");
      }
    });
    await step("reviews", async () => {
      const { status, text, headers } = await post("/validate?timeout=10s", review(GATEWAY));
      assert.equal(status, 200);
      assert.equal(headers.get("content-type"), "application/json");
      assert.deepEqual(JSON.parse(text), {
        kind: "AdmissionReview",
        apiVersion: "admission.k8s.io/v1",
        response: { uid: "u-1", allowed: false, status: { metadata: {}, message: REFUSAL } },
      });
      const taken = await post("/validate", review(GATEWAY, { operation: "DELETE" }));
      assert.deepEqual(JSON.parse(taken.text).response, { uid: "u-1", allowed: true });
    });
    await step("requests that are none", async () => {
      const rows = [
        [await post("/validate", ""), 400, "no body found\n"],
        [await get("/validate"), 400, "no body found\n"],
        [
          await post("/validate", "{}", "text/plain"),
          415,
          "invalid Content-Type, want `application/json`\n",
        ],
        [
          await post("/validate", new Uint8Array(6 * MIB + 1)),
          400,
          "Request entity too large: limit is 6291456\n",
        ],
      ] as const;
      for (const [{ status, text, headers }, expected, said] of rows) {
        assert.deepEqual([status, text], [expected, said]);
        assert.equal(headers.get("content-type"), "text/plain; charset=utf-8");
        assert.equal(headers.get("x-content-type-options"), "nosniff");
      }
    });
    await step("hostile reviews", async () => {
      const big = { ...GATEWAY, metadata: { name: "x", annotations: { a: "x".repeat(3 * MIB) } } };
      const deep = "[".repeat(10_000) + "]".repeat(10_000);
      const rows = [
        [
          review(big),
          /^cannot decode configuration: metadata.annotations.a has 3145728 characters/,
        ],
        [review(GATEWAY).slice(0, 100), /^could not decode body: couldn't get version\/kind/],
        [`{"a":${deep}}`, /^could not decode body: .*max depth/],
        [
          review(GATEWAY).replace("v1", "v2"),
          /^could not decode body: no kind "AdmissionReview" is registered/,
        ],
        ['{"apiVersion":"admission.k8s.io/v1","kind":"AdmissionReview"}', /^no request in/],
        [review(JSON.parse('{"__proto__":{"kind":"Gateway"}}')), /^unrecognized type \/, Kind=$/],
        [
          review(GATEWAY).replace('"spec":{}', '"spec":{"servers":[{"port":{"number":1e999}}]}'),
          /^error decoding configuration: /,
        ],
        [review(GATEWAY).replace('"spec":{}', '"spec":7,"spec":{}'), /^configuration is invalid/],
      ] as const;
      for (const [body, expected] of rows) {
        const { status, text } = await post("/validate", body);
        assert.equal(status, 200, text.slice(0, 200));
        assert.match(JSON.parse(text).response.status.message, expected);
      }
    });
  }
  await t.step("what was passed and refused is counted", async () => {
    const text = await (await fetch(`http://${server.addr("http")}/metrics`)).text();
    assert.match(
      text,
      /galley_validation_failed\{group="networking.istio.io",version="v1",resource="gateways",reason="invalid_resource"\} [1-9]/,
    );
    assert.match(text, /galley_validation_http_error\{status="415"\} 2/);
    assert.match(text, /signet_webhook_seconds_count\{path="\/validate"\} [1-9]/);
  });
  await t.step("a client without ALPN gets HTTP/1.1, and one of TLS 1.1 nothing", async () => {
    assert.match(
      await talk(server, "GET /ready HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"),
      /^HTTP\/1\.1 200 OK\r\n/,
    );
    await assert.rejects(talk(server, "", { maxVersion: "TLSv1.1", minVersion: "TLSv1" }));
  });
  await t.step("many middling reviews on one connection do not wait for one another", async () => {
    const session = connectHttp2(`https://localhost:${server.ports.https}`, {
      ca: await Deno.readTextFile(server.rootFile),
    });
    const annotations = { a: "x".repeat(14_000) };
    const body = review({ ...GATEWAY, metadata: { name: "x", annotations } });
    const streams = Array.from({ length: 90 }, () =>
      session.request({
        ":method": "POST",
        ":path": "/validate",
        "content-type": "application/json",
      }));
    const answers = streams.map(textOf);
    for (const stream of streams) stream.write(body.slice(0, -10));
    for (const stream of streams) stream.end(body.slice(-10));
    for (const answer of await Promise.all(answers)) assert.match(answer, /configuration is inv/);
    session.close();
  });
  await t.step("a stop lets a review end that is under way", async () => {
    const session = connectHttp2(`https://localhost:${server.ports.https}`, {
      ca: await Deno.readTextFile(server.rootFile),
    });
    const body = review(GATEWAY);
    const stream = session.request({
      ":method": "POST",
      ":path": "/validate",
      "content-type": "application/json",
    });
    const answered = textOf(stream);
    stream.write(body.slice(0, 20));
    await until("the stream is known", () => Promise.resolve(stream.id !== undefined || undefined));
    const stopped = server.stop();
    await untilLogged(server, /Stopping/);
    stream.end(body.slice(20));
    assert.match(await answered, /configuration is invalid/);
    session.close();
    assert.equal(await stopped, 0);
  });
});

/** The whole body of a response. */
function textOf(stream: ClientHttp2Stream): Promise<string> {
  return new Promise((resolve, reject) => {
    let text = "";
    stream.setEncoding("utf8");
    stream.on("data", (chunk: string) => void (text += chunk));
    stream.on("end", () => resolve(text));
    stream.on("error", reject);
  });
}

/** Sends a text over TLS without ALPN and gives what comes until the end. */
function talk(server: SignetServer, text: string, options: object = {}): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connectTls({
      ...{ host: "127.0.0.1", port: server.ports.https, rejectUnauthorized: false },
      ...options,
    }, () => void socket.write(text));
    let all = "";
    socket.setEncoding("utf8");
    socket.on("data", (chunk: string) => void (all += chunk));
    socket.on("end", () => resolve(all));
    socket.on("error", reject);
  });
}

Deno.test("clients that send slowly, without end or too much at once cost the webhook port no more than its bounds", async () => {
  await using server = await startSignet();
  using client = await clientOf(server, 2);
  const before = await usageOf(server.pid);
  const sockets = await Promise.all(Array.from({ length: 50 }, () => halfRequest(server)));
  const large = new Uint8Array(6 * MIB).fill(0x20);
  for (let round = 0; round < 2; round++) {
    const answers = await Promise.all(
      Array.from({ length: 14 }, () => client.post("/validate", large)),
    );
    for (const { status } of answers) assert.ok([200, 503].includes(status), String(status));
  }
  const { status } = await client.post("/validate", review(GATEWAY));
  assert.equal(status, 200);
  const after = await usageOf(server.pid);
  const grownMib = (after.residentBytes - before.residentBytes) / MIB;
  // 64 MiB of bodies may be held, the text of one beside them, and what the runtime has not given back yet.
  assert.ok(grownMib < 400, `${grownMib} MiB more`);
  for (const socket of sockets) socket.destroy();
});

/** A request whose body never comes. */
function halfRequest(server: SignetServer) {
  const head = "POST /validate HTTP/1.1\r\nHost: a\r\nContent-Length: 6000000\r\n\r\n{";
  return new Promise<ReturnType<typeof connectTls>>((resolve, reject) => {
    const socket = connectTls(
      { host: "127.0.0.1", port: server.ports.https, rejectUnauthorized: false },
      () => {
        socket.write(head);
        resolve(socket);
      },
    );
    socket.on("error", reject);
  });
}

Deno.test("the webhook port's certificate is replaced while reviews are under way, and none fails", async () => {
  await using server = await startSignet();
  const oldRoot = await Deno.readTextFile(server.rootFile);
  const url = `https://localhost:${server.ports.https}/validate`;
  let isOver = false;
  let answered = 0;
  const root = { pem: oldRoot };
  const load = Array.from({ length: 4 }, async (_, at) => {
    while (!isOver) {
      // A new connection each time: each handshake meets the certificate of its moment.
      using client = Deno.createHttpClient({
        caCerts: [...new Set([oldRoot, root.pem])],
        http1: at % 2 === 0,
        http2: at % 2 === 1,
      });
      const headers = { "content-type": "application/json" };
      const body = review(GATEWAY);
      const response = await fetch(url, { method: "POST", client, headers, body });
      assert.equal((await response.json()).response.status.message, REFUSAL);
      answered++;
    }
  });
  const kept = await clientOf(server, 2);
  using _kept = kept;
  await kept.get("/ready");
  const fingerprint = () => shownBy(server);
  const first = await fingerprint();
  await until("reviews are under way", () => Promise.resolve(answered > 10 || undefined));
  const rotated = await runSignet(["ca", "rotate", "--stateDir", server.stateDir], {
    cwd: server.cwd,
  });
  assert.equal(rotated.code, 0, rotated.stderr);
  root.pem = await Deno.readTextFile(server.rootFile);
  await until(
    "another certificate is shown",
    async () => await fingerprint() !== first || undefined,
  );
  const then = answered;
  await until("reviews went on", () => Promise.resolve(answered > then + 10 || undefined));
  isOver = true;
  await Promise.all(load);
  assert.equal((await kept.get("/ready")).status, 200, "open connections stay");
});

/** The fingerprint of the certificate that a new connection is shown. */
function shownBy(server: SignetServer): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connectTls(
      { host: "127.0.0.1", port: server.ports.https, rejectUnauthorized: false },
      () => {
        const { fingerprint256 } = socket.getPeerCertificate();
        socket.destroy();
        resolve(fingerprint256);
      },
    );
    socket.on("error", reject);
  });
}

Deno.test("without --httpsAddr the webhooks are on the plain HTTP ports", async () => {
  await using server = await startSignet({ args: ["--httpsAddr="] });
  await untilLogged(server, /webhooks +on the HTTP ports {2}\/validate/);
  const url = `http://${server.addr("http")}`;
  const post = async (body: BodyInit | undefined, type = "application/json") => {
    const response = await fetch(`${url}/validate`, {
      method: "POST",
      headers: { "content-type": type },
      ...(body === undefined ? {} : { body }),
    });
    return { status: response.status, text: await response.text() };
  };
  assert.deepEqual(await post(undefined), { status: 400, text: "no body found\n" });
  assert.equal((await post("{}", "text/plain")).status, 415);
  assert.equal((await post(new Uint8Array(6 * MIB + 1))).status, 400);
  const { response } = JSON.parse((await post(review(GATEWAY))).text);
  assert.equal(response.status.message, REFUSAL);
  for (const path of ["/ready", "/httpsReady"]) {
    const ready = await fetch(url + path);
    assert.deepEqual([ready.status, await ready.text()], [200, ""]);
  }
});
