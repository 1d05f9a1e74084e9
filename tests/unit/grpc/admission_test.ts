import assert from "node:assert/strict";

import { Code, ConnectError } from "@connectrpc/connect";
import { type AdmissionConfig, type Applicant } from "signet/grpc/mod.ts";
import { createLogger, createMetrics } from "signet/telemetry/mod.ts";
import {
  MAX_AUTHENTICATING,
  MAX_AUTHENTICATING_PER_ADDRESS,
  MAX_WAITING_BYTES,
} from "../../../lib/grpc/admission.ts";
import { errorOnly } from "../../../lib/grpc/trailers_only.ts";
import { createTestAdmission } from "../../support/admission.ts";
import { createFakeClock } from "../../support/fake_clock.ts";

const CALLER: Applicant = { remoteAddress: "192.0.2.1:1", hasCertificate: true, bytes: 500 };
const IDENTITY = "spiffe://cluster.local/ns/a/sa/b";

function gates(config: Partial<AdmissionConfig>) {
  const clock = createFakeClock(0);
  const lines: string[] = [];
  const logger = createLogger({ levels: {}, json: true }, {
    clock,
    sink: (line) => void lines.push(line),
  });
  const metrics = createMetrics();
  const admission = createTestAdmission({ clock, logger, metrics, onNextTurn: () => {} }, config);
  return { admission, clock, lines, metrics };
}

/** What the caller is told to wait, in milliseconds; fails when it is not refused so. */
function refusedFor(what: () => unknown): number {
  try {
    what();
  } catch (thrown) {
    assert.ok(thrown instanceof ConnectError, String(thrown));
    assert.equal(thrown.code, Code.ResourceExhausted);
    const [detail] = thrown.details;
    assert.ok(detail !== undefined && "desc" in detail);
    return Number(thrown.metadata.get("grpc-retry-pushback-ms"));
  }
  throw new TypeError("It was not refused");
}

Deno.test("createAdmission() limits each identity and says when its next turn is", async () => {
  const { admission, clock } = gates({ perIdentity: { perSecond: 2, burst: 2 } });
  admission.enter(CALLER, IDENTITY);
  admission.enter(CALLER, IDENTITY);
  assert.equal(refusedFor(() => admission.enter(CALLER, IDENTITY)), 500);
  assert.equal(admission.enter(CALLER, `${IDENTITY}2`), undefined);
  await clock.advance(500);
  assert.equal(admission.enter(CALLER, IDENTITY), undefined);
});

Deno.test("createAdmission() limits each address before anybody looks at a credential", () => {
  const { admission } = gates({ perAddress: { perSecond: 1, burst: 1 } });
  const at = (remoteAddress: string) => () => admission.arrive({ ...CALLER, remoteAddress });
  at("[2001:db8::1]:1")();
  assert.equal(refusedFor(at("[2001:db8::2]:2")), 1_000, "the same /64");
  at("[2001:db8:0:1::1]:1")();
});

Deno.test("createAdmission() bounds credentials that are being looked at, and never those of certificates", () => {
  const { admission } = gates({});
  const anonymous = (n: number) => ({
    ...CALLER,
    hasCertificate: false,
    remoteAddress: `192.0.${n >> 8}.${n & 255}:1`,
  });
  const looking = Array.from(
    { length: MAX_AUTHENTICATING },
    (_, n) => admission.arrive(anonymous(n)),
  );
  assert.equal(refusedFor(() => admission.arrive(anonymous(0))), 100);
  admission.arrive(CALLER);
  looking[0]![Symbol.dispose]();
  admission.arrive(anonymous(0));
  looking[1]![Symbol.dispose]();
  assert.ok(refusedFor(() => admission.arrive({ ...anonymous(1), bytes: 1 << 30 })));
});

Deno.test("createAdmission() bounds the credentials of one address that are being looked at, and no other's", () => {
  const { admission } = gates({});
  const anonymous = { ...CALLER, hasCertificate: false };
  const looking = Array.from(
    { length: MAX_AUTHENTICATING_PER_ADDRESS },
    (_, port) => admission.arrive({ ...anonymous, remoteAddress: `192.0.2.1:${port}` }),
  );
  assert.equal(refusedFor(() => admission.arrive(anonymous)), 100);
  admission.arrive({ ...anonymous, remoteAddress: "192.0.2.2:1" });
  for (const each of looking) each[Symbol.dispose]();
  admission.arrive(anonymous);
});

Deno.test("createAdmission() turns a caller away with the time to wait, and counts it", () => {
  const { admission, metrics } = gates({});
  assert.equal(
    refusedFor(() => admission.turnAway(CALLER)),
    100,
  );
  const limited = metrics.snapshot().find(({ name }) => name === "signet_limited_total");
  assert.deepEqual(limited?.samples, [{ labels: { limit: "authenticating" }, value: 1 }]);
});

Deno.test("createAdmission() refuses when the queue is full, by number or by bytes", async () => {
  const { admission, metrics } = gates({ maxWaiting: 3 });
  const waiting: Promise<void>[] = [];
  for (let n = 0; n < 64; n++) assert.equal(admission.enter(CALLER, IDENTITY), undefined);
  waiting.push(admission.enter(CALLER, IDENTITY)!);
  assert.ok(refusedFor(() => admission.enter(CALLER, IDENTITY)) >= 100);
  assert.ok(refusedFor(() => admission.enter({ ...CALLER, bytes: MAX_WAITING_BYTES }, "other")));
  waiting.push(admission.enter(CALLER, "other")!);
  const samples = (name: string) =>
    metrics.snapshot().find((family) => family.name === name)?.samples;
  assert.deepEqual(samples("signet_queue_waiting"), [{ labels: {}, value: 2 }]);
  assert.deepEqual(samples("signet_limited_total"), [{ labels: { limit: "queue" }, value: 2 }]);
  assert.ok(waiting.every((turn) => turn instanceof Promise));
  await Promise.resolve();
});

Deno.test("createAdmission() writes some records of a flood of refusals, and how many it left out", async () => {
  const { admission, clock, lines } = gates({ perIdentity: { perSecond: 1, burst: 1 } });
  admission.enter(CALLER, IDENTITY);
  for (let n = 0; n < 5_000; n++) refusedFor(() => admission.enter(CALLER, IDENTITY));
  assert.equal(lines.length, 50);
  await clock.advance(1_500);
  admission.enter(CALLER, IDENTITY);
  refusedFor(() => admission.enter(CALLER, IDENTITY));
  assert.match(lines[50]!, /"of":"ca.limited","suppressed":4950/);
  assert.equal(lines.length, 52);
});

Deno.test("errorOnly() carries google.rpc.RetryInfo and the pushback on the fast path", () => {
  const { admission } = gates({ perIdentity: { perSecond: 1, burst: 1 } });
  admission.enter(CALLER, IDENTITY);
  let error: unknown;
  try {
    admission.enter(CALLER, IDENTITY);
  } catch (thrown) {
    error = thrown;
  }
  assert.ok(error instanceof ConnectError);
  const fields = errorOnly(error);
  const names = fields.map(([name]) => name);
  assert.equal(new Set(names).size, names.length, names.join());
  const field = (name: string) => fields.find(([key]) => key === name)?.[1];
  assert.equal(field("grpc-status"), "8");
  assert.equal(field("grpc-retry-pushback-ms"), "1000");
  assert.ok(field("grpc-status-details-bin"));
  assert.equal(names[0], ":status");
});
