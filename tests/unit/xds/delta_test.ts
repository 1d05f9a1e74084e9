/** Delta: every rule of the protocol, as a table of what is sent for what is asked. */
import assert from "node:assert/strict";
import { decideDelta, TYPE_URL } from "signet/xds/mod.ts";
import type { DeltaRequest, Reply, Subscriptions } from "signet/xds/mod.ts";
import { afterSending } from "../../../lib/xds/subscription.ts";

const { cluster: CDS, endpoints: EDS, listener: LDS, routes: RDS } = TYPE_URL;

/** A stream in which each response has the next number for a nonce. */
function stream() {
  let subscriptions: Subscriptions = new Map();
  let sent = 0;
  return {
    ask(typeUrl: string, request: Partial<DeltaRequest> = {}): Reply {
      const empty = { subscribe: [], unsubscribe: [], initial: [], responseNonce: "" };
      const decision = decideDelta(subscriptions, {
        ...empty,
        typeUrl,
        error: undefined,
        ...request,
      });
      subscriptions = decision.subscriptions;
      if (decision.reply.kind !== "nothing") {
        subscriptions = afterSending(subscriptions, typeUrl, String(++sent));
      }
      return decision.reply;
    },
    of: (typeUrl: string) => subscriptions.get(typeUrl),
  };
}

const everything = (known: readonly string[] = []): Reply => ({ kind: "everything", known });
const nothing = (why: "nack" | "stale" | "ack"): Reply => ({ kind: "nothing", why });

Deno.test("decideDelta() answers a start as a real Envoy makes it", () => {
  const { ask } = stream();
  assert.deepEqual(ask(CDS), everything());
  assert.deepEqual(ask(CDS, { responseNonce: "1" }), nothing("ack"));
  assert.deepEqual(ask(EDS, { subscribe: ["a", "b"] }), everything());
  assert.deepEqual(ask(EDS, { responseNonce: "2" }), nothing("ack"));
  assert.deepEqual(ask(LDS), everything());
  assert.deepEqual(ask(RDS, { subscribe: ["8080"] }), everything());
  assert.deepEqual(ask(LDS, { responseNonce: "3" }), nothing("ack"));
  assert.deepEqual(ask(RDS, { responseNonce: "4" }), nothing("ack"));
});

Deno.test("decideDelta() answers a reconnect in full and knows what the client has", () => {
  const { ask, of } = stream();
  assert.deepEqual(ask(CDS, { initial: ["a", "gone"] }), everything(["a", "gone"]));
  assert.deepEqual([...of(CDS)!.names], [], "what it has is no name that it asked for");
  assert.equal(of(CDS)?.isWildcard, true);
  assert.deepEqual(ask(EDS, { subscribe: ["a"], initial: ["a", "gone"] }), {
    kind: "everything",
    known: ["a", "gone"],
  });
  assert.deepEqual([...of(EDS)!.names].sort(), ["a", "gone"]);
});

Deno.test("decideDelta() answers additions with the added names alone, and removals with nothing", () => {
  const { ask, of } = stream();
  ask(EDS, { subscribe: ["a"] });
  assert.deepEqual(ask(EDS, { subscribe: ["b"], unsubscribe: ["a"], responseNonce: "1" }), {
    kind: "names",
    names: ["b"],
  });
  assert.deepEqual(ask(EDS, { unsubscribe: ["b"], responseNonce: "2" }), nothing("ack"));
  assert.deepEqual([...of(EDS)!.names], []);
});

Deno.test("decideDelta() answers a name that is asked for again", () => {
  const { ask } = stream();
  ask(EDS, { subscribe: ["a", "b"] });
  assert.deepEqual(ask(EDS, { subscribe: ["a", "a"] }), { kind: "names", names: ["a"] });
});

Deno.test("decideDelta() takes names in from a request that crossed a push", () => {
  const { ask, of } = stream();
  ask(EDS, { subscribe: ["a"] });
  assert.deepEqual(ask(EDS, { responseNonce: "0" }), nothing("stale"));
  assert.equal(of(EDS)?.nonceAcked, "");
  assert.deepEqual(ask(EDS, { subscribe: ["b"], responseNonce: "0" }), {
    kind: "names",
    names: ["b"],
  });
});

Deno.test("decideDelta() sends nothing after a refusal and keeps what it said", () => {
  const { ask, of } = stream();
  ask(CDS);
  assert.deepEqual(ask(CDS, { responseNonce: "1", error: "bad" }), nothing("nack"));
  assert.equal(of(CDS)?.lastError, "bad");
  assert.deepEqual(ask(CDS, { responseNonce: "1" }), nothing("ack"));
  assert.equal(of(CDS)?.lastError, undefined);
});

Deno.test("decideDelta() reads everything and nothing from the star", () => {
  assert.deepEqual(stream().ask(CDS, { subscribe: ["*"] }), everything());
  const both = stream();
  both.ask(CDS, { subscribe: ["*"], unsubscribe: ["*"] });
  assert.equal(both.of(CDS)?.isWildcard, false);
  assert.deepEqual(both.ask(CDS, { subscribe: ["*"] }), everything(), "asked for later");
  assert.deepEqual(both.ask(CDS, { unsubscribe: ["*"] }), nothing("ack"));
  assert.equal(both.of(CDS)?.isWildcard, false);
  const named = stream();
  named.ask(CDS, { subscribe: ["a"] });
  assert.equal(named.of(CDS)?.isWildcard, false, "names alone are not everything");
});

Deno.test("decideDelta() stands a request with as many names as one message holds", () => {
  const names = Array.from({ length: 100_000 }, (_, at) => `n${at}`);
  const { ask, of } = stream();
  ask(EDS, { subscribe: names });
  assert.deepEqual(ask(EDS, { subscribe: names, unsubscribe: names }), nothing("ack"));
  assert.equal(of(EDS)!.names.size, 0);
});
