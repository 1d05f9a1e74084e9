import assert from "node:assert/strict";
import { SignetError } from "signet/base/mod.ts";
import { askServers, MAX_TRIES } from "../../../../lib/dns/forward/race.ts";
import type { ServerReply } from "../../../../lib/dns/forward/server.ts";
import { createFakeClock } from "../../../support/fake_clock.ts";
import { fakeReply, type FakeServer, fakeServer } from "../../../support/fake_upstream.ts";
import { questionFor } from "../../../support/forwarding.ts";

const FAILED: ServerReply = { kind: "failed", why: { code: 6, text: "bogus" } };

function race(servers: readonly FakeServer[], timeoutMs = 5_000) {
  const clock = createFakeClock(0);
  const tried: string[] = [];
  const errors: unknown[] = [];
  const ended = new AbortController();
  let settled: ServerReply | undefined;
  const done = askServers(servers, questionFor("a.example"), {
    clock,
    timeoutMs,
    onTry: ({ upstream }) => tried.push(upstream.hostname),
    onError: (thrown) => errors.push(thrown),
    signal: ended.signal,
  }).then((reply) => settled = reply);
  return { clock, tried, errors, ended, done, settled: () => settled };
}

Deno.test("askServers() asks the next server when one is slow, and takes whoever replies first", async () => {
  const [one, two] = [fakeServer("tcp://10.0.0.1"), fakeServer("tcp://10.0.0.2")];
  const { clock, tried, settled } = race([one, two]);
  await clock.advance(one.health.patienceMs - 1);
  assert.deepEqual(tried, ["10.0.0.1"]);
  await clock.advance(1);
  assert.deepEqual(tried, ["10.0.0.1", "10.0.0.2"]);
  const reply = fakeReply(60);
  one.asks[0]!.resolve(reply);
  await clock.advance(0);
  assert.equal(settled(), reply);
  assert.equal(two.asks[0]!.signal.aborted, true);
  assert.equal(clock.waiting, 0);
});

Deno.test("askServers() goes on at once after a failure, and asks no server again that gave one", async () => {
  const servers = ["10.0.0.1", "10.0.0.2", "10.0.0.3"].map((at) =>
    fakeServer(at, ({ resolve, reject }, { upstream }) => {
      if (upstream.hostname === "10.0.0.1") resolve(FAILED);
      if (upstream.hostname === "10.0.0.2") {
        reject(new SignetError("dns.upstream_failed", "Cannot ask: gone"));
      }
    })
  );
  const { clock, tried, settled } = race(servers);
  await clock.advance(0);
  assert.deepEqual(tried, ["10.0.0.1", "10.0.0.2", "10.0.0.3"]);
  await clock.advance(4_999);
  assert.deepEqual(tried.slice(3), ["10.0.0.3", "10.0.0.3"]);
  assert.equal(settled(), undefined);
  await clock.advance(1);
  assert.equal(settled()?.kind, "failed");
  assert.equal(clock.waiting, 0);
});

Deno.test("askServers() gives a server's own reason when every one has failed", async () => {
  const { clock, settled } = race([fakeServer("10.0.0.1", ({ resolve }) => resolve(FAILED))]);
  await clock.advance(0);
  assert.deepEqual(settled(), FAILED);
});

Deno.test("askServers() asks one server three times over UDP and once over a stream (RFC 9520)", async () => {
  for (const [at, times] of [["udp://10.0.0.1", MAX_TRIES], ["tls://10.0.0.1", 1]] as const) {
    const { clock, tried, settled } = race([fakeServer(at)]);
    await clock.advance(5_000);
    assert.equal(tried.length, times);
    const reply = settled();
    assert.deepEqual(reply?.kind === "failed" && reply.why.code, 22);
  }
});

Deno.test("askServers() without servers fails at once, and with its signal when it is aborted", async () => {
  const none = race([]);
  await none.clock.advance(0);
  assert.equal(none.settled()?.kind, "failed");
  const waiting = race([fakeServer("10.0.0.1")]);
  waiting.ended.abort();
  await waiting.done;
  assert.equal(waiting.clock.waiting, 0);
});

Deno.test("askServers() reports what is no failure of a server, and goes on", async () => {
  const bug = new TypeError("a bug");
  const reply = fakeReply(60);
  const { clock, errors, settled } = race([
    fakeServer("10.0.0.1", ({ reject }) => reject(bug)),
    fakeServer("10.0.0.2", ({ resolve }) => resolve(reply)),
  ]);
  await clock.advance(0);
  assert.deepEqual(errors, [bug]);
  assert.equal(settled(), reply);
});
