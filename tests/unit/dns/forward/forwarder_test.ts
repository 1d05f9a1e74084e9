import assert from "node:assert/strict";
import { RCODE } from "../../../../lib/dns/message/mod.ts";
import { createForwardCounters } from "../../../../lib/dns/forward/counters.ts";
import {
  createForwarder,
  type ForwardSettings,
  MAX_WAITING,
  STALE_AFTER_MS,
  STALE_RECHECK_MS,
} from "../../../../lib/dns/forward/forwarder.ts";
import { UpstreamServers } from "../../../../lib/dns/forward/servers.ts";
import type { DnsAnswer, ForwardQuestion } from "../../../../lib/dns/port.ts";
import { createMetrics } from "signet/telemetry/mod.ts";
import { createFakeClock } from "../../../support/fake_clock.ts";
import {
  type FakeAsk,
  fakeReply,
  type FakeServer,
  fakeServer,
} from "../../../support/fake_upstream.ts";
import { questionFor } from "../../../support/forwarding.ts";
import { recordLogs } from "../../../support/log_records.ts";
import { parseUpstream } from "../../../../lib/dns/forward/upstream.ts";

const AT = ["tcp://10.0.0.1:53"];

async function forwarding(
  behave: (ask: FakeAsk, server: FakeServer) => void = () => {},
  { at = AT, ...settings }: Partial<ForwardSettings> & { readonly at?: readonly string[] } = {},
) {
  const clock = createFakeClock(0);
  const { logger, records } = recordLogs();
  const made: FakeServer[] = [];
  const randomBytes = (length: number) => new Uint8Array(length).fill(0xab);
  const servers = new UpstreamServers({
    ...{ clock, logger, randomBytes },
    create: ({ label }) => {
      const server = fakeServer(label, behave);
      made.push(server);
      return server;
    },
    onBetter: () => forwarder.forgetFailures(),
  });
  const errors: unknown[] = [];
  const forwarder = createForwarder({
    timeoutMs: 5_000,
    cacheBytes: 100_000,
    maxStaleMs: 3_600_000,
    ...settings,
  }, {
    clock,
    servers,
    counters: createForwardCounters(createMetrics()),
    onError: (thrown) => errors.push(thrown),
  });
  await servers.replace(at.map(parseUpstream));
  const ask = (name = "a.example", more: Partial<ForwardQuestion> = {}) => {
    let answer: DnsAnswer | undefined;
    const given = forwarder.forward(questionFor(name, more));
    if (given instanceof Promise) given.then((late) => answer = late);
    else answer = given;
    return { answer: () => answer, atOnce: !(given instanceof Promise) };
  };
  /** What is known after everything that is settled was heard. */
  const answered = async (name?: string, more?: Partial<ForwardQuestion>) => {
    const asked = ask(name, more);
    await clock.advance(0);
    return asked.answer();
  };
  return { clock, records, made, servers, forwarder, errors, ask, answered };
}

const replies = (ttl: number) => ({ resolve }: FakeAsk) => resolve(fakeReply(ttl));
const fails = ({ resolve }: FakeAsk) =>
  resolve({ kind: "failed", why: { code: 23, text: "SERVFAIL" } });

Deno.test("forward() asks once however many wait, and then answers at once with a TTL that has run", async () => {
  const { clock, made, ask, answered } = await forwarding();
  const waiting = Array.from({ length: 50 }, () => ask());
  assert.equal(made[0]!.asks.length, 1);
  made[0]!.asks[0]!.resolve(fakeReply(60));
  await clock.advance(0);
  for (const { answer } of waiting) assert.equal(answer()?.source, "upstream");
  await clock.advance(12_900);
  const hit = ask();
  assert.equal(hit.atOnce, true);
  assert.deepEqual([hit.answer()?.source, hit.answer()?.extendedError?.text], ["cache", "age 12"]);
  assert.equal((await answered())?.source, "cache");
  assert.equal(made[0]!.asks.length, 1);
});

Deno.test("forward() lets what is kept be said again as it grows older, until it is asked for again or another has come", async () => {
  const { clock, forwarder, answered } = await forwarding(replies(100));
  await answered();
  await clock.advance(12_900);
  const aging = (await answered())!.reuse!.aging!;
  const nowMs = clock.monotonicMs();
  assert.equal(aging.seconds, 12);
  const later = (afterMs: number) => aging.at(nowMs + afterMs);
  assert.deepEqual(later(100), { seconds: 13, untilMs: nowMs + 1_100 });
  assert.equal(later(76_000)?.seconds, 88);
  assert.equal(later(78_000), undefined, "when a hot name is due");
  await clock.advance(80_000);
  await answered();
  await answered();
  await answered();
  await clock.advance(0);
  assert.equal(aging.at(clock.monotonicMs()), undefined, "when another has come");
  await forwarder[Symbol.asyncDispose]();
});

Deno.test("forward() keeps answers apart by type, DO and CD, but not by AD", async () => {
  const { made, answered } = await forwarding(replies(60));
  await answered();
  for (const more of [{ type: 28 }, { dnssecOk: true }, { checkingDisabled: true }]) {
    assert.equal((await answered("a.example", more))?.source, "upstream");
  }
  assert.equal((await answered("a.example", { authenticData: true }))?.source, "cache");
  assert.equal(made[0]!.asks.length, 4);
});

Deno.test("forward() does not keep an answer without time", async () => {
  const { made, answered } = await forwarding(replies(0));
  assert.equal((await answered())?.source, "upstream");
  assert.equal((await answered())?.source, "upstream");
  assert.equal(made[0]!.asks.length, 2);
});

Deno.test("forward() answers a failure with SERVFAIL and its reason, and asks no more for a while", async () => {
  const { clock, made, answered } = await forwarding(fails);
  const first = await answered();
  assert.deepEqual([first?.rcode, first?.extendedError?.code], [RCODE.SERVFAIL, 23]);
  const second = await answered();
  assert.deepEqual([second?.rcode, second?.extendedError], [
    RCODE.SERVFAIL,
    { code: 13, text: "SERVFAIL" },
  ]);
  assert.equal(made[0]!.asks.length, 1);
  await clock.advance(5_000);
  await answered();
  assert.equal(made[0]!.asks.length, 2);
});

Deno.test("forward() believes no failure any more when servers change", async () => {
  const { made, servers, answered } = await forwarding(fails);
  await answered();
  await servers.replace([parseUpstream("tcp://10.0.0.2:53")]);
  await answered();
  assert.deepEqual(made.map(({ asks }) => asks.length), [1, 1]);
});

Deno.test("forward() says SERVFAIL when nobody replies in time, and a late reply finds nobody", async () => {
  const { clock, made, ask } = await forwarding();
  const asked = ask();
  await clock.advance(4_999);
  assert.equal(asked.answer(), undefined);
  await clock.advance(1);
  assert.deepEqual([asked.answer()?.rcode, asked.answer()?.extendedError?.code], [
    RCODE.SERVFAIL,
    22,
  ]);
  assert.equal(made[0]!.asks[0]!.signal.aborted, true);
});

Deno.test("forward() gives what is stale after 1.8 s of waiting, and what comes later is kept", async () => {
  let answers = 0;
  const { clock, made, ask } = await forwarding((asked) => {
    if (answers++ === 0) asked.resolve(fakeReply(60));
  });
  ask();
  await clock.advance(0);
  await clock.advance(60_000);
  const asked = ask();
  await clock.advance(STALE_AFTER_MS - 1);
  assert.equal(asked.answer(), undefined);
  await clock.advance(1);
  assert.deepEqual([asked.answer()?.source, asked.answer()?.extendedError?.code], ["cache", 3]);
  made[0]!.asks[1]!.resolve(fakeReply(60));
  await clock.advance(0);
  const next = ask();
  assert.deepEqual([next.atOnce, next.answer()?.extendedError?.code], [true, 0]);
});

Deno.test("forward() gives what is stale when servers fail, and asks them again after 30 s only", async () => {
  let isBroken = false;
  const { clock, made, answered } = await forwarding((ask) =>
    isBroken ? fails(ask) : ask.resolve(fakeReply(60))
  );
  await answered();
  isBroken = true;
  await clock.advance(60_000);
  assert.equal((await answered())?.extendedError?.code, 3);
  assert.equal(made[0]!.asks.length, 2);
  await clock.advance(STALE_RECHECK_MS - 1);
  assert.equal((await answered())?.extendedError?.code, 3);
  assert.equal(made[0]!.asks.length, 2);
  isBroken = false;
  await clock.advance(1);
  assert.equal((await answered())?.source, "upstream");
});

Deno.test("forward() gives nothing that is stale when that is turned off, or its time is over", async () => {
  for (const [maxStaleMs, waitMs] of [[0, 60_000], [10_000, 70_000]] as const) {
    let isBroken = false;
    const { clock, answered } = await forwarding(
      (ask) => isBroken ? fails(ask) : ask.resolve(fakeReply(60)),
      { maxStaleMs },
    );
    await answered();
    isBroken = true;
    await clock.advance(waitMs);
    assert.equal((await answered())?.rcode, RCODE.SERVFAIL);
  }
});

Deno.test("forward() asks again for a hot name before its time is over, and for no other", async () => {
  for (const [hits, asks] of [[3, 2], [1, 1]] as const) {
    const { clock, made, ask, answered } = await forwarding(replies(100));
    await answered();
    for (let i = 1; i < hits; i++) await answered();
    await clock.advance(89_000);
    await answered();
    assert.equal(made[0]!.asks.length, 1);
    await clock.advance(2_000);
    const hit = ask();
    assert.deepEqual([hit.atOnce, hit.answer()?.source], [true, "cache"]);
    await clock.advance(0);
    assert.equal(made[0]!.asks.length, asks, `${hits} hits`);
  }
});

Deno.test("forward() lets no more than a number of questions wait", async () => {
  const { made, ask, answered, forwarder } = await forwarding();
  for (let i = 0; i < MAX_WAITING; i++) ask(`${i}.example`);
  assert.equal(forwarder.waiting, MAX_WAITING);
  const answer = await answered("one.more.example");
  assert.deepEqual([answer?.rcode, answer?.extendedError?.code], [RCODE.SERVFAIL, 22]);
  assert.equal(made[0]!.asks.length, MAX_WAITING);
  assert.equal(await answered("0.example"), undefined);
});

Deno.test("forward() after a server that is down asks it last, and it comes back by being looked at", async () => {
  let isAway = true;
  const { clock, made, servers, records, answered } = await forwarding(({ resolve }, server) => {
    if (server.upstream.hostname === "10.0.0.1" && isAway) return;
    if (server.health.replied(1)) servers.healthChanged(server);
    resolve(fakeReply(0));
  }, { at: ["tcp://10.0.0.1:53", "tcp://10.0.0.2:53"] });
  const ended = new AbortController();
  const looking = servers.look(ended.signal).catch(() => {});
  const [one, two] = made as [FakeServer, FakeServer];
  one.health.failed();
  if (one.health.failed()) servers.healthChanged(one);
  await answered();
  assert.deepEqual([one.asks.length, two.asks.length], [0, 1]);
  isAway = false;
  await clock.advance(1_000);
  assert.equal(one.health.isDown, false);
  assert.deepEqual(records.map(({ event }) => event), ["dns.upstream_down", "dns.upstream_up"]);
  one.asks.length = 0;
  await answered();
  assert.equal(one.asks.length, 1);
  ended.abort();
  await looking;
});

Deno.test("forward() refuses its own look for a loop, and the server that sent it back is not asked any more", async () => {
  const { clock, made, servers, records, ask, answered } = await forwarding(
    ({ question, resolve }) => {
      // The name of a look has two labels of hexadecimal digits.
      if (/^[0-9a-f]{20}\.[0-9a-f]{20}$/.test(question.name)) {
        const looped = ask(question.name);
        assert.deepEqual([looped.atOnce, looped.answer()?.rcode], [true, RCODE.REFUSED]);
      }
      resolve(fakeReply(0));
    },
  );
  const ended = new AbortController();
  const looking = servers.look(ended.signal).catch(() => {});
  assert.equal((await answered())?.source, "upstream");
  await clock.advance(500);
  assert.equal(made[0]!.isLoop, true);
  assert.deepEqual(records.map(({ event }) => event), ["dns.loop"]);
  const answer = await answered("b.example");
  assert.deepEqual([answer?.rcode, answer?.extendedError?.code], [RCODE.SERVFAIL, 22]);
  ended.abort();
  await looking;
});

Deno.test("disposing a forwarder ends what waits", async () => {
  const { clock, ask, forwarder } = await forwarding();
  const asked = ask();
  await forwarder[Symbol.asyncDispose]();
  await clock.advance(0);
  assert.equal(asked.answer()?.rcode, RCODE.SERVFAIL);
  assert.equal(clock.waiting, 0);
});
