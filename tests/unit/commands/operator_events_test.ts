/** Events of the cluster against an API server of paper: what is counted, how many there are, and which log records become one. */
import assert from "node:assert/strict";
import { SignetError } from "signet/base/mod.ts";
import {
  type ClusterEvent,
  createEventRecorder,
  type KubeDocument,
  type KubeRequest,
} from "signet/kube/mod.ts";
import { EVENT } from "signet/telemetry/mod.ts";
import { tellOperators } from "../../../lib/commands/operator_events.ts";
import { EVENT_BURST, EVENT_REFILL_MS, MAX_REMEMBERED_EVENTS } from "../../../lib/kube/events.ts";
import { createFakeClock, type FakeClock } from "../../support/fake_clock.ts";
import { recordLogs } from "../../support/log_records.ts";

const SECRET = { apiVersion: "v1", kind: "Secret", name: "istio-ca-secret" };
const POD = { apiVersion: "v1", kind: "Pod", name: "signet-0" };
const rotated: ClusterEvent = {
  ...{ type: "Normal", reason: "RootRotated", message: "Renewed the root", about: SECRET },
};

function open(answer: (request: KubeRequest) => KubeDocument | Error = () => ({})) {
  const clock = createFakeClock(Date.UTC(2026, 0, 2, 3, 4, 5, 678));
  const [asked, results]: [KubeRequest[], string[]] = [[], []];
  const recorder = createEventRecorder({
    ...{ clock, namespace: "istio-system", instance: "signet-0" },
    client: {
      request(request) {
        asked.push(request);
        const said = answer(request);
        if (said instanceof Error) return Promise.reject(said);
        const name = `signet-${asked.length}`;
        return Promise.resolve({ metadata: { name }, ...said });
      },
    },
    onResult: (result) => void results.push(result),
  });
  return { clock, asked, results, recorder };
}

async function settle(clock: FakeClock): Promise<void> {
  for (let turn = 0; turn < 5; turn++) await clock.advance(0);
}

Deno.test("an Event is what the API server takes, about the object in its own namespace", async () => {
  const { clock, asked, results, recorder } = open();
  recorder.record(rotated);
  await settle(clock);
  assert.deepEqual(asked.map(({ method, path, body }) => ({ method, path, body })), [{
    method: "POST",
    path: "/api/v1/namespaces/istio-system/events",
    body: {
      ...{ apiVersion: "v1", kind: "Event" },
      metadata: { generateName: "signet-", namespace: "istio-system" },
      involvedObject: { ...SECRET, namespace: "istio-system" },
      ...{ type: "Normal", reason: "RootRotated", message: "Renewed the root", count: 1 },
      ...{ firstTimestamp: "2026-01-02T03:04:05Z", lastTimestamp: "2026-01-02T03:04:05Z" },
      source: { component: "signet" },
      ...{ reportingComponent: "signet", reportingInstance: "signet-0" },
    },
  }]);
  assert.deepEqual(results, ["written"]);
  await recorder[Symbol.asyncDispose]();
});

Deno.test("what is said again is counted, also at once; one that the cluster forgot is written anew", async () => {
  let isGone = false;
  const gone = new SignetError("kube.refused", "Gone", { fields: { status: 404 } });
  const { clock, asked, results, recorder } = open(({ method }) =>
    method === "PATCH" && isGone ? gone : {}
  );
  recorder.record(rotated);
  recorder.record(rotated);
  await settle(clock);
  assert.deepEqual(asked.map(({ method }) => method), ["POST", "PATCH"]);
  assert.match(asked[1]!.path, /\/events\/signet-1$/);
  assert.equal((asked[1]!.body as KubeDocument)["count"], 2);
  isGone = true;
  recorder.record(rotated);
  await settle(clock);
  assert.deepEqual(results, ["written", "counted", "written"]);
  assert.equal((asked.at(-1)!.body as KubeDocument)["count"], 3);
  await recorder[Symbol.asyncDispose]();
});

Deno.test("Events are few: a burst, then one each half minute; what was left out is in the count", async () => {
  const { clock, asked, results, recorder } = open();
  for (let i = 0; i < 1_000; i++) recorder.record(rotated);
  await settle(clock);
  assert.equal(asked.length, EVENT_BURST);
  assert.equal(results.filter((result) => result === "left_out").length, 1_000 - EVENT_BURST);
  await clock.advance(EVENT_REFILL_MS);
  recorder.record(rotated);
  await settle(clock);
  assert.equal((asked.at(-1)!.body as KubeDocument)["count"], 1_001);
  await clock.advance(1_000 * EVENT_REFILL_MS);
  for (let i = 0; i < MAX_REMEMBERED_EVENTS * 2; i++) {
    recorder.record({ ...rotated, message: `${i}${"x".repeat(5_000)}` });
  }
  await settle(clock);
  assert.equal(asked.length, EVENT_BURST * 2 + 1);
  assert.equal(((asked.at(-1)!.body as KubeDocument)["message"] as string).length, 1_000);
  await recorder[Symbol.asyncDispose]();
});

Deno.test("an Event that cannot be written is told and hurts nobody; a stop waits for no API server", async () => {
  const { clock, results, recorder } = open(() => new SignetError("kube.unavailable", "Away"));
  recorder.record(rotated);
  await settle(clock);
  assert.deepEqual(results, ["failed"]);
  await recorder[Symbol.asyncDispose]();
});

Deno.test("tellOperators() writes every record and tells the few that matter, with why", () => {
  const logs = recordLogs();
  const told: ClusterEvent[] = [];
  const recorder = { record: (event: ClusterEvent) => void told.push(event) };
  const logger = tellOperators(logs.logger, recorder, { ca: SECRET, server: POD }).scoped("ca");
  logger.info(EVENT.caReady, "CA is ready", { origin: "loaded" });
  logger.info(EVENT.caReady, "CA is ready", { origin: "created" });
  logger.info(EVENT.caRotated, "Renewed the root with its key");
  logger.error(EVENT.caReloadFailed, "Cannot load", {}, new TypeError("It is junk"));
  logger.warn(EVENT.distributionFailed, "Cannot write yet", { reason: "away" });
  logger.error("constructor", "Nothing of ours");
  logger.debug(EVENT.caRotated, "Of no interest");
  assert.equal(logs.records.length, 7);
  assert.deepEqual(told.map(({ type, reason, message, about }) => [type, reason, message, about]), [
    ["Normal", "RootCreated", "CA is ready", SECRET],
    ["Normal", "RootRotated", "Renewed the root with its key", SECRET],
    ["Warning", "CaLoadFailed", "Cannot load: It is junk", SECRET],
    ["Warning", "RootDistributionFailed", "Cannot write yet: away", POD],
  ]);
});
