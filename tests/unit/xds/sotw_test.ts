/** State of the world: every rule of the protocol, as a table of what is sent for what is asked. */
import assert from "node:assert/strict";
import { decideSotw, TYPE_URL } from "signet/xds/mod.ts";
import type { Reply, SotwRequest, Subscriptions } from "signet/xds/mod.ts";
import { afterSending } from "../../../lib/xds/subscription.ts";

const [CDS, EDS] = [TYPE_URL.cluster, TYPE_URL.endpoints];

/** A stream in which each response has the next number for a nonce. */
function stream() {
  let subscriptions: Subscriptions = new Map();
  let sent = 0;
  return {
    ask(typeUrl: string, names: readonly string[], more: Partial<SotwRequest> = {}): Reply {
      const request = { typeUrl, names, responseNonce: "", error: undefined, ...more };
      const decision = decideSotw(subscriptions, request);
      subscriptions = decision.subscriptions;
      if (decision.reply.kind !== "nothing") {
        subscriptions = afterSending(subscriptions, typeUrl, String(++sent));
      }
      return decision.reply;
    },
    of: (typeUrl: string) => subscriptions.get(typeUrl),
  };
}

const EVERYTHING: Reply = { kind: "everything", known: [] };
const nothing = (why: "nack" | "stale" | "ack" | "unsubscribed"): Reply => ({
  kind: "nothing",
  why,
});

Deno.test("decideSotw() answers a start as a real Envoy makes it", () => {
  const { ask, of } = stream();
  assert.deepEqual(ask(CDS, []), EVERYTHING);
  assert.deepEqual(ask(CDS, [], { responseNonce: "1" }), nothing("ack"));
  assert.deepEqual(ask(EDS, ["a", "b"]), EVERYTHING);
  assert.deepEqual(ask(EDS, ["a", "b"], { responseNonce: "2" }), nothing("ack"));
  assert.equal(of(EDS)?.nonceAcked, "2");
  assert.deepEqual([...of(EDS)!.names], ["a", "b"]);
});

Deno.test("decideSotw() answers additions with the added names alone, and removals with nothing", () => {
  const { ask } = stream();
  ask(EDS, ["a", "b"]);
  assert.deepEqual(ask(EDS, ["a", "b", "c", "d"], { responseNonce: "1" }), {
    kind: "names",
    names: ["c", "d"],
  });
  assert.deepEqual(ask(EDS, ["a", "d"], { responseNonce: "2" }), nothing("ack"));
  assert.deepEqual(ask(EDS, ["d", "b"], { responseNonce: "2" }), { kind: "names", names: ["b"] });
});

Deno.test("decideSotw() sends nothing after a refusal and keeps what it said", () => {
  const { ask, of } = stream();
  ask(CDS, []);
  assert.deepEqual(ask(CDS, [], { responseNonce: "1", error: "bad cluster" }), nothing("nack"));
  assert.equal(of(CDS)?.lastError, "bad cluster");
  assert.equal(of(CDS)?.nonceAcked, "");
  assert.deepEqual(ask(CDS, [], { responseNonce: "1" }), nothing("ack"));
  assert.equal(of(CDS)?.lastError, undefined);
  assert.deepEqual(stream().ask(CDS, [], { error: "before anything was sent" }), nothing("nack"));
});

Deno.test("decideSotw() ignores a nonce that is not the last", () => {
  const { ask, of } = stream();
  ask(EDS, ["a"]);
  assert.deepEqual(ask(EDS, ["a", "b"], { responseNonce: "0" }), nothing("stale"));
  assert.deepEqual([...of(EDS)!.names], ["a"]);
});

Deno.test("decideSotw() ends a subscription by an empty list, also as the first request", () => {
  const { ask, of } = stream();
  assert.deepEqual(ask(EDS, []), nothing("unsubscribed"));
  ask(EDS, ["a"]);
  assert.deepEqual(ask(EDS, [], { responseNonce: "1" }), nothing("unsubscribed"));
  assert.equal(of(EDS), undefined);
  assert.deepEqual(ask(EDS, ["a"], { responseNonce: "1" }), EVERYTHING, "and begins anew");
});

Deno.test("decideSotw() answers endpoints once more after clusters were asked for anew", () => {
  const { ask } = stream();
  ask(CDS, []);
  ask(EDS, ["a"]);
  assert.deepEqual(ask(CDS, []), EVERYTHING);
  assert.deepEqual(ask(EDS, ["a"], { responseNonce: "2" }), EVERYTHING);
  assert.deepEqual(ask(EDS, ["a"], { responseNonce: "4" }), nothing("ack"), "once");
});

Deno.test("decideSotw() sends everything to a client that comes back with an old nonce", () => {
  assert.deepEqual(stream().ask(CDS, [], { responseNonce: "of another stream" }), EVERYTHING);
  assert.deepEqual(stream().ask(EDS, ["a"], { responseNonce: "of another" }), EVERYTHING);
});
