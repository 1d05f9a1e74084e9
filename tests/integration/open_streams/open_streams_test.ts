import assert from "node:assert/strict";

import { caclient, type Issued, issueIdentity, tlsFlags } from "../../support/caclient.ts";
import { holdStreams } from "../../support/many_streams.ts";
import { announce, testWithPeers } from "../../support/peers.ts";
import { usageOf } from "../../support/process.ts";
import { startSignet } from "../../support/server.ts";

/** The default of ISTIO_GPRC_MAXSTREAMS. */
const MAX_STREAMS = 1_000;
const TOO_MANY = 300;
/** A header of nearly a frame: the most that a stream holds, short of CONTINUATION. */
const HEADER_BYTES = 15_000;
/** Held headers, twice as text, and what the runtime keeps beside them. */
const MAX_GROWTH_MB = 250;

testWithPeers(
  "a client that opens all its streams and more holds a bounded memory, and the next one is served",
  ["caclient"],
  async (_t, peers) => {
    await using server = await startSignet();
    const flags = tlsFlags(server, await issueIdentity(server));
    const issue = () => caclient<Issued>(peers.caclient, ["issue", ...flags]);
    assert.equal((await issue()).code, "OK");
    const residentMb = async () => (await usageOf(server.pid)).residentBytes / 1e6;
    const before = await residentMb();
    using held = await holdStreams(server, MAX_STREAMS + TOO_MANY, { headerBytes: HEADER_BYTES });
    // It is served while the streams are open; what is beyond the limit was refused, each by itself.
    assert.equal((await issue()).code, "OK");
    assert.equal(held.closed(), false);
    assert.equal(held.refused(), TOO_MANY);
    const grown = await residentMb() - before;
    announce(`${MAX_STREAMS} open streams of ${HEADER_BYTES} bytes: ${grown.toFixed(0)} MB more`);
    assert.ok(grown < MAX_GROWTH_MB, `${grown} MB`);
  },
);
