// kill -9 in the middle of rotations, by command and by the clock, and of reloads of a plugged-in CA: the set before or the next, whole.
import assert from "node:assert/strict";
import { createPrivateKey, X509Certificate } from "node:crypto";
import { caclient, type Issued, issueIdentity, tlsFlags } from "../../support/caclient.ts";
import { type Authority, authorityMaker, istioFiles, swapFiles } from "../../support/ca_sets.ts";
import { announce, longTestWithPeers, rounds } from "../../support/peers.ts";
import { tempDir } from "../../support/process.ts";
import {
  signetCommand,
  type SignetServer,
  spawnSignet,
  startSignet,
  untilReady,
} from "../../support/server.ts";

const FULL_ROUNDS = 70; // of each of the three tests: above 200 in all

async function delay(ms: number): Promise<void> {
  await new Promise((resolve) => setTimeout(resolve, ms));
}

/** The current set is one set: the key is the certificate's, and that is among the roots. Gives the certificate. */
async function wholeSet(stateDir: string): Promise<string> {
  const read = (name: string) => Deno.readTextFile(`${stateDir}/ca/current/${name}`);
  const cert = await read("ca-cert.pem");
  const certificate = new X509Certificate(cert);
  assert.ok(certificate.checkPrivateKey(createPrivateKey(await read("ca-key.pem"))));
  assert.ok(certificate.verify(certificate.publicKey));
  assert.ok((await read("root-cert.pem")).includes(cert));
  return cert;
}

/** What the server sends is what stands on the disk. */
async function serves(path: string, server: SignetServer, roots: string): Promise<void> {
  const identity = await issueIdentity(server);
  const issued = await caclient<Issued>(path, ["issue", ...tlsFlags(server, identity)]);
  assert.ok(issued.verdict?.verified, issued.message);
  assert.equal(issued.chain?.at(-1), roots);
}

function spawnRotate(stateDir: string, args: readonly string[]): Deno.ChildProcess {
  const { path, prefix } = signetCommand();
  return new Deno.Command(path, {
    args: [...prefix, "ca", "rotate", "--stateDir", stateDir, ...args],
    stdin: "null",
    stdout: "null",
    stderr: "null",
  }).spawn();
}

longTestWithPeers(
  "ca rotate that is killed at any instant leaves a whole set, and the next one works",
  [
    "caclient",
  ],
  async (_t, peers) => {
    const count = rounds("kill -9 of ca rotate", 6, FULL_ROUNDS);
    await using dir = await tempDir();
    await using first = await startSignet({ cwd: dir.path });
    await first.stop();
    const from = performance.now();
    assert.equal((await spawnRotate(first.stateDir, []).status).code, 0);
    const commandMs = performance.now() - from;
    const seen = new Set([await wholeSet(first.stateDir)]);
    const steps = [[], ["--new-key"], ["--now"], ["--now"]];
    let instant = 1; // of the command's time; it follows where the change is made, as kills elsewhere show nothing
    for (let round = 0; round < count; round++) {
      const before = seen.size;
      const child = spawnRotate(first.stateDir, steps[round % steps.length]!);
      await delay(commandMs * instant * (0.85 + Math.random() * 0.3));
      try {
        child.kill("SIGKILL");
      } catch (thrown) {
        if (!(thrown instanceof TypeError)) throw thrown; // it was faster
      }
      await child.status;
      seen.add(await wholeSet(first.stateDir));
      instant *= seen.size > before ? 0.85 : 1.25;
    }
    announce(`kill -9 of ca rotate: ${seen.size} certificates signed in ${count} rounds`);
    assert.equal((await spawnRotate(first.stateDir, []).status).code, 0, "no lock is left behind");
    await using last = await startSignet({ cwd: dir.path });
    await serves(peers.caclient, last, await Deno.readTextFile(last.rootFile));
  },
);

longTestWithPeers(
  "a server killed while it rotates by the clock serves a whole set when it is back",
  [
    "caclient",
  ],
  async (_t, peers) => {
    const count = rounds("kill -9 of rotation by the clock", 3, FULL_ROUNDS);
    await using dir = await tempDir();
    const env = {
      CITADEL_SELF_SIGNED_ROOT_CERT_CHECK_INTERVAL: "1ms",
      CITADEL_SELF_SIGNED_ROOT_CERT_GRACE_PERIOD_PERCENTILE: "100",
      CITADEL_ENABLE_JITTER_FOR_ROOT_CERT_ROTATOR: "false",
    };
    const seen = new Set<string>();
    for (let round = 0; round < count; round++) {
      await using server = await spawnSignet({ cwd: dir.path, env });
      await untilReady(server);
      await delay(400 + Math.random() * 450);
      await server.kill();
      seen.add(await wholeSet(server.stateDir));
    }
    announce(`kill -9 of rotation by the clock: ${seen.size} roots in ${count} rounds`);
    assert.ok(seen.size > 1, "it does rotate");
    await using last = await startSignet({ cwd: dir.path });
    await serves(peers.caclient, last, await Deno.readTextFile(last.rootFile));
  },
);

longTestWithPeers(
  "a server killed while a plugged-in CA is swapped serves what is there when it is back",
  [
    "caclient",
    "openssl",
  ],
  async (_t, peers) => {
    const count = rounds("kill -9 in a reload", 2, FULL_ROUNDS);
    await using dir = await tempDir();
    const make = authorityMaker(peers.openssl, dir.path);
    const root = await make("root");
    const cas: readonly Authority[] = [
      await make("one", { issuer: root }),
      await make("two", { issuer: root }),
    ];
    const directory = `${dir.path}/etc/cacerts`;
    const swap = (number: number) =>
      swapFiles(directory, istioFiles({ ca: cas[number % 2]!, roots: [root] }));
    await swap(0);
    for (let round = 1; round <= count; round++) {
      await using server = await spawnSignet({ cwd: dir.path });
      await untilReady(server);
      await swap(round);
      await delay(Math.random() * 700);
      await server.kill();
      await using next = await startSignet({ cwd: dir.path });
      const identity = await issueIdentity(next);
      const issued = await caclient<Issued>(peers.caclient, ["issue", ...tlsFlags(next, identity)]);
      assert.ok(issued.verdict?.verified, issued.message);
      assert.deepEqual(issued.chain?.slice(1), [cas[round % 2]!.certPem, root.certPem]);
      await next.kill();
    }
  },
);
