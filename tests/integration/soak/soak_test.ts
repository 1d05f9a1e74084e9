import assert from "node:assert/strict";
import { announce, longTestWithPeers } from "../../support/peers.ts";
import { soak } from "../../soak/soak.ts";

/** CI's share; `deno task soak` goes on for an hour. */
const SECONDS = 60;

longTestWithPeers(
  "issuance, churn, rotation, reload, tokens and DNS at once: nothing good fails, memory is level, logs are clean",
  ["caclient", "openssl"],
  async (_t, peers) => {
    const { lines, faults } = await soak(SECONDS, peers);
    announce(`soak of ${SECONDS} s:\n${lines.join("\n")}`);
    assert.deepEqual(faults, []);
  },
);
