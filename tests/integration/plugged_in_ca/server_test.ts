// A server with a plugged-in CA: what workloads get, what stays untouched, and what ends a start.
import assert from "node:assert/strict";
import { X509Certificate } from "node:crypto";
import { caclient, type Issued, issueIdentity, tlsFlags } from "../../support/caclient.ts";
import {
  type Authority,
  authorityMaker,
  istioFiles,
  swapFiles,
  tlsFiles,
  writeFiles,
} from "../../support/ca_sets.ts";
import { testWithPeers } from "../../support/peers.ts";
import { tempDir } from "../../support/process.ts";
import { spawnSignet, startSignet } from "../../support/server.ts";
import { metric } from "../../support/until.ts";

const PEERS = ["caclient", "openssl"] as const;
const FAILURE = 1;

async function listing(directory: string): Promise<readonly string[]> {
  const found: string[] = [];
  const walk = async (path: string) => {
    for await (const { name, isDirectory } of Deno.readDir(path)) {
      const below = `${path}/${name}`;
      const { mtime, size, mode } = await Deno.lstat(below);
      found.push(`${below} ${mtime?.getTime()} ${size} ${mode}`);
      if (isDirectory) await walk(below);
    }
  };
  await walk(directory);
  return found.sort();
}

async function issueOne(path: string, server: Parameters<typeof issueIdentity>[0]) {
  const identity = await issueIdentity(server);
  const issued = await caclient<Issued>(path, ["issue", ...tlsFlags(server, identity)]);
  assert.equal(issued.code, "OK", issued.message);
  assert.ok(issued.verdict?.verified, issued.verdict?.error);
  return issued;
}

testWithPeers(
  "workloads get the chain and the roots that were plugged in",
  PEERS,
  async (t, peers) => {
    await using dir = await tempDir();
    const make = authorityMaker(peers.openssl, dir.path);
    const root = await make("root", { key: "RSA-2048" });
    const top = await make("top", { issuer: root, key: "P-384" });
    const chained = async (key: NonNullable<Parameters<typeof make>[1]>["key"]) =>
      await make("ca", { issuer: top, ...(key === undefined ? {} : { key }) });
    const rows: Readonly<Record<string, readonly [Authority, string]>> = {
      "P-384": [await chained("P-384"), "ECDSA-SHA384"],
      "RSA": [await chained("RSA-2048"), "SHA256-RSA"],
      "Ed25519": [await chained("Ed25519"), "Ed25519"],
    };
    for (const [name, [ca, algorithm]] of Object.entries(rows)) {
      await t.step(name, async () => {
        const cwd = `${dir.path}/${name}`;
        const chain = [ca, top];
        await swapFiles(`${cwd}/etc/cacerts`, istioFiles({ ca, roots: [root], chain }));
        await using server = await startSignet({ cwd });
        const issued = await issueOne(peers.caclient, server);
        assert.deepEqual(issued.chain?.slice(1), [ca.certPem, top.certPem, root.certPem]);
        assert.equal(issued.verdict?.signatureAlgorithm, algorithm);
        assert.match(server.stdout(), /root \(plugged-in\) +SHA-256/);
        assert.ok(server.stdout().includes(`plugged in from ${cwd}/etc/cacerts`), server.stdout());
        await assert.rejects(Deno.stat(`${server.stateDir}/ca`), "no root of its own is made");
        const gauges = [
          ["citadel_server_root_cert_expiry_timestamp", root],
          ["citadel_server_cert_chain_expiry_timestamp", ca],
        ] as const;
        for (const [gauge, { certPem }] of gauges) {
          const expected = Date.parse(new X509Certificate(certPem).validTo) / 1000;
          assert.equal(await metric(server, gauge), expected, gauge);
        }
        const left = await metric(server, "citadel_server_cert_chain_expiry_seconds");
        assert.ok(left !== undefined && left > 0 && left < 31 * 86_400, String(left));
      });
    }
  },
);

testWithPeers("a TLS Secret from another folder, with a short chain", PEERS, async (_t, peers) => {
  await using dir = await tempDir();
  const make = authorityMaker(peers.openssl, dir.path);
  const root = await make("root");
  const ca = await make("ca", { issuer: root, notAfterMs: 2 * 3_600_000 });
  await swapFiles(`${dir.path}/elsewhere`, tlsFiles({ ca, roots: [root] }));
  const env = { ROOT_CA_DIR: "elsewhere" };
  await Deno.mkdir(`${dir.path}/etc`);
  await Deno.symlink("../elsewhere", `${dir.path}/etc/cacerts`); // for signet issue, which has no environment here
  await using server = await startSignet({ cwd: dir.path, env });
  const issued = await issueOne(peers.caclient, server);
  assert.deepEqual(issued.chain?.slice(1), [ca.certPem, root.certPem, root.certPem]);
  const end = (pem: string) => Date.parse(new X509Certificate(pem).validTo);
  const short = end(ca.certPem) - end(issued.chain?.[0] ?? "");
  assert.ok(
    short >= 0 && short <= 2_000,
    `the default lifetime ends with the chain, not ${short} ms before`,
  );
});

testWithPeers("a plugged-in CA wins over the state directory, which stays untouched", PEERS, async (
  _t,
  peers,
) => {
  await using dir = await tempDir();
  await using first = await startSignet({ cwd: dir.path });
  assert.equal(await first.stop(), 0);
  const own = await Deno.readTextFile(first.rootFile);
  const before = await listing(`${first.stateDir}/ca`);
  const root = await authorityMaker(peers.openssl, dir.path)("root");
  await writeFiles(`${dir.path}/etc/cacerts`, istioFiles({ ca: root, roots: [root] }));
  await using second = await startSignet({ cwd: dir.path });
  const issued = await issueOne(peers.caclient, second);
  assert.equal(issued.chain?.at(-1), root.certPem);
  const fingerprint = new X509Certificate(own).fingerprint256.replaceAll(":", "").toLowerCase();
  const notes = second.stdout().split("\n").filter((line) => line.includes(fingerprint));
  assert.ok(
    notes.some((line) => /holds another CA, which is left alone/.test(line)),
    second.stdout(),
  );
  assert.equal(await second.stop(), 0);
  assert.deepEqual(await listing(`${first.stateDir}/ca`), before);
  await Deno.remove(`${dir.path}/etc`, { recursive: true });
  await using third = await startSignet({ cwd: dir.path });
  assert.equal((await issueOne(peers.caclient, third)).chain?.at(-1), own);
});

testWithPeers(
  "a wrong set ends the start with one line and touches nothing",
  ["openssl"],
  async (t, {
    openssl,
  }) => {
    await using dir = await tempDir();
    const make = authorityMaker(openssl, dir.path);
    const root = await make("root");
    const good = istioFiles({ ca: root, roots: [root] });
    const rows: Readonly<Record<string, readonly [Readonly<Record<string, string>>, RegExp]>> = {
      "a lone root": [
        { "root-cert.pem": root.certPem },
        /failed to create an istiod CA: incomplete signing CA bundle detected: \S+\/etc\/cacerts has root-cert\.pem, but ca-cert\.pem, ca-key\.pem, cert-chain\.pem are missing/,
      ],
      "a missing key": [
        Object.fromEntries(Object.entries(good).filter(([name]) => name !== "ca-key.pem")),
        /incomplete signing CA bundle detected: .*ca-key\.pem is missing/,
      ],
      "another's key": [
        { ...good, "ca-key.pem": (await make("other")).keyPem },
        /ca-cert\.pem: the cert does not match the key/,
      ],
      "a list of another CA": [
        { ...good, "ca-crl.pem": await (await make("third")).crl() },
        /ca-crl\.pem: missing CRL signed by certificates: \[O=root\]/,
      ],
    };
    let number = 0;
    for (const [name, [files, reason]] of Object.entries(rows)) {
      await t.step(name, async () => {
        const cwd = `${dir.path}/start${++number}`;
        await writeFiles(`${cwd}/etc/cacerts`, files);
        const before = await listing(cwd);
        await using server = await spawnSignet({ cwd });
        assert.equal(await server.exited, FAILURE, server.stdout() + server.stderr());
        const said = server.stderr().trim();
        assert.doesNotMatch(said, /\n/);
        assert.match(said, reason);
        assert.deepEqual(await listing(cwd), before, "not even a state directory is made");
      });
    }
  },
);
