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
import { until } from "../../support/until.ts";

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
    const began = performance.now();
    for (let n = 0; n < 3; n++) assert.equal((await issue()).code, "OK");
    let served = 3;
    const untilLimited = (more: readonly string[]) =>
      until("the identity is over its limit", async () => {
        const issued = await issue(more);
        if (issued.code !== "OK") return issued;
        served++;
        return undefined;
      });
    await t.step("on the fast path", async () => expectLimited(await untilLimited([])));
    await t.step("in Connect's handler", async () => expectLimited(await untilLimited(["-gzip"])));
    // On a slow machine the bucket gets a token or two meanwhile, and not more than the rate allows.
    assert.ok(served <= 3 + Math.ceil((performance.now() - began) / 1000), `${served} served`);
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
    const code = async () =>
      (await caclient<Issued>(peers.caclient, ["issue", ...tlsFlags(server)])).code;
    assert.deepEqual([await code(), await code()], ["Unauthenticated", "Unauthenticated"]);
    await until("the address is over its limit", async () => {
      const next = await code();
      if (next === "ResourceExhausted") return next;
      // A token came back meanwhile: the credential is looked at, and is none.
      assert.equal(next, "Unauthenticated");
      return undefined;
    });
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
