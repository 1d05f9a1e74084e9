/** The verdict on what a client showed: what it is made from, and what it costs when the client is known. */
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { isSignetError } from "signet/base/mod.ts";
import { createMetrics } from "signet/telemetry/mod.ts";
import { createPeerVerifier } from "signet/tls/mod.ts";
import { createPeerJudge, type PeerEvidence } from "signet/transport/mod.ts";
import { createFakeClock } from "../../support/fake_clock.ts";
import { recordLogs } from "../../support/log_records.ts";
import { verifyWithNode } from "../../support/test_keys.ts";
import { readCertificate, readVectorDer } from "../../support/x509_vectors.ts";

const GOOD = readVectorDer("chain/good.pem");
const IMPOSTOR = readVectorDer("chain/impostor.pem");

function setUp() {
  const clock = createFakeClock(Date.parse("2026-06-01T00:00:00Z"));
  const trust = { generation: 1, certificates: [readCertificate("root")] };
  const { logger, records } = recordLogs();
  const asked: string[] = [];
  const judge = createPeerJudge({
    verifier: createPeerVerifier({
      roots: () => trust,
      trustDomain: () => "cluster.local",
      verifySignature: verifyWithNode,
      nowMs: () => clock.nowMs(),
    }),
    digest: (der) => createHash("sha256").update(der).digest("hex"),
    clock,
    logger,
    metrics: createMetrics(),
  });
  const evidence = (
    leaf: Uint8Array | undefined,
    more: Partial<PeerEvidence> = {},
  ): PeerEvidence => ({
    remoteAddress: "127.0.0.1:1",
    leaf,
    chain: () => {
      asked.push("chain");
      return leaf === undefined || leaf.length === 0 ? [] : [leaf];
    },
    authorized: true,
    authorizationError: undefined,
    ...more,
  });
  return { judge, evidence, asked, records, trust };
}

async function refusal(verdict: unknown): Promise<string> {
  try {
    await verdict;
  } catch (thrown) {
    assert.ok(isSignetError(thrown, "tls.peer_refused") || thrown instanceof TypeError);
    return thrown.message;
  }
  return assert.fail("it was let in");
}

Deno.test("a client without a certificate is nobody", () => {
  const { judge, evidence } = setUp();
  assert.equal(judge(evidence(undefined)), undefined);
});

Deno.test("a leaf that was verified is known again without its chain, until the roots change", async () => {
  const { judge, evidence, asked, trust } = setUp();
  const client = await judge(evidence(GOOD));
  assert.deepEqual(asked, ["chain"]);
  assert.equal(judge(evidence(GOOD)), client);
  assert.deepEqual(asked, ["chain"]);
  Object.assign(trust, { generation: 2 });
  assert.deepEqual(await judge(evidence(GOOD)), client);
  assert.deepEqual(asked, ["chain", "chain"]);
});

Deno.test("a leaf that is known is refused when the runtime refuses what came with it", async () => {
  const { judge, evidence } = setUp();
  await judge(evidence(GOOD));
  const refused = judge(evidence(GOOD, { authorized: false, authorizationError: "BAD_CHAIN" }));
  assert.match(await refusal(refused), /The runtime refused the certificate: BAD_CHAIN/);
});

Deno.test("a leaf that is not the chain's is refused, and no verdict is kept for it", async () => {
  const { judge, evidence } = setUp();
  assert.throws(() => judge(evidence(IMPOSTOR, { chain: () => [GOOD] })), /its chain has not/);
  assert.match(await refusal(judge(evidence(IMPOSTOR))), /not signed by the key of/);
});

Deno.test("a leaf that the runtime cannot read is refused and logged, not taken for nobody", async () => {
  const { judge, evidence, records } = setUp();
  assert.match(await refusal(judge(evidence(new Uint8Array(0)))), /the chain has 0 certificates/);
  assert.deepEqual(records.map(({ message }) => message), ["Refused a client certificate"]);
});
