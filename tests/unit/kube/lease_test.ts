/** The election against an API server of paper: one leads, and never two. */
import assert from "node:assert/strict";
import { SignetError } from "signet/base/mod.ts";
import { electLeader, type KubeDocument, type Leadership, LEASE } from "signet/kube/mod.ts";
import { createFakeClock, type FakeClock } from "../../support/fake_clock.ts";

const refused = (status: number) =>
  new SignetError("kube.refused", "Cannot write", { fields: { status } });

/** One Lease, with versions as a real server has them. */
class PaperLease {
  lease: KubeDocument | undefined;
  writes = 0;
  #version = 0;

  /** A client of it; `cut` ones reach nobody. */
  client(state: { cut: boolean }) {
    return {
      request: (
        { method = "GET", body }: { method?: string; body?: unknown },
      ): Promise<KubeDocument> => {
        if (state.cut) return Promise.reject(new SignetError("kube.unavailable", "Cannot reach"));
        try {
          return Promise.resolve(this.#answer(method, body as KubeDocument));
        } catch (thrown) {
          return Promise.reject(thrown);
        }
      },
    };
  }

  #answer(method: string, body: KubeDocument): KubeDocument {
    const version = (this.lease?.["metadata"] as KubeDocument | undefined)?.["resourceVersion"];
    if (method === "GET") {
      if (this.lease === undefined) throw refused(404);
      return this.lease;
    }
    const metadata = body["metadata"] as KubeDocument;
    if (method === "POST" ? this.lease !== undefined : metadata["resourceVersion"] !== version) {
      throw refused(409);
    }
    this.writes++;
    const resourceVersion = String(++this.#version);
    return this.lease = { ...body, metadata: { ...metadata, resourceVersion } };
  }

  get holder(): unknown {
    return (this.lease?.["spec"] as KubeDocument | undefined)?.["holderIdentity"];
  }
}

function candidate(paper: PaperLease, clock: FakeClock, identity: string) {
  const state = { cut: false };
  const changes: boolean[] = [];
  const failures: unknown[] = [];
  const leadership: Leadership = electLeader({ name: "lock", namespace: "a", identity }, {
    client: paper.client(state),
    clock,
    onFailure: (thrown) => void failures.push(thrown),
  });
  leadership.onChange((leads) => void changes.push(leads));
  return { leadership, state, changes, failures };
}

Deno.test("electLeader() lets one of two lead, and the other after it when it cannot renew, never both", async () => {
  const paper = new PaperLease();
  const clock = createFakeClock(1_800_000_000_000);
  const one = candidate(paper, clock, "one");
  const two = candidate(paper, clock, "two");
  await using _one = one.leadership;
  await using _two = two.leadership;
  const pass = async (ms: number) => {
    for (let at = 0; at < ms; at += 500) {
      await clock.advance(500);
      assert.ok(!(one.leadership.leads && two.leadership.leads), `both lead at ${at}`);
    }
  };
  await pass(120_000);
  assert.deepEqual([one.leadership.leads, two.leadership.leads], [true, false]);
  one.state.cut = true;
  await pass(LEASE.renewWithinMs);
  assert.equal(one.leadership.leads, false, "it steps down by itself");
  assert.equal(two.leadership.leads, false, "and the other does not know yet");
  assert.ok(one.failures.length > 0);
  await pass(LEASE.durationMs);
  assert.equal(two.leadership.leads, true);
  assert.equal(paper.holder, "two");
  one.state.cut = false;
  await pass(60_000);
  assert.deepEqual([one.leadership.leads, two.leadership.leads], [false, true]);
  assert.deepEqual([one.changes, two.changes], [[true, false], [true]]);
  assert.equal((paper.lease!["spec"] as KubeDocument)["leaseTransitions"], 1);
});

Deno.test("electLeader() does not compare the clocks of machines", async () => {
  const paper = new PaperLease();
  const clock = createFakeClock(1_800_000_000_000);
  await using one = candidate(paper, clock, "one").leadership;
  await clock.advance(LEASE.lookMs);
  const late = createFakeClock(1_900_000_000_000);
  await using two = candidate(paper, late, "two").leadership;
  await late.advance(0);
  for (let at = 0; at < 60_000; at += LEASE.lookMs) {
    await clock.advance(LEASE.lookMs);
    await late.advance(LEASE.lookMs);
  }
  assert.deepEqual([one.leads, two.leads], [true, false]);
});

Deno.test("electLeader() gives the Lease back when it ends, and another leads at its next look", async () => {
  const paper = new PaperLease();
  const clock = createFakeClock(1_800_000_000_000);
  const one = candidate(paper, clock, "one");
  await clock.advance(0);
  await using two = candidate(paper, clock, "two").leadership;
  await clock.advance(LEASE.lookMs);
  assert.equal(one.leadership.leads, true);
  await one.leadership[Symbol.asyncDispose]();
  assert.equal(one.leadership.leads, false);
  assert.equal(paper.holder, "");
  await clock.advance(LEASE.lookMs);
  assert.equal(two.leads, true);
});

Deno.test("electLeader() goes on when another writes between its look and its write", async () => {
  const paper = new PaperLease();
  const clock = createFakeClock(1_800_000_000_000);
  const { leadership, failures } = candidate(paper, clock, "one");
  await using _ = leadership;
  await clock.advance(LEASE.lookMs);
  const { metadata, spec } = paper.lease as { metadata: KubeDocument; spec: KubeDocument };
  const other = { ...spec, holderIdentity: "two" };
  paper.lease = { metadata: { ...metadata, resourceVersion: "other" }, spec: other };
  await clock.advance(LEASE.lookMs);
  assert.equal(leadership.leads, false, "another holds it");
  assert.deepEqual(failures, []);
});
