// Where the serving certificate comes from, first match wins.
import assert from "node:assert/strict";
import { caclient, type Issued, type Outcome, tlsFlags } from "../../support/caclient.ts";
import { authorityMaker, writeFiles } from "../../support/ca_sets.ts";
import { type CaFiles, opensslCa } from "../../support/openssl_ca.ts";
import { testWithPeers } from "../../support/peers.ts";
import { run, tempDir } from "../../support/process.ts";
import { type SignetServer, spawnSignet, startSignet } from "../../support/server.ts";

const PEERS = ["caclient", "openssl"] as const;
const USAGE = 2;
const TLS = "var/run/secrets/istiod/tls";
const CA = "var/run/secrets/istiod/ca";

/** Certificates of a CA that signet does not know. */
async function outsideCa(openssl: string, dir: string) {
  const root = await authorityMaker(openssl, dir)("outside");
  const files: CaFiles = {
    cert: `${root.dir}/cert.pem`,
    key: `${root.dir}/key.pem`,
    roots: `${root.dir}/cert.pem`,
  };
  const ca = await opensslCa(openssl, `${dir}/issued`, files);
  const serving = await ca.issue("serving", { sans: ["DNS:localhost"] });
  const client = await ca.issue("client");
  const read = (path: string) => Deno.readTextFile(path);
  return { root, serving, client, cert: await read(serving.cert), key: await read(serving.key) };
}

/** The subject of the certificate that a TLS client is shown; empty when the handshake fails. */
async function shownSubject(openssl: string, server: SignetServer): Promise<string> {
  const connect = ["s_client", "-connect", server.addr("secureGrpc"), "-alpn", "h2"];
  const { stdout } = await run(openssl, connect, { stdin: "" });
  return /subject=(.*)/.exec(stdout)?.[1] ?? "none";
}

testWithPeers(
  "istiod's well-known files are served when all three are there",
  PEERS,
  async (t, peers) => {
    await using dir = await tempDir();
    const { root, client, cert, key } = await outsideCa(peers.openssl, dir.path);
    const complete = { [`${TLS}/tls.crt`]: cert, [`${TLS}/tls.key`]: key };
    const rows: Readonly<Record<string, readonly [Readonly<Record<string, string>>, boolean]>> = {
      "root in ca/root-cert.pem": [{ ...complete, [`${CA}/root-cert.pem`]: root.certPem }, true],
      "root in tls/ca.crt": [{ ...complete, [`${TLS}/ca.crt`]: root.certPem }, true],
      "no root": [complete, false],
      "no key": [{ [`${TLS}/tls.crt`]: cert, [`${TLS}/ca.crt`]: root.certPem }, false],
    };
    let number = 0;
    for (const [name, [files, isServed]] of Object.entries(rows)) {
      await t.step(name, async () => {
        const cwd = `${dir.path}/known${++number}`;
        for (const folder of [TLS, CA]) await Deno.mkdir(`${cwd}/${folder}`, { recursive: true });
        await writeFiles(cwd, files);
        await using server = await startSignet({ cwd });
        assert.equal(/O *= *serving/.test(await shownSubject(peers.openssl, server)), isServed);
        assert.equal(server.stdout().includes("certificate from ./var/run/secrets"), isServed);
        if (!isServed) return;
        const issued = await caclient<Issued>(peers.caclient, [
          "issue",
          ...tlsFlags(server, client),
        ]);
        assert.equal(issued.code, "OK", "clients of that root are let in");
        assert.equal(issued.chain?.at(-1), await Deno.readTextFile(server.rootFile));
      });
    }
    await t.step("flags win over them", async () => {
      const cwd = `${dir.path}/known1`;
      const other = await outsideCa(peers.openssl, `${dir.path}/other`);
      await Deno.writeTextFile(`${cwd}/${TLS}/tls.crt`, other.cert);
      const args = ["--tlsCertFile", `${dir.path}/issued/serving-cert.pem`];
      args.push("--tlsKeyFile", `${dir.path}/issued/serving-key.pem`);
      await using server = await startSignet({ cwd, args });
      assert.match(server.stdout(), /certificate from --tlsCertFile/);
    });
    await t.step("a folder in place of one is as good as none", async () => {
      const cwd = `${dir.path}/known2`;
      await Deno.remove(`${cwd}/${TLS}/ca.crt`);
      await Deno.mkdir(`${cwd}/${TLS}/ca.crt`);
      await using server = await startSignet({ cwd });
      assert.match(server.stdout(), /certificate issued by this CA/);
    });
  },
);

testWithPeers("without a certificate the port is open and every handshake fails", PEERS, async (
  t,
  peers,
) => {
  for (const provider of ["none", "custom", "istoid"]) {
    await t.step(`PILOT_CERT_PROVIDER=${provider}`, async () => {
      await using server = await startSignet({ env: { PILOT_CERT_PROVIDER: provider } });
      assert.ok(
        server.stdout().includes(`none (PILOT_CERT_PROVIDER=${provider})`),
        server.stdout(),
      );
      assert.match(server.stdout(), /There is no serving certificate/);
      assert.equal(await shownSubject(peers.openssl, server), "none");
      const args = ["health", ...tlsFlags(server), "-deadline", "5s"];
      const health = await caclient<Outcome>(peers.caclient, args);
      assert.equal(health.code, "Unavailable", health.message);
      const plain = ["health", "-plaintext", "-addr", server.addr("grpc")];
      assert.equal((await caclient<Outcome>(peers.caclient, plain)).code, "OK");
      await assert.rejects(Deno.stat(`${server.cwd}/var`), "no serving files are written");
      assert.equal(await server.stop(), 0);
    });
  }
});

Deno.test("a provider that istiod no longer has, or that needs Kubernetes, ends the start", async (t) => {
  const rows: Readonly<Record<string, RegExp>> = {
    "kubernetes": /PILOT_CERT_PROVIDER=kubernetes is no longer supported by upstream K8S/,
    "k8s.io/signer": /PILOT_CERT_PROVIDER: "signer" is no signer, should be domain\/name/,
  };
  for (const [provider, words] of Object.entries(rows)) {
    await t.step(provider, async () => {
      await using server = await spawnSignet({ env: { PILOT_CERT_PROVIDER: provider } });
      assert.equal(await server.exited, USAGE);
      assert.match(server.stderr(), words);
    });
  }
});

testWithPeers("ENABLE_CA_SERVER=false serves files, and no certificate to anybody", PEERS, async (
  t,
  peers,
) => {
  await using dir = await tempDir();
  const { client, serving } = await outsideCa(peers.openssl, dir.path);
  const env = { ENABLE_CA_SERVER: "false" };
  await t.step("with files", async () => {
    const args = ["--tlsCertFile", serving.cert, "--tlsKeyFile", serving.key];
    args.push("--caCertFile", client.roots);
    await using server = await startSignet({ env, args });
    const issue = ["issue", ...tlsFlags(server, client)];
    const issued = await caclient<Issued>(peers.caclient, issue);
    assert.equal(issued.code, "Unimplemented", issued.message);
    const health = await caclient<Outcome>(peers.caclient, ["health", ...tlsFlags(server, client)]);
    assert.equal(health.code, "OK", health.message);
    await assert.rejects(Deno.stat(`${server.stateDir}/ca`), "no root is made");
    assert.match(server.stdout(), /CA +none \(ENABLE_CA_SERVER=false\)/);
    assert.match(server.stdout(), /secure gRPC +127\.0\.0\.1:\d+ +certificate from --tlsCertFile/);
    assert.equal(await server.stop(), 0);
  });
  await t.step("with nothing", async () => {
    await using server = await startSignet({ env });
    assert.match(server.stdout(), /secure gRPC +off .*: secure gRPC stays closed/);
    assert.ok(!server.stdout().includes("handshake"), server.stdout());
    const [hostname = "", port] = server.addr("secureGrpc").split(":");
    await assert.rejects(Deno.connect({ hostname, port: Number(port) }), "nobody listens");
    assert.equal(await server.stop(), 0);
  });
});
