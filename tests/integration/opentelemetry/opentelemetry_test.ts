import assert from "node:assert/strict";

import {
  caclient,
  type Issued,
  issueIdentity,
  type Load,
  tlsFlags,
} from "../../support/caclient.ts";
import { testWithPeers } from "../../support/peers.ts";
import { freePort } from "../../support/ports.ts";
import { gather } from "../../support/process.ts";
import { startSignet } from "../../support/server.ts";

interface Attribute {
  readonly key: string;
  readonly value: { readonly stringValue?: string; readonly intValue?: string };
}

interface Span {
  readonly name: string;
  readonly kind: string;
  readonly traceId: string;
  readonly parentSpanId?: string;
  readonly status?: { readonly code?: string };
  readonly attributes: readonly Attribute[];
}

interface Metric {
  readonly name: string;
  readonly unit?: string;
  readonly sum?: {
    readonly isMonotonic: boolean;
    readonly dataPoints: readonly { readonly asDouble: number }[];
  };
  readonly histogram?: {
    readonly dataPoints: readonly {
      readonly count: string;
      readonly bucketCounts: readonly string[];
    }[];
  };
}

interface Taken {
  readonly path: string;
  readonly token: string;
  readonly message: {
    readonly resourceSpans?: readonly {
      readonly resource: { readonly attributes: readonly Attribute[] };
      readonly scopeSpans: readonly { readonly spans: readonly Span[] }[];
    }[];
    readonly resourceMetrics?: readonly {
      readonly scopeMetrics: readonly { readonly metrics: readonly Metric[] }[];
    }[];
  };
}

interface Sink extends AsyncDisposable {
  readonly url: string;
  taken(): readonly Taken[];
  spans(): readonly Span[];
}

const READ_MS = 20;
const PATIENCE_MS = 20_000;
const METHOD = "istio.v1.auth.IstioCertificateService/CreateCertificate";
const TRACE = "0af7651916cd43dd8448eb211c80319c";
const PARENT = "b7ad6b7169203331";

/** Starts the receiver; its first line is where it listens. */
async function startSink(otlpsink: string, args: readonly string[] = []): Promise<Sink> {
  const child = new Deno.Command(otlpsink, {
    args: [...args],
    stdin: "null",
    stdout: "piped",
    stderr: "inherit",
  })
    .spawn();
  const out = gather(child.stdout);
  await until(() => out.text().includes("\n"));
  const lines = () => out.text().split("\n").slice(1, -1);
  const taken = () => lines().map((line) => JSON.parse(line) as Taken);
  return {
    url: `http://${out.text().split("\n")[0]}`,
    taken,
    spans: () =>
      taken().flatMap(({ message }) => message.resourceSpans ?? [])
        .flatMap(({ scopeSpans }) => scopeSpans).flatMap(({ spans }) => spans),
    async [Symbol.asyncDispose]() {
      child.kill("SIGKILL");
      await child.status;
      await out.done;
    },
  };
}

async function until(holds: () => boolean): Promise<void> {
  for (const from = performance.now(); !holds();) {
    assert.ok(performance.now() - from < PATIENCE_MS, "it never came");
    await new Promise((resolve) => setTimeout(resolve, READ_MS));
  }
}

function hex(base64: string | undefined): string {
  return base64 === undefined ? "" : Uint8Array.fromBase64(base64).toHex();
}

function attributesOf(attributes: readonly Attribute[]): Readonly<Record<string, string>> {
  return Object.fromEntries(
    attributes.map(({ key, value }) => [key, value.stringValue ?? value.intValue ?? ""]),
  );
}

function issuer(client: string, flags: readonly string[]) {
  return (more: readonly string[]) => caclient<Issued>(client, ["issue", ...flags, ...more]);
}

testWithPeers(
  "a collector gets a span for each RPC, of the caller's trace, and signet's metrics",
  ["caclient", "otlpsink"],
  async (t, peers) => {
    await using sink = await startSink(peers.otlpsink);
    await using server = await startSignet({
      env: {
        OTEL_EXPORTER_OTLP_ENDPOINT: sink.url,
        OTEL_EXPORTER_OTLP_HEADERS: "x-token=abc",
        OTEL_EXPORTER_OTLP_COMPRESSION: "gzip",
        OTEL_SERVICE_NAME: "my-ca",
        OTEL_RESOURCE_ATTRIBUTES: "deployment.environment.name=test",
        OTEL_METRIC_EXPORT_INTERVAL: "500",
      },
    });
    const issue = issuer(peers.caclient, tlsFlags(server, await issueIdentity(server)));
    const child = (flags: string) => ["-header", `traceparent=00-${TRACE}-${PARENT}-${flags}`];
    await issue(child("01")); // the fast path
    await issue([...child("01"), "-gzip"]); // Connect's handler
    await issue(["-ttl", "2161h"]);
    await issue(child("00")); // the caller's trace is not sampled
    const hostile = [
      "00-00000000000000000000000000000000-b7ad6b7169203331-01",
      `00-${TRACE}-0000000000000000-01`,
      `ff-${TRACE}-${PARENT}-01`,
      `00-${TRACE.toUpperCase()}-${PARENT}-01`,
      "a".repeat(8_000),
    ];
    for (const value of hostile) await issue(["-header", `traceparent=${value}`]);
    await issue([...child("01"), ...child("01")]); // twice is none
    const wanted = 3 + hostile.length + 1;
    await until(() => sink.spans().length >= wanted);

    await t.step("spans", () => {
      const spans = sink.spans();
      assert.equal(spans.length, wanted, "all but the one whose trace is not sampled");
      for (const span of spans) {
        assert.equal(span.name, METHOD);
        assert.equal(span.kind, "SPAN_KIND_SERVER");
        const attributes = attributesOf(span.attributes);
        assert.equal(attributes["rpc.system.name"], "grpc");
        assert.equal(attributes["rpc.method"], METHOD);
        assert.equal(attributes["network.peer.address"], "127.0.0.1");
        assert.ok(Number(attributes["network.peer.port"]) > 0);
      }
      const codes = spans.map(({ attributes }) =>
        attributesOf(attributes)["rpc.response.status_code"]
      );
      assert.equal(codes.filter((code) => code === "OK").length, wanted - 1);
      assert.equal(codes.filter((code) => code === "INVALID_ARGUMENT").length, 1);
      assert.ok(
        spans.every(({ status }) => (status?.code ?? "STATUS_CODE_UNSET") === "STATUS_CODE_UNSET"),
      );
    });

    await t.step("traceparent is honoured, and what is none is ignored", () => {
      const children = sink.spans().filter(({ parentSpanId }) => hex(parentSpanId) !== "");
      assert.equal(children.length, 2);
      for (const { traceId, parentSpanId } of children) {
        assert.deepEqual([hex(traceId), hex(parentSpanId)], [TRACE, PARENT]);
      }
    });

    await t.step("resource and headers", () => {
      const first = sink.taken().find(({ path }) => path === "/v1/traces")!;
      assert.equal(first.token, "abc");
      const resource = attributesOf(first.message.resourceSpans![0]!.resource.attributes);
      assert.equal(resource["service.name"], "my-ca");
      assert.equal(resource["deployment.environment.name"], "test");
      assert.match(resource["service.version"]!, /^\d+\.\d+\.\d+/);
    });

    await t.step("metrics", async () => {
      const metric = (name: string) =>
        sink.taken().flatMap(({ message }) => message.resourceMetrics ?? [])
          .flatMap(({ scopeMetrics }) => scopeMetrics).flatMap(({ metrics }) => metrics)
          .findLast((each) => each.name === name);
      const calls = wanted + 1;
      const count = () => metric("citadel_server_csr_count")?.sum?.dataPoints[0]?.asDouble;
      await until(() => count() === calls);
      assert.equal(metric("citadel_server_csr_count")?.sum?.isMonotonic, true);
      const seconds = metric("signet_issuance_seconds");
      assert.equal(seconds?.unit, "s");
      const point = seconds?.histogram?.dataPoints[0];
      assert.equal(Number(point?.count), calls);
      assert.equal(point?.bucketCounts.reduce((sum, each) => sum + Number(each), 0), calls);
    });
  },
);

testWithPeers(
  "a sampler of no traces exports none, and a stop sends what waits",
  ["caclient", "otlpsink"],
  async (t, peers) => {
    await using sink = await startSink(peers.otlpsink);
    const spansOf = async (env: Readonly<Record<string, string>>) => {
      await using server = await startSignet({
        env: { OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: `${sink.url}/v1/traces`, ...env },
      });
      const before = sink.spans().length;
      await issuer(peers.caclient, tlsFlags(server, await issueIdentity(server)))([]);
      assert.equal(await server.stop(), 0, server.stderr());
      return sink.spans().length - before;
    };
    await t.step("always_on", async () => assert.equal(await spansOf({}), 1));
    await t.step("traceidratio of 0", async () => {
      const env = { OTEL_TRACES_SAMPLER: "traceidratio", OTEL_TRACES_SAMPLER_ARG: "0" };
      assert.equal(await spansOf(env), 0);
    });
    await t.step(
      "OTEL_SDK_DISABLED",
      async () => assert.equal(await spansOf({ OTEL_SDK_DISABLED: "true" }), 0),
    );
  },
);

testWithPeers(
  "a dead collector costs a warning now and then, and no call",
  ["caclient"],
  async (_, peers) => {
    const url = `http://127.0.0.1:${freePort()}`;
    await using server = await startSignet({
      env: { OTEL_EXPORTER_OTLP_ENDPOINT: url, OTEL_METRIC_EXPORT_INTERVAL: "200" },
    });
    const flags = tlsFlags(server, await issueIdentity(server));
    const load = await caclient<Load>(peers.caclient, ["load", ...flags, "-count", "5000"]);
    assert.equal(load.errors, 0, load.example);
    await until(() => server.stdout().includes("event=otel.export_failed"));
    await new Promise((resolve) => setTimeout(resolve, 1_500));
    assert.equal(server.stdout().split("event=otel.export_failed").length - 1, 1);
    assert.equal(await server.stop(), 0, server.stderr());
  },
);
