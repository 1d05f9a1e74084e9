/** Malformed input for a while; `deno task fuzz:dns` goes on for an hour. */
import assert from "node:assert/strict";
import { fuzzDns } from "../../fuzz/dns.ts";
import { announce, longTestWithPeers, rounds } from "../../support/peers.ts";

longTestWithPeers(
  "malformed messages, frames, handshakes and replies of upstream servers neither stop the DNS port nor hang a connection",
  [],
  async () => {
    const seconds = rounds("seconds of malformed input", 4, 120);
    const { lines, faults } = await fuzzDns(seconds, Date.now() % 1_000_000);
    announce(lines.join("\n"));
    assert.deepEqual(faults, []);
  },
);
