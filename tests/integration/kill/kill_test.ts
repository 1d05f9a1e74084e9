import assert from "node:assert/strict";

import {
  caclient,
  type IdentityFiles,
  type Issued,
  issueIdentity,
  tlsFlags,
} from "../../support/caclient.ts";
import { announce, longTestWithPeers, rounds } from "../../support/peers.ts";
import { tempDir } from "../../support/process.ts";
import { type SignetServer, spawnSignet, startSignet, untilReady } from "../../support/server.ts";

/** Longer than the server lives, and shorter than the client would go on to look for it. */
const LOAD_MS = 1_500;
const FULL_ROUNDS = 100; // of each of the two tests: 200 in all

async function delay(ms: number): Promise<void> {
  await new Promise((resolve) => setTimeout(resolve, ms));
}

async function currentRoot(server: SignetServer): Promise<string | undefined> {
  try {
    return await Deno.readTextFile(server.rootFile);
  } catch (thrown) {
    if (thrown instanceof Deno.errors.NotFound) return undefined;
    throw thrown;
  }
}

/** The root that the server sends with a certificate: what workloads will trust. */
async function servedRoot(path: string, server: SignetServer): Promise<string> {
  const identity = await issueIdentity(server);
  const issued = await caclient<Issued>(path, ["issue", ...tlsFlags(server, identity)]);
  assert.ok(issued.verdict?.verified, issued.message);
  return issued.chain?.at(-1) ?? "";
}

longTestWithPeers("a first start that is killed at any instant leaves a state that starts", [
  "caclient",
], async (_t, peers) => {
  const count = rounds("kill -9 in the first start", 8, FULL_ROUNDS);
  const startMs = await measureStart();
  let made = 0;
  for (let round = 0; round < count; round++) {
    await using dir = await tempDir();
    const killAfterMs = Math.random() * startMs * 1.2;
    await using doomed = await spawnSignet({ cwd: dir.path });
    await delay(killAfterMs);
    await doomed.kill();
    const before = await currentRoot(doomed);
    if (before !== undefined) made++;
    await using next = await startSignet({ cwd: dir.path });
    const served = await servedRoot(peers.caclient, next);
    assert.equal(
      served,
      before ?? await currentRoot(next),
      `round ${round}, killed after ${killAfterMs} ms`,
    );
    await next.kill();
  }
  announce(`kill -9 in the first start: ${made} of ${count} came after the root was made`);
});

async function measureStart(): Promise<number> {
  const began = performance.now();
  await using server = await startSignet();
  await server.stop();
  return performance.now() - began;
}

longTestWithPeers(
  "a server killed under load serves the same root when it is back",
  ["caclient"],
  async (_t, peers) => {
    const count = rounds("kill -9 under load", 6, FULL_ROUNDS);
    await using dir = await tempDir();
    let root: string | undefined;
    let identity: IdentityFiles | undefined;
    for (let round = 0; round < count; round++) {
      await using server = await spawnSignet({ cwd: dir.path });
      await untilReady(server);
      identity ??= await issueIdentity(server);
      const flags = tlsFlags(server, identity);
      const first = await caclient<Issued>(peers.caclient, ["issue", ...flags]);
      assert.ok(first.verdict?.verified, first.message);
      root ??= first.chain?.at(-1);
      assert.equal(first.chain?.at(-1), root, `round ${round}`);
      const load = ["load", ...flags, "-count", "2000", "-deadline", "2s"];
      const loading = caclient(peers.caclient, load, { timeoutMs: LOAD_MS })
        .catch(() => "cut, as it should be");
      await delay(Math.random() * 400);
      await server.kill();
      await loading;
    }
  },
);
