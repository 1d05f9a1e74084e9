import assert from "node:assert/strict";

import {
  caclient,
  type Issued,
  issueIdentity,
  type Load,
  tlsFlags,
} from "../../support/caclient.ts";
import { announce, longTestWithPeers, rounds } from "../../support/peers.ts";
import { usageOf } from "../../support/process.ts";
import { startSignet } from "../../support/server.ts";

const SLICES = 10;
const FULL = 100_000;
/** Over the last four tenths of the full run; a short one has not levelled off yet and may only not run away. */
const MAX_GROWTH = { full: 1.05, short: 1.3 } as const;

longTestWithPeers(
  "connections opened, used and killed leave memory level",
  ["caclient"],
  async (_t, peers) => {
    await using server = await startSignet();
    const flags = tlsFlags(server, await issueIdentity(server));
    const count = rounds("connections opened, used and killed", 4_000, FULL);
    const residentMb: number[] = [];
    for (let slice = 0; slice < SLICES; slice++) {
      const size = ["-count", String(count / SLICES), "-concurrency", "16"];
      const call = ["-call", slice % 2 === 0 ? "health" : "issue"];
      const args = ["churn", ...flags, ...size, ...call, "-mode", "mix"];
      const churned = await caclient<Load>(peers.caclient, args, { timeoutMs: 600_000 });
      assert.equal(churned.errors, 0, churned.example);
      residentMb.push((await usageOf(server.pid)).residentBytes / 1e6);
    }
    announce(`resident MB after each tenth: ${residentMb.map((mb) => mb.toFixed(0)).join(" ")}`);
    const sixth = residentMb[5] ?? 0;
    const growth = Math.max(...residentMb.slice(6)) / sixth;
    assert.ok(
      growth <= (count === FULL ? MAX_GROWTH.full : MAX_GROWTH.short),
      `grown ${growth} times`,
    );
    const issued = await caclient<Issued>(peers.caclient, ["issue", ...flags]);
    assert.ok(issued.verdict?.verified, issued.message);
  },
);
