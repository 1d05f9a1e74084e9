/** Health and reflection as functions, the CA's run: what their handlers rest on. */
import assert from "node:assert/strict";
import { fromBinary } from "@bufbuild/protobuf";
import { FileDescriptorProtoSchema } from "@bufbuild/protobuf/wkt";
import { Code, ConnectError } from "@connectrpc/connect";
import { memoryCaStore } from "signet/store/mod.ts";
import { createMetrics } from "signet/telemetry/mod.ts";
import { runCa } from "../../../lib/grpc/run_ca.ts";
import { createHealthTable } from "../../../lib/grpc/services/health.ts";
import {
  createReflection,
  type ReflectionQuestion,
} from "../../../lib/grpc/services/reflection.ts";
import { Health } from "../../../proto/gen/grpc/health/v1/health_pb.ts";
import { IstioCertificateService } from "../../../proto/gen/istio/v1/auth/ca_pb.ts";
import { createFakeClock } from "../../support/fake_clock.ts";
import { mintSet } from "../../support/minted_sets.ts";
import { createTestCa } from "../../support/test_ca.ts";

const SERVING = 1;
const NOT_SERVING = 2;
const SERVICE_UNKNOWN = 3;

type Implementation = ReturnType<typeof createHealthTable>["implementation"];

function check(implementation: Implementation, service: string): number | undefined {
  const { check } = implementation;
  const answer = check!({ service } as never, {} as never) as { status?: number };
  return answer.status;
}

Deno.test("Health.Check knows the server as a whole and each service, and NOT_FOUND for the rest", () => {
  const { implementation, set } = createHealthTable(["a.B"]);
  assert.equal(check(implementation, ""), SERVING);
  assert.equal(check(implementation, "a.B"), SERVING);
  for (const service of ["a", "a.b", "__proto__", "toString"]) {
    assert.throws(
      () => check(implementation, service),
      (thrown) => thrown instanceof ConnectError && thrown.code === Code.NotFound,
    );
  }
  set("a.B", false);
  assert.equal(check(implementation, "a.B"), NOT_SERVING);
  assert.equal(check(implementation, ""), SERVING);
});

Deno.test("Health.List gives every state", () => {
  const { implementation, set } = createHealthTable(["a.B"]);
  set("", false);
  const answer = implementation.list!({} as never, {} as never) as { statuses: unknown };
  assert.deepEqual(answer.statuses, { "": { status: NOT_SERVING }, "a.B": { status: SERVING } });
});

Deno.test("Health.Watch tells of each change once and ends with its call", async () => {
  const { implementation, set } = createHealthTable([]);
  const controller = new AbortController();
  const call = { signal: controller.signal } as never;
  const stream = implementation.watch!({ service: "x" } as never, call);
  const states = stream[Symbol.asyncIterator]();
  const next = async () => (await states.next()).value?.status;
  assert.equal(await next(), SERVICE_UNKNOWN);
  const first = next();
  set("x", true);
  assert.equal(await first, SERVING);
  const second = next();
  // Neither a change of another service nor one to the same state is told.
  set("y", false);
  set("x", true);
  await Promise.resolve();
  set("x", false);
  assert.equal(await second, NOT_SERVING);
  const last = states.next();
  controller.abort();
  assert.equal((await last).done, true);
});

const REFLECTION = createReflection([IstioCertificateService, Health]);

function ask(question: ReflectionQuestion) {
  return REFLECTION(question);
}

Deno.test("Reflection lists the services, sorted", () => {
  assert.deepEqual(ask({ case: "listServices", value: "" }), {
    case: "listServicesResponse",
    value: {
      service: [{ name: "grpc.health.v1.Health" }, {
        name: "istio.v1.auth.IstioCertificateService",
      }],
    },
  });
});

Deno.test("Reflection finds files by every kind of symbol, with all that they import", async (t) => {
  const symbols = [
    "istio.v1.auth.IstioCertificateService",
    "istio.v1.auth.IstioCertificateService.CreateCertificate",
    "istio.v1.auth.IstioCertificateRequest",
    "istio.v1.auth.IstioCertificateRequest.csr",
  ];
  for (const symbol of symbols) {
    await t.step(symbol, () => {
      const answer = ask({ case: "fileContainingSymbol", value: symbol });
      assert.equal(answer.case, "fileDescriptorResponse");
      const files = (answer.value as { fileDescriptorProto: Uint8Array[] }).fileDescriptorProto
        .map((bytes) => fromBinary(FileDescriptorProtoSchema, bytes));
      assert.equal(files[0]?.package, "istio.v1.auth");
      const names = files.map(({ name }) => name);
      for (const { dependency } of files) {
        for (const each of dependency) assert.ok(names.includes(each), each);
      }
      // The same file by its name.
      assert.deepEqual(ask({ case: "fileByFilename", value: files[0]!.name }), answer);
    });
  }
});

Deno.test("Reflection answers questions about what is not there in its own way", async (t) => {
  const rows: Readonly<Record<string, readonly [ReflectionQuestion, number]>> = {
    "an unknown symbol": [{ case: "fileContainingSymbol", value: "a.B" }, Code.NotFound],
    "an unknown member": [
      { case: "fileContainingSymbol", value: "istio.v1.auth.IstioCertificateService.No" },
      Code.NotFound,
    ],
    "an empty symbol": [{ case: "fileContainingSymbol", value: "" }, Code.NotFound],
    "a prototype's name": [{ case: "fileContainingSymbol", value: "__proto__" }, Code.NotFound],
    "an unknown file": [{ case: "fileByFilename", value: "../../etc/passwd" }, Code.NotFound],
    "extensions of an unknown type": [
      { case: "allExtensionNumbersOfType", value: "a.B" },
      Code.NotFound,
    ],
    "an extension": [
      {
        case: "fileContainingExtension",
        value: { containingType: "a.B", extensionNumber: 1 } as never,
      },
      Code.NotFound,
    ],
    "nothing": [{ case: undefined, value: undefined } as never, Code.InvalidArgument],
  };
  for (const [name, [question, code]] of Object.entries(rows)) {
    await t.step(name, () => {
      const answer = ask(question);
      assert.equal(answer.case, "errorResponse");
      assert.equal((answer.value as { errorCode: number }).errorCode, code);
    });
  }
  await t.step("extensions of a known type: none", () => {
    assert.deepEqual(
      ask({ case: "allExtensionNumbersOfType", value: "istio.v1.auth.IstioCertificateRequest" })
        .value,
      { baseTypeName: "istio.v1.auth.IstioCertificateRequest", extensionNumber: [] },
    );
  });
});

Deno.test("runCa() serves, follows the store, survives a bad set, and shows the root's end as it is now", async () => {
  const START = Date.UTC(2026, 0, 1);
  const clock = createFakeClock(START);
  const store = memoryCaStore(await mintSet({ nowMs: START, ttlMs: 86_400_000 }));
  const { ca, logger, records } = await createTestCa({ clock, store });
  using _ca = ca;
  const metrics = createMetrics();
  let served = 0;
  const grpc = { serve: () => void served++ } as never;
  await using _run = runCa(ca, {
    clock,
    logger,
    metrics,
    grpc,
    xds: undefined as never,
    authenticators: [],
    limits: { perIdentity: undefined, perAddress: undefined, maxWaiting: 1 },
  });
  assert.equal(served, 1);
  const gauge = (name: string) =>
    metrics.snapshot().find((family) => family.name === name)?.samples[0]?.value;
  assert.equal(gauge("citadel_server_root_cert_expiry_timestamp"), START / 1000 + 86_400);
  assert.equal(gauge("citadel_server_root_cert_expiry_seconds"), 86_400);
  const until = async (happened: () => boolean) => {
    for (let turn = 0; turn < 20_000 && !happened(); turn++) await clock.advance(0);
    assert.ok(happened());
  };
  const events = () => records.map(({ event }) => event);

  await store.save({ ...await mintSet({ nowMs: START }), caKeyPem: "" });
  await clock.advance(1000);
  await until(() => events().includes("ca.reload_failed"));
  assert.equal(ca.bundle.generation, 1);

  await store.save(await mintSet({ nowMs: START, ttlMs: 2 * 86_400_000 }));
  await clock.advance(1000);
  await until(() => events().includes("ca.reloaded"));
  assert.equal(ca.bundle.generation, 2);
  assert.equal(gauge("citadel_server_root_cert_expiry_timestamp"), START / 1000 + 2 * 86_400);
  clock.jump(3 * 86_400_000);
  assert.ok(Number(gauge("citadel_server_root_cert_expiry_seconds")) < 0);
});
