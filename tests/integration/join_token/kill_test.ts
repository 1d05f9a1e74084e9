import assert from "node:assert/strict";

import { caclient, type Issued, tlsFlags } from "../../support/caclient.ts";
import { makeToken } from "../../support/join_token.ts";
import { announce, longTestWithPeers, rounds } from "../../support/peers.ts";
import { tempDir } from "../../support/process.ts";
import { type SignetServer, spawnSignet, startSignet, untilReady } from "../../support/server.ts";

const CSRS = new URL("../../vectors/x509/csr/good/", import.meta.url).pathname;
/** Two machines, each with its own key. */
const MACHINES = [`${CSRS}p256_sha256.pem`, `${CSRS}p384_sha384.pem`] as const;

longTestWithPeers("a token is used by one key alone, wherever in a use the server is killed", [
  "caclient",
], async (_t, peers) => {
  const count = rounds("kill -9 in the use of a token", 4, 200);
  await using dir = await tempDir();
  const ask = async (server: SignetServer, token: string, csr: string): Promise<boolean> => {
    const flags = ["-bearer", token, "-csr", csr, "-deadline", "5s"];
    const { code } = await caclient<Issued>(peers.caclient, [
      "issue",
      ...tlsFlags(server),
      ...flags,
    ]);
    return code === "OK";
  };
  const useMs = await measureUse((server, token) => ask(server, token, MACHINES[0]));
  let cut = 0;
  for (let round = 0; round < count; round++) {
    await using doomed = await spawnSignet({ cwd: dir.path });
    await untilReady(doomed);
    const token = await makeToken(doomed);
    const asked = MACHINES.map((csr) => ask(doomed, token.text, csr));
    await new Promise((resolve) => setTimeout(resolve, Math.random() * useMs * 2.5));
    await doomed.kill();
    const before = await Promise.all(asked);
    if (!before.includes(true)) cut++;
    await using next = await spawnSignet({ cwd: dir.path });
    await untilReady(next);
    const after: boolean[] = [];
    for (const csr of MACHINES) after.push(await ask(next, token.text, csr));
    const served = MACHINES.filter((_csr, at) => before[at] || after[at]);
    assert.equal(served.length, 1, `round ${round}: before ${before}, after ${after}`);
    for (const [at, was] of before.entries()) {
      if (was) assert.ok(after[at], `round ${round}: the winner was locked out`);
    }
    for (const { stdout, stderr } of [doomed, next]) {
      assert.ok(!(stdout() + stderr()).includes(token.secret), "a secret is in the log");
    }
    await next.kill();
  }
  announce(`kill -9 in the use of a token: ${cut} of ${count} came before any answer`);
});

/** How long one use takes from the client's start to its end; kills fall before, within and after it. */
async function measureUse(
  use: (server: SignetServer, token: string) => Promise<boolean>,
): Promise<number> {
  await using server = await startSignet();
  const token = await makeToken(server);
  const began = performance.now();
  assert.ok(await use(server, token.text));
  return performance.now() - began;
}
