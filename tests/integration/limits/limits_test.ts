import assert from "node:assert/strict";

import {
  caclient,
  type Herd,
  type Issued,
  issueIdentity,
  type Load,
  tlsFlags,
} from "../../support/caclient.ts";
import { announce, longTestWithPeers, rounds, testWithPeers } from "../../support/peers.ts";
import { startSignet } from "../../support/server.ts";

testWithPeers(
  "grpc-go is told RESOURCE_EXHAUSTED and when to come back, and other identities are served on",
  ["caclient"],
  async (t, peers) => {
    await using server = await startSignet({
      args: ["--ratePerIdentity", "1", "--burstPerIdentity", "3"],
    });
    const identity = await issueIdentity(server);
    const issue = (more: readonly string[] = []) =>
      caclient<Issued>(peers.caclient, ["issue", ...tlsFlags(server, identity), ...more]);
    const expectLimited = (issued: Issued) => {
      assert.equal(issued.code, "ResourceExhausted", issued.message);
      const retryMs = issued.retryMs ?? 0;
      assert.ok(retryMs >= 100 && retryMs <= 1_000, String(retryMs));
      assert.deepEqual(issued.trailers["grpc-retry-pushback-ms"], [String(retryMs)]);
      assert.match(
        issued.message ?? "",
        /^too many requests \(identity limit\), retry after \d+ ms$/,
      );
    };
    for (let n = 0; n < 3; n++) assert.equal((await issue()).code, "OK");
    await t.step("on the fast path", async () => expectLimited(await issue()));
    await t.step("in Connect's handler", async () => expectLimited(await issue(["-gzip"])));
    await t.step("another identity has its own rate", async () => {
      const other = await issueIdentity(server, "spiffe://cluster.local/ns/b/sa/other", "other");
      const issued = await caclient<Issued>(peers.caclient, ["issue", ...tlsFlags(server, other)]);
      assert.equal(issued.code, "OK", issued.message);
    });
    await t.step("a flood is counted whole and logged in part", async () => {
      const shape = ["-count", "3000", "-concurrency", "16"];
      const load = await caclient<Load>(peers.caclient, [
        "load",
        ...tlsFlags(server, identity),
        ...shape,
      ]);
      const limited = load.codes["ResourceExhausted"] ?? 0;
      assert.ok(limited > 2_900, JSON.stringify(load.codes));
      const page = await (await fetch(`http://${server.addr("http")}/metrics`)).text();
      const counted = /^signet_limited_total\{limit="identity"\} (\d+)/m.exec(page)?.[1];
      assert.equal(Number(counted), limited + 2);
      const lines = server.stdout().split("event=ca.limited ").length - 1;
      assert.ok(lines > 0 && lines < limited / 2, `${lines} lines`);
    });
  },
);

testWithPeers(
  "an address over its limit is refused before its credential is looked at",
  ["caclient"],
  async (_, peers) => {
    await using server = await startSignet({
      env: { SIGNET_RATE_PER_ADDRESS: "1", SIGNET_BURST_PER_ADDRESS: "2" },
    });
    const codes: string[] = [];
    for (let n = 0; n < 3; n++) {
      const issued = await caclient<Issued>(peers.caclient, ["issue", ...tlsFlags(server)]);
      codes.push(issued.code);
    }
    assert.deepEqual(codes, ["Unauthenticated", "Unauthenticated", "ResourceExhausted"]);
  },
);

testWithPeers(
  "one connection with a thousand calls at once does not keep another waiting for all of them",
  ["caclient"],
  async (_, peers) => {
    await using server = await startSignet({ args: ["--maxWaitingRequests", "100"] });
    const identity = await issueIdentity(server);
    const other = await issueIdentity(server, "spiffe://cluster.local/ns/b/sa/other", "other");
    const flood = caclient<Load>(peers.caclient, [
      "load",
      ...tlsFlags(server, identity),
      ...["-connections", "1", "-concurrency", "900", "-count", "4000"],
    ]);
    let running = true;
    void flood.finally(() => running = false);
    let served = 0;
    while (running) {
      const issued = await caclient<Issued>(peers.caclient, ["issue", ...tlsFlags(server, other)]);
      assert.equal(issued.code, "OK", issued.message);
      served++;
    }
    const { codes } = await flood;
    assert.ok(served > 0);
    // What the loud one is refused is the bound at work; all the rest it gets.
    assert.deepEqual(Object.keys(codes).sort(), ["OK", "ResourceExhausted"]);
  },
);

longTestWithPeers(
  "a herd of clients within one second is served whole",
  ["caclient"],
  async (_, peers) => {
    const clients = rounds("clients of the herd", 1_000, 10_000);
    await using server = await startSignet();
    const identity = await issueIdentity(server);
    const args = ["herd", ...tlsFlags(server, identity), "-count", String(clients)];
    const herd = await caclient<Herd>(peers.caclient, args, { timeoutMs: 300_000 });
    assert.equal(herd.served, clients, JSON.stringify(herd));
    announce(
      `${clients} clients: last certificate after ${herd.seconds.toFixed(1)} s, p99 ${
        herd.p99ms.toFixed(0)
      } ms, ${herd.attempts} attempts`,
    );
  },
);
