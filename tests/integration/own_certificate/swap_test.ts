// Certificates, keys and roots that change while clients connect.
import assert from "node:assert/strict";
import { X509Certificate } from "node:crypto";
import {
  caclient,
  type IdentityFiles,
  type Issued,
  issueIdentity,
  type Load,
  tlsFlags,
} from "../../support/caclient.ts";
import { type Authority, authorityMaker, istioFiles, swapFiles } from "../../support/ca_sets.ts";
import { opensslCa } from "../../support/openssl_ca.ts";
import { announce, longTestWithPeers, rounds, testWithPeers } from "../../support/peers.ts";
import { run, tempDir } from "../../support/process.ts";
import { type SignetServer, startSignet } from "../../support/server.ts";
import { metric, until } from "../../support/until.ts";

const PEERS = ["caclient", "openssl"] as const;

/** The first certificate of the handshake. */
async function shown(openssl: string, server: SignetServer): Promise<X509Certificate> {
  const connect = ["s_client", "-connect", server.addr("secureGrpc"), "-alpn", "h2"];
  const { stdout, stderr } = await run(openssl, connect, { stdin: "" });
  const pem = /-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/.exec(stdout)?.[0];
  assert.ok(pem, stdout + stderr);
  return new X509Certificate(pem);
}

/** New connections, one for each call, until `work` is done; none may fail. */
async function underLoad(
  path: string,
  flags: readonly string[],
  work: () => Promise<void>,
): Promise<void> {
  let isDone = false;
  const load = async () => {
    let calls = 0;
    do {
      const args = ["load", ...flags, "-reconnect", "-count", "100", "-concurrency", "4"];
      const { errors, example, count } = await caclient<Load>(path, args);
      assert.equal(errors, 0, example);
      calls += count;
    } while (!isDone);
    return calls;
  };
  const loading = load();
  const working = work().finally(() => isDone = true);
  const [calls] = await Promise.all([loading, working]);
  announce(`${calls} connections while certificates changed, all served`);
}

longTestWithPeers(
  "files are swapped under load and no handshake fails",
  PEERS,
  async (_t, peers) => {
    const swaps = rounds("swaps of the serving certificate's files", 4, 60);
    await using dir = await tempDir();
    const root = await authorityMaker(peers.openssl, dir.path)("outside");
    const ca = await opensslCa(peers.openssl, `${dir.path}/issued`, {
      cert: `${root.dir}/cert.pem`,
      key: `${root.dir}/key.pem`,
      roots: `${root.dir}/cert.pem`,
    });
    const client = await ca.issue("client");
    const make = async (number: number) => {
      const { cert, key } = await ca.issue(`serving${number}`, { sans: ["DNS:localhost"] });
      const read = (file: string) => Deno.readTextFile(file);
      return { "tls.crt": await read(cert), "tls.key": await read(key), "ca.crt": root.certPem };
    };
    const files = `${dir.path}/tls`;
    await swapFiles(files, await make(0));
    const args = ["--tlsCertFile", `${files}/tls.crt`, "--tlsKeyFile", `${files}/tls.key`];
    args.push("--caCertFile", `${files}/ca.crt`);
    await using server = await startSignet({ args });
    await underLoad(peers.caclient, tlsFlags(server, client), async () => {
      for (let number = 1; number <= swaps; number++) {
        const fresh = await make(number);
        const { fingerprint256 } = new X509Certificate(fresh["tls.crt"]);
        if (number % 2 === 0) await swapFiles(files, fresh);
        else await overwriteSlowly(files, fresh);
        await until(
          "the new certificate is shown",
          async () =>
            (await shown(peers.openssl, server)).fingerprint256 === fingerprint256 || undefined,
        );
      }
    });
    assert.doesNotMatch(server.stdout(), /server_cert\.failed|Cannot refresh/);
  },
);

/** As an editor does it: one file, then the other, through the links. */
async function overwriteSlowly(files: string, fresh: Readonly<Record<string, string>>) {
  await Deno.writeTextFile(`${files}/tls.crt`, fresh["tls.crt"]!);
  await new Promise((resolve) => setTimeout(resolve, 20));
  await Deno.writeTextFile(`${files}/tls.key`, fresh["tls.key"]!);
}

testWithPeers(
  "a plugged-in CA is swapped under load: certificate, roots of clients and metrics follow",
  PEERS,
  async (
    t,
    peers,
  ) => {
    await using dir = await tempDir();
    const make = authorityMaker(peers.openssl, dir.path);
    const old = await make("old");
    const fresh = await make("fresh", { notAfterMs: 20 * 86_400_000 });
    const one = await make("one", { issuer: old });
    const two = await make("two", { issuer: fresh, notAfterMs: 10 * 86_400_000 });
    const directory = `${dir.path}/etc/cacerts`;
    await swapFiles(directory, istioFiles({ ca: one, roots: [old] }));
    await using server = await startSignet({
      cwd: dir.path,
      env: { ISTIO_MULTIROOT_MESH: "true" },
    });
    const identity = await issueIdentity(server);
    const both: IdentityFiles = { ...identity, roots: `${dir.path}/both.pem` };
    await Deno.writeTextFile(both.roots, old.certPem + fresh.certPem);
    const issuer = async () => (await shown(peers.openssl, server)).issuer;
    const untilIssuer = (name: string) =>
      until(
        `the certificate is ${name}'s`,
        async () => (await issuer()) === `O=${name}` || undefined,
      );
    const chainExpiry = () => metric(server, "citadel_server_cert_chain_expiry_timestamp");
    const endOf = ({ certPem }: Authority) =>
      Date.parse(new X509Certificate(certPem).validTo) / 1000;
    assert.equal(await issuer(), "O=one");
    assert.equal(await chainExpiry(), endOf(one));

    await t.step(
      "to one that signs by a root of its own, beside the old root",
      () =>
        underLoad(peers.caclient, tlsFlags(server, both), async () => {
          await swapFiles(directory, istioFiles({ ca: one, roots: [old, fresh] }));
          await until("both roots are sent", async () => {
            const issued = await caclient<Issued>(peers.caclient, [
              "issue",
              ...tlsFlags(server, both),
            ]);
            return issued.chain?.at(-1) === old.certPem + fresh.certPem || undefined;
          });
          await swapFiles(directory, istioFiles({ ca: two, roots: [old, fresh] }));
          await untilIssuer("two");
        }),
    );
    assert.equal(await chainExpiry(), endOf(two));
    const renewed = `${dir.path}/renewed`;
    const issued = await caclient<Issued>(peers.caclient, [
      ...["issue", ...tlsFlags(server, both), "-out", renewed],
    ]);
    assert.equal(issued.code, "OK");
    const now: IdentityFiles = {
      cert: `${renewed}/cert-chain.pem`,
      key: `${renewed}/key.pem`,
      roots: both.roots,
    };
    await t.step(
      "to that root alone: those who renewed are served, the others are not",
      async () => {
        await underLoad(peers.caclient, tlsFlags(server, now), async () => {
          await swapFiles(directory, istioFiles({ ca: two, roots: [fresh] }));
          await until("clients of the old root are refused", async () => {
            const tried = await caclient<Issued>(peers.caclient, [
              ...["issue", ...tlsFlags(server, both), "-deadline", "5s"],
            ]);
            return tried.code === "Unavailable" || undefined;
          });
        });
        assert.equal(
          await metric(server, "citadel_server_root_cert_expiry_timestamp"),
          endOf(fresh),
        );
      },
    );
  },
);
