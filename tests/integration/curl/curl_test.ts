import assert from "node:assert/strict";

import { type IdentityFiles, issueIdentity } from "../../support/caclient.ts";
import { mustRun } from "../../support/openssl_ca.ts";
import { testWithPeers } from "../../support/peers.ts";
import { run } from "../../support/process.ts";
import { startSignet } from "../../support/server.ts";

const METHOD = "/istio.v1.auth.IstioCertificateService/CreateCertificate";
const JSON_TYPE = ["-H", "content-type: application/json"];

interface Answer {
  readonly status: number;
  readonly version: string;
  readonly type: string;
  readonly body: string;
}

interface Request {
  readonly curl: string;
  readonly identity: IdentityFiles;
  readonly url: string;
  readonly args: readonly string[];
  readonly stdin?: string;
}

async function curl(request: Request): Promise<Answer> {
  const { identity, url, stdin } = request;
  const tls = ["--cacert", identity.roots, "--cert", identity.cert, "--key", identity.key];
  const report = [
    "-w",
    "\n%{http_code} %{http_version} %{content_type}",
    "-sS",
    "--max-time",
    "30",
  ];
  const args = ["--http2", ...tls, ...report, ...request.args, url];
  const ran = await run(request.curl, args, stdin === undefined ? {} : { stdin });
  assert.equal(ran.code, 0, `curl: exit ${ran.code}: ${ran.stderr}`);
  const cut = ran.stdout.lastIndexOf("\n");
  const [status, version, ...type] = ran.stdout.slice(cut + 1).split(" ");
  return {
    status: Number(status),
    version: version ?? "",
    type: type.join(" "),
    body: ran.stdout.slice(0, cut),
  };
}

async function csrJson(openssl: string): Promise<string> {
  const curve = [
    "-newkey",
    "ec",
    "-pkeyopt",
    "ec_paramgen_curve:P-256",
    "-nodes",
    "-keyout",
    "/dev/null",
  ];
  return JSON.stringify({ csr: await mustRun(openssl, ["req", "-new", ...curve, "-subj", "/"]) });
}

testWithPeers(
  "curl --http2 gets a certificate with JSON",
  ["curl", "openssl"],
  async (t, peers) => {
    await using server = await startSignet();
    const identity = await issueIdentity(server);
    const url = `https://localhost:${server.ports.secureGrpc}${METHOD}`;
    const stdin = await csrJson(peers.openssl);
    const send = (more: readonly string[], body = stdin) =>
      curl({
        curl: peers.curl,
        identity,
        url,
        args: [...JSON_TYPE, ...more, "--data-binary", "@-"],
        stdin: body,
      });
    const expectChain = async (answer: Answer) => {
      assert.deepEqual(
        [answer.status, answer.version, answer.type],
        [200, "2", "application/json"],
        answer.body,
      );
      const { certChain } = JSON.parse(answer.body) as { certChain: string[] };
      assert.equal(certChain.length, 2);
      assert.equal(certChain[1], await Deno.readTextFile(server.rootFile));
    };
    await t.step("plainly", async () => expectChain(await send([])));
    await t.step("with the protocol's version named", async () => {
      await expectChain(await send(["-H", "connect-protocol-version: 1"]));
    });
    await t.step("with a compressed answer", async () => expectChain(await send(["--compressed"])));
    await t.step("by IP address", async () => {
      const byAddress = `https://127.0.0.1:${server.ports.secureGrpc}${METHOD}`;
      const args = [...JSON_TYPE, "--data-binary", "@-"];
      await expectChain(await curl({ curl: peers.curl, identity, url: byAddress, args, stdin }));
    });
    await t.step("a refusal is Connect's JSON error", async () => {
      const answer = await send([], '{"csr":"junk"}');
      assert.equal(answer.status, 400);
      const { code, message } = JSON.parse(answer.body) as { code: string; message: string };
      assert.equal(code, "invalid_argument");
      assert.match(message, /^CSR signing error \(/);
    });
  },
);

testWithPeers("curl is told what a CA does not serve", ["curl"], async (t, peers) => {
  await using server = await startSignet();
  const identity = await issueIdentity(server);
  const base = `https://localhost:${server.ports.secureGrpc}`;
  const rows = [
    { name: "GET of the method", path: METHOD, args: [], status: 405 },
    {
      name: "PUT of the method",
      path: METHOD,
      args: [...JSON_TYPE, "-X", "PUT", "-d", "{}"],
      status: 405,
    },
    { name: "an unknown path", path: "/no/such", args: [...JSON_TYPE, "-d", "{}"], status: 404 },
    { name: "the root path", path: "/", args: [], status: 404 },
    {
      name: "text as content",
      path: METHOD,
      args: ["-H", "content-type: text/plain", "-d", "x"],
      status: 415,
    },
    { name: "broken JSON", path: METHOD, args: [...JSON_TYPE, "-d", "{"], status: 400 },
  ];
  for (const { name, path, args, status } of rows) {
    await t.step(name, async () => {
      const answer = await curl({ curl: peers.curl, identity, url: base + path, args });
      assert.deepEqual([answer.status, answer.version], [status, "2"], answer.body);
    });
  }
});

testWithPeers("curl without HTTP/2 is refused on the secure port", ["curl"], async (_t, peers) => {
  await using server = await startSignet();
  const args = ["--http1.1", "-sS", "--max-time", "10", "--cacert", server.rootFile];
  const ran = await run(peers.curl, [...args, `https://localhost:${server.ports.secureGrpc}/`]);
  assert.notEqual(ran.code, 0);
});

testWithPeers("curl reads the plain HTTP ports", ["curl"], async (t, peers) => {
  await using server = await startSignet();
  const get = async (url: string) => {
    const ran = await run(peers.curl, ["-sS", "--max-time", "10", "-w", "\n%{http_code}", url]);
    return {
      status: Number(ran.stdout.split("\n").at(-1)),
      body: ran.stdout.split("\n").slice(0, -1).join("\n"),
    };
  };
  for (const listener of ["http", "monitoring"] as const) {
    const base = `http://${server.addr(listener)}`;
    await t.step(`${listener} /version`, async () => {
      const { status, body } = await get(`${base}/version`);
      assert.equal(status, 200);
      assert.match(body, /^\d+\.\d+\.\d+/);
    });
    await t.step(`${listener} /metrics`, async () => {
      const { status, body } = await get(`${base}/metrics`);
      assert.equal(status, 200);
      assert.match(body, /^citadel_server_root_cert_expiry_timestamp \d+/m);
    });
    await t.step(`${listener} unknown path`, async () => {
      assert.equal((await get(`${base}/no/such`)).status, 404);
    });
  }
});
