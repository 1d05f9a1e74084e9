// The commands, beside a running server and without one.
import assert from "node:assert/strict";
import { X509Certificate } from "node:crypto";
import {
  caclient,
  type IdentityFiles,
  type Issued,
  issueIdentity,
  tlsFlags,
} from "../../support/caclient.ts";
import { authorityMaker, istioFiles, writeFiles } from "../../support/ca_sets.ts";
import { mustRun } from "../../support/openssl_ca.ts";
import { testWithPeers } from "../../support/peers.ts";
import { tempDir } from "../../support/process.ts";
import { runSignet, type SignetServer, spawnSignet, startSignet } from "../../support/server.ts";
import { metric, until } from "../../support/until.ts";

const PEERS = ["caclient", "openssl"] as const;
const FAILURE = 1;
const USAGE = 2;

/** What `ca status` and `ca rotate` print as JSON, as far as tests look at it. */
interface Shown {
  readonly origin?: string;
  readonly set: string | null;
  readonly inForce?: boolean;
  readonly server?: {
    readonly running: boolean;
    readonly inForce?: boolean;
    readonly refused?: string | null;
  };
  readonly signing: unknown;
  readonly roots: readonly { readonly sha256: string; readonly publicKey: string }[];
  readonly chain?: readonly unknown[];
  readonly crls?: readonly { readonly issuer: string; readonly revoked: number }[];
  readonly phase?: string | null;
  readonly rotation?: { readonly phase: string | null; readonly due: string | null } | null;
}

async function ca(cwd: string, ...args: readonly string[]): Promise<Shown> {
  const all = ["ca", ...args, "--stateDir", `${cwd}/state`, "--output", "json"];
  const { code, stdout, stderr } = await runSignet(all, { cwd });
  assert.equal(code, 0, stderr);
  return JSON.parse(stdout);
}

function fingerprint(pem: string): string {
  return new X509Certificate(pem).fingerprint256.replaceAll(":", "").toLowerCase();
}

function split(pems: string): readonly string[] {
  return pems.split(/(?<=-----END CERTIFICATE-----\n)/).filter(Boolean);
}

async function issue(path: string, server: SignetServer, identity: IdentityFiles, out?: string) {
  const more = out === undefined ? [] : ["-out", out];
  return await caclient<Issued>(path, [
    ...["issue", ...tlsFlags(server, identity), "-deadline", "10s", ...more],
  ]);
}

testWithPeers(
  "a renewed root is in force when the command ends, and what was issued stays good",
  PEERS,
  async (
    _t,
    peers,
  ) => {
    await using server = await startSignet();
    const identity = await issueIdentity(server);
    const before = await Deno.readTextFile(server.rootFile);
    const rotated = await ca(server.cwd, "rotate", "--ttl", "48h");
    assert.equal(rotated.inForce, true);
    const after = await Deno.readTextFile(server.rootFile);
    assert.notEqual(after, before);
    const issued = await issue(peers.caclient, server, identity);
    assert.equal(issued.code, "OK", issued.message);
    assert.equal(issued.chain?.at(-1), after, "no call after it gets the old root");
    assert.equal(
      await metric(server, "citadel_server_root_cert_expiry_timestamp"),
      Date.parse(new X509Certificate(after).validTo) / 1000,
    );
    for (const purpose of ["sslclient", "sslserver"]) {
      const args = ["-purpose", purpose, "-CAfile", server.rootFile, identity.cert];
      await mustRun(peers.openssl, ["verify", "-x509_strict", ...args]);
    }
    const status = await ca(server.cwd, "status");
    assert.deepEqual(status.roots.map(({ sha256 }) => sha256), [fingerprint(after)]);
    assert.deepEqual(status.server, {
      running: true,
      set: rotated.set,
      inForce: true,
      refused: null,
    });
  },
);

testWithPeers(
  "a key is rotated in steps: who has renewed is served throughout, who has not is cut off last",
  PEERS,
  async (
    t,
    peers,
  ) => {
    await using server = await startSignet();
    const oldIdentity = await issueIdentity(server);
    const [oldRoot = ""] = split(await Deno.readTextFile(server.rootFile));
    const bundle = async () => {
      const issued = await issue(peers.caclient, server, oldIdentity);
      assert.equal(issued.code, "OK", issued.message);
      return issued;
    };
    const announced = await ca(server.cwd, "rotate", "--new-key", "--key", "P-384");
    assert.equal(announced.phase, "announced");
    const [, newRoot = ""] = split((await bundle()).chain?.at(-1) ?? "");
    await t.step("announced: the old key signs, both roots are sent", async () => {
      assert.equal((await bundle()).chain?.at(-1), oldRoot + newRoot);
      assert.equal((await bundle()).verdict?.signatureAlgorithm, "ECDSA-SHA256");
      const { rotation, roots } = await ca(server.cwd, "status");
      assert.equal(rotation?.phase, "announced");
      assert.ok(
        Date.parse(rotation?.due ?? "") > Date.now() + 23 * 3_600_000,
        "until leaves have ended",
      );
      assert.deepEqual(roots.map(({ publicKey }) => publicKey), ["P-256", "P-384"]);
    });
    const renewed = `${server.cwd}/renewed`;
    assert.equal((await issue(peers.caclient, server, oldIdentity, renewed)).code, "OK");
    const both: IdentityFiles = {
      cert: `${renewed}/cert-chain.pem`,
      key: `${renewed}/key.pem`,
      roots: `${renewed}/root-cert.pem`,
    };
    await t.step("switched: the new key signs, clients of both are let in", async () => {
      assert.equal((await ca(server.cwd, "rotate", "--now")).phase, "switched");
      await until(
        "the server's own certificate is of the new key",
        async () => (await issue(peers.caclient, server, both)).verdict?.verified || undefined,
      );
      const issued = await issue(peers.caclient, server, both, `${server.cwd}/new`);
      assert.equal(issued.verdict?.signatureAlgorithm, "ECDSA-SHA384");
      assert.equal(issued.chain?.at(-1), newRoot + oldRoot);
    });
    await t.step("withdrawn: clients of the new key alone", async () => {
      assert.equal((await ca(server.cwd, "rotate", "--now")).phase, null);
      const fresh = {
        ...both,
        cert: `${server.cwd}/new/cert-chain.pem`,
        key: `${server.cwd}/new/key.pem`,
      };
      const issued = await issue(peers.caclient, server, fresh);
      assert.equal(issued.code, "OK", issued.message);
      assert.equal(issued.chain?.at(-1), newRoot);
      assert.equal((await issue(peers.caclient, server, both)).code, "Unavailable");
      assert.equal(await server.stop(), 0);
    });
  },
);

testWithPeers(
  "without a server the next start takes what was rotated, also a root that has ended",
  PEERS,
  async (
    t,
    peers,
  ) => {
    await using dir = await tempDir();
    const cwd = dir.path;
    const ended = await authorityMaker(peers.openssl, cwd)("cluster.local", {
      notBeforeMs: -3 * 86_400_000,
      notAfterMs: -86_400_000,
    });
    await writeFiles(`${cwd}/state/ca/1`, {
      ...istioFiles({ ca: ended, roots: [ended], chain: [] }),
    });
    await Deno.symlink("1", `${cwd}/state/ca/current`);
    await t.step("the start names the command", async () => {
      await using server = await spawnSignet({ cwd });
      assert.equal(await server.exited, FAILURE);
      assert.match(server.stderr(), /has expired.*signet ca rotate/);
    });
    const rotated = await ca(cwd, "rotate", "--ttl", "720h");
    assert.equal(rotated.inForce, false);
    assert.equal((await ca(cwd, "status")).server?.running, false);
    await using server = await startSignet({ cwd });
    const identity = await issueIdentity(server);
    const issued = await issue(peers.caclient, server, identity);
    assert.equal(fingerprint(issued.chain?.at(-1) ?? ""), rotated.roots[0]?.sha256);
  },
);

Deno.test("several that rotate at once take turns, and each hears that its change is in force", async () => {
  await using server = await startSignet();
  const rotated = await Promise.all([1, 2, 3, 4].map(() => ca(server.cwd, "rotate")));
  assert.deepEqual(rotated.map(({ set }) => set).sort(), ["2", "3", "4", "5"]);
  assert.ok(rotated.every(({ inForce }) => inForce));
  const status = await ca(server.cwd, "status");
  assert.deepEqual([status.set, status.server?.inForce], ["5", true]);
});

testWithPeers("a plugged-in CA is shown, and not rotated", ["openssl"], async (t, { openssl }) => {
  await using dir = await tempDir();
  const cwd = dir.path;
  const make = authorityMaker(openssl, cwd);
  const root = await make("root");
  const one = await make("one", { issuer: root });
  const set = { ca: one, roots: [root], crl: await one.crl() };
  await writeFiles(`${cwd}/etc/cacerts`, istioFiles(set));
  const look = async () => {
    const status = await ca(cwd, "status");
    assert.equal(status.origin, "plugged-in");
    assert.equal(status.chain?.length, 1);
    assert.deepEqual(status.crls?.map(({ issuer, revoked }) => [issuer, revoked]), [["O=one", 0]]);
    assert.deepEqual(status.roots.map(({ sha256 }) => sha256), [fingerprint(root.certPem)]);
    const { code, stderr } = await runSignet(["ca", "rotate", "--stateDir", `${cwd}/state`], {
      cwd,
    });
    assert.equal(code, FAILURE);
    assert.match(stderr, /the CA is plugged in from \S+\/etc\/cacerts/);
    return status;
  };
  await t.step("without a server", async () => void await look());
  await using _server = await startSignet({ cwd });
  await t.step("with one", async () => {
    const { server } = await look();
    assert.deepEqual([server?.running, server?.inForce], [true, true]);
  });
  await t.step("with one that refused what is there", async () => {
    const other = await make("other");
    await writeFiles(
      `${cwd}/etc/cacerts`,
      istioFiles({ ca: other, roots: [other], crl: await other.crl() }),
    );
    await until("the refusal is told", async () => {
      const { server } = await ca(cwd, "status");
      assert.notEqual(server?.running, false);
      return server?.refused?.includes("its roots have changed") || undefined;
    });
  });
});

Deno.test({
  name: "ca rotate leaves the CA of another user's server alone",
  ignore: Deno.uid() !== 0, // files are given away by root alone
  async fn() {
    await using dir = await tempDir();
    const server = await startSignet({ cwd: dir.path });
    await server.stop();
    const before = await Deno.realPath(server.rootFile);
    await Deno.chown(`${server.stateDir}/ca/current/ca-key.pem`, 12_345, 12_345);
    const { code, stderr } = await runSignet(["ca", "rotate", "--stateDir", server.stateDir]);
    assert.equal(code, FAILURE);
    assert.match(stderr, /is of user 12345, this is user 0; run it as the server's user/);
    assert.equal(await Deno.realPath(server.rootFile), before);
  },
});

Deno.test("ca rotate is refused where it makes no sense, with one line", async (t) => {
  await using dir = await tempDir();
  const rows: readonly (readonly [readonly string[], number, RegExp])[] = [
    [["rotate"], FAILURE, /there is no CA in/],
    [["rotate", "--new-key", "--now"], USAGE, /give one/],
    [["rotate", "--key", "P-384"], USAGE, /--key needs --new-key/],
    [["rotate", "--propagation", "1h"], USAGE, /--propagation needs --new-key/],
    [["rotate", "--ttl", "1s"], USAGE, /--ttl/],
  ];
  for (const [args, expected, reason] of rows) {
    await t.step(`ca ${args.join(" ")}`, async () => {
      const all = ["ca", ...args, "--stateDir", `${dir.path}/state`];
      const { code, stdout, stderr } = await runSignet(all, { cwd: dir.path });
      assert.deepEqual([code, stdout], [expected, ""], stderr);
      assert.match(stderr.trim(), reason);
      assert.doesNotMatch(stderr.trim(), /\n/);
    });
  }
});
