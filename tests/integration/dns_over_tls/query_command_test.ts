/** `signet dns query`, against signet and against unbound, which nobody here wrote. */
import assert from "node:assert/strict";
import { createServer } from "node:tls";
import { selfSignedCa } from "../../support/openssl_ca.ts";
import { opensslCa } from "../../support/openssl_ca.ts";
import { testWithPeers } from "../../support/peers.ts";
import { runSignet, type SignetServer } from "../../support/server.ts";
import { startUnbound } from "../../support/unbound.ts";
import { startMesh } from "./mesh.ts";

async function queryMesh(server: SignetServer, ...args: readonly string[]) {
  const at = ["--server", `localhost:${server.ports.dns}`, "--ca", server.rootFile];
  return await runSignet(["dns", "query", ...args, ...at]);
}

Deno.test("signet dns query prints what signet says", async (t) => {
  await using server = await startMesh();
  await t.step("an address, for people", async () => {
    const { code, stdout, stderr } = await queryMesh(server, "db.example");
    assert.deepEqual([code, stderr], [0, ""]);
    assert.match(stdout, /^db\.example A$/m);
    assert.match(stdout, /TLSv1\.3, dot$/m);
    assert.match(stdout, /status +NOERROR/);
    assert.match(stdout, /flags +qr aa rd/);
    assert.match(
      stdout,
      /edns +version 0, payload 1232 octets, padding \d+ octets, keepalive 30 s/,
    );
    assert.match(stdout, /size +468 octets/);
    assert.match(stdout, /time +[\d.]+ ms to connect, [\d.]+ ms to answer/);
    assert.match(stdout, /^db\.example\. +30 +IN +A +10\.0\.0\.7$/m);
  });
  await t.step("the same for programs", async () => {
    const { code, stdout } = await queryMesh(server, "db.example", "a", "--output", "json");
    assert.equal(code, 0);
    const { tlsVersion, alpn, status, edns, answer, authority, bytes } = JSON.parse(stdout);
    assert.deepEqual([tlsVersion, alpn, status, bytes], ["TLSv1.3", "dot", "NOERROR", 468]);
    assert.equal(edns.keepaliveMs, 30_000);
    const record = { name: "db.example.", ttl: 30, class: "IN", type: "A", data: "10.0.0.7" };
    assert.deepEqual([answer, authority], [[record], []]);
  });
  await t.step("SRV, TXT, and an address by its reverse name", async () => {
    const srv = await queryMesh(server, "_http._tcp.db.example", "SRV");
    assert.match(srv.stdout, /SRV +0 100 80 db\.example\.$/m);
    const txt = await queryMesh(server, "dns-version.cluster.local", "TXT");
    assert.match(txt.stdout, /TXT +"1\.1\.0"$/m);
    const ptr = await queryMesh(server, "10.0.0.7");
    assert.match(ptr.stdout, /^7\.0\.0\.10\.in-addr\.arpa\. .*PTR +db\.example\.$/m);
  });
  await t.step("nothing of a type is no failure, and shows the SOA", async () => {
    const { code, stdout } = await queryMesh(server, "db.example", "AAAA");
    assert.equal(code, 0);
    assert.match(stdout, /^AUTHORITY +TTL/m);
    assert.match(stdout, /SOA +\S+\. \S+\. \d+ \d+ \d+ \d+ \d+$/m);
  });
  await t.step("a refusal is printed with its reason, and is a failure", async () => {
    const { code, stdout, stderr } = await queryMesh(server, "www.example.org");
    assert.equal(code, 1);
    assert.match(stdout, /extended error +20 Not Authoritative: /);
    assert.equal(stderr, "signet: Cannot resolve www.example.org A: the server says REFUSED\n");
  });
});

Deno.test("signet dns query asks as the workload of a certificate", async () => {
  await using server = await startMesh({ args: ["--dnsAllow", "192.0.2.1"] });
  const stranger = await queryMesh(server, "private.example");
  assert.equal(stranger.code, 1);
  assert.match(stranger.stdout, /extended error +18 Prohibited/);
  const out = `${server.cwd}/shop`;
  const identity = "spiffe://cluster.local/ns/shop/sa/client";
  const issue = ["issue", "--identity", identity, "--out", out, "--stateDir", server.stateDir];
  assert.equal((await runSignet(issue)).code, 0);
  const mine = ["--cert", `${out}/cert-chain.pem`, "--key", `${out}/key.pem`];
  const member = await queryMesh(server, "private.example", ...mine);
  assert.equal(member.code, 0, member.stderr);
  assert.match(member.stdout, /A +10\.0\.0\.9$/m);
});

Deno.test("signet dns query: what is wrong is one line and the right exit code", async (t) => {
  await using server = await startMesh();
  await using silent = await serveSilence(server);
  const rows: readonly (readonly [string, readonly string[], number, RegExp])[] = [
    ["no name", ["--server", "localhost:1"], 2, /NAME is missing/],
    ["no server", ["db.example"], 2, /--server is missing/],
    [
      "a server without a port",
      ["db.example", "--server", "localhost"],
      2,
      /--server: "localhost"/,
    ],
    ["a type that is none", ["db.example", "LOUD", "--server", "localhost:1"], 2, /TYPE: "LOUD"/],
    ["a key alone", ["x", "--server", "localhost:1", "--key", "k"], 2, /--cert is missing/],
    [
      "a file that is not there",
      ["x", "--server", "localhost:1", "--ca", "none.pem"],
      1,
      /none\.pem/,
    ],
    ["a name that is none", ["a..b", "--server", "localhost:1"], 1, /a label has 0 octets/],
    ["no server there", ["x", "--server", "127.0.0.1:1"], 1, /Cannot ask 127\.0\.0\.1:1: /],
    [
      "a root that is another's",
      ["db.example", "--server", `localhost:${server.ports.dns}`],
      1,
      /Cannot ask localhost:\d+: .*certificate/i,
    ],
    [
      "a name that the certificate lacks",
      [
        ...["db.example", "--server", `localhost:${server.ports.dns}`, "--ca", server.rootFile],
        ...["--serverName", "other.example"],
      ],
      1,
      /Cannot ask localhost:\d+: .*(name|altnames)/i,
    ],
    [
      "a server that never answers",
      [
        ...["x", "--server", `localhost:${silent.port}`, "--ca", server.rootFile],
        ...["--timeout", "300ms"],
      ],
      1,
      /no answer in 300 ms/,
    ],
  ];
  for (const [what, args, code, expected] of rows) {
    await t.step(what, async () => {
      const ran = await runSignet(["dns", "query", ...args], { cwd: server.cwd });
      assert.equal(ran.code, code, ran.stderr);
      assert.match(ran.stderr, expected);
      assert.match(ran.stderr, /^signet: [^\n]+\n$/);
    });
  }
});

/** A server with a certificate of the mesh for localhost, that reads and says nothing. */
async function serveSilence(mesh: SignetServer) {
  const directory = `${mesh.cwd}/var/run/secrets/istio-dns`;
  const cert = await Deno.readTextFile(`${directory}/cert-chain.pem`);
  const key = await Deno.readTextFile(`${directory}/key.pem`);
  const server = createServer({ cert, key, ALPNProtocols: ["dot"] }, (socket) => {
    socket.on("error", () => socket.destroy());
    socket.resume();
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as { readonly port: number };
  return {
    port,
    [Symbol.asyncDispose]: () => new Promise<void>((resolve) => void server.close(() => resolve())),
  };
}

testWithPeers(
  "signet dns query reads unbound's answers",
  ["unbound", "openssl"],
  async (t, { unbound, openssl }) => {
    const dir = await Deno.makeTempDir({ prefix: "signet_dns_" });
    const ca = await selfSignedCa(openssl, dir, "/O=resolvers");
    const issuer = await opensslCa(openssl, `${dir}/ca`, { ...ca, roots: ca.cert });
    const { cert, key } = await issuer.issue("server", {
      sans: ["DNS:dns.example", "IP:127.0.0.1", "IP:2001:db8::53"],
      extendedKeyUsage: ["serverAuth"],
    });
    await using server = await startUnbound(unbound, {
      server: [
        'local-zone: "example." static',
        'local-data: "example. 600 IN SOA ns.example. admin.example. 7 3600 900 86400 77"',
        'local-data: "one.example. 300 IN A 192.0.2.1"',
        'local-data: "six.example. 300 IN AAAA 2001:db8::6"',
        'local-data: "mail.example. 300 IN MX 10 mx.example."',
        `local-data: 'txt.example. 300 IN TXT "a b;c"'`,
        `local-data: 'loc.example. 300 IN TYPE65280 \\# 3 010203'`,
      ],
      tls: { certPath: cert, keyPath: key },
    });
    const query = (name: string, type: string, ...more: readonly string[]) => {
      const at = ["--server", `127.0.0.1:${server.tlsPort}`, "--ca", ca.cert];
      return runSignet(["dns", "query", name, type, ...at, ...more]);
    };
    const rows = [
      ["one.example", "A", /^one\.example\. +300 +IN +A +192\.0\.2\.1$/m],
      ["six.example", "AAAA", /AAAA +2001:db8::6$/m],
      ["mail.example", "MX", /MX +10 mx\.example\.$/m],
      ["txt.example", "TXT", /TXT +"a b;c"$/m],
      ["loc.example", "TYPE65280", /TYPE65280 +\\# 3 010203$/m],
      ["one.example", "TXT", /SOA +ns\.example\. admin\.example\. 7 3600 900 86400 77$/m],
    ] as const;
    for (const [name, type, expected] of rows) {
      await t.step(`${name} ${type}, padded`, async () => {
        const { code, stdout, stderr } = await query(name, type);
        assert.equal(code, 0, stderr);
        assert.match(stdout, expected);
        assert.match(stdout, /size +468 octets/);
      });
    }
    await t.step("NXDOMAIN is a failure; its name is checked", async () => {
      const missing = await query("missing.example", "A");
      assert.equal(missing.code, 1);
      assert.match(missing.stdout, /status +NXDOMAIN/);
      const named = await query("one.example", "A", "--serverName", "dns.example");
      assert.equal(named.code, 0, named.stderr);
      const other = await query("one.example", "A", "--serverName", "other.example");
      assert.equal(other.code, 1);
    });
    await t.step(
      "an address as the name is looked for among the certificate's, wherever the server is",
      async () => {
        const rows = [["127.0.0.1", 0], ["2001:db8:0::53", 0], ["127.0.0.2", 1], [
          "::1",
          1,
        ]] as const;
        for (const [serverName, code] of rows) {
          const named = await query("one.example", "A", "--serverName", serverName);
          assert.equal(named.code, code, `${serverName}: ${named.stderr}`);
        }
        const at = ["--server", `localhost:${server.tlsPort}`, "--ca", ca.cert];
        const asked = ["dns", "query", "one.example", ...at];
        assert.equal((await runSignet(asked)).code, 1, "localhost is not in it");
        const named = await runSignet([...asked, "--serverName", "127.0.0.1"]);
        assert.equal(named.code, 0, named.stderr);
      },
    );
    await Deno.remove(dir, { recursive: true });
  },
);
