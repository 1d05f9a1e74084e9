/** Discovery on a port: messages in and out of the xDS server, the statuses of its refusals, and a stream that is given up. */
import assert from "node:assert/strict";
import { create, fromBinary, toBinary } from "@bufbuild/protobuf";
import { Code } from "@connectrpc/connect";
import { systemClock, utf8 } from "signet/base/mod.ts";
import type { Credentials } from "signet/authn/mod.ts";
import { createMetrics } from "signet/telemetry/mod.ts";
import type { StreamOutput, XdsResponse, XdsServer } from "signet/xds/mod.ts";
import { createGrpcHandler } from "../../../lib/grpc/handler.ts";
import {
  DeltaDiscoveryRequestSchema,
  DeltaDiscoveryResponseSchema,
  DiscoveryRequestSchema,
  DiscoveryResponseSchema,
} from "../../../proto/gen/envoy/service/discovery/v3/discovery_pb.ts";
import { type Answer, call } from "../../support/grpc_stream.ts";
import { recordLogs } from "../../support/log_records.ts";

const SERVICE = "/envoy.service.discovery.v3.AggregatedDiscoveryService";
const PEER = { identities: ["spiffe://td/ns/n/sa/s"], otherNames: [], notAfterMs: Infinity };
const RESPONSE: XdsResponse = {
  typeUrl: "type.googleapis.com/x",
  version: "now/1",
  nonce: "now/1-a",
  resources: [{ name: "one", bytes: utf8("first") }, { name: "two", bytes: utf8("second") }],
  removed: ["gone"],
};

interface Heard {
  readonly requests: unknown[];
  credentials: Credentials | undefined;
}

/** Gives each of `outputs` for a request, and keeps what it heard. */
function server(outputs: readonly (StreamOutput | "abandon")[], heard: Heard): XdsServer {
  const serve = async function* (
    requests: AsyncIterable<unknown>,
    stream: Parameters<XdsServer["sotw"]>[1],
  ): AsyncGenerator<StreamOutput> {
    heard.credentials = stream.credentials;
    for await (const request of requests) {
      heard.requests.push(request);
      for (const output of outputs) {
        if (output === "abandon") stream.abandon();
        else yield output;
      }
    }
  };
  return {
    sotw: serve,
    delta: serve,
    streams: () => [],
    [Symbol.asyncDispose]: () => Promise.resolve(),
  };
}

function framed(message: Uint8Array): Uint8Array {
  const frame = new Uint8Array(5 + message.length);
  new DataView(frame.buffer).setUint32(1, message.length);
  frame.set(message, 5);
  return frame;
}

async function ask(
  method: string,
  messages: readonly Uint8Array[],
  outputs: readonly (StreamOutput | "abandon")[],
): Promise<{ readonly answer: Answer; readonly heard: Heard }> {
  const heard: Heard = { requests: [], credentials: undefined };
  const handler = createGrpcHandler({ maxMessageBytes: 1 << 20 }, {
    clock: systemClock(),
    logger: recordLogs().logger,
    metrics: createMetrics(),
  }, { createCertificate: undefined, xds: server(outputs, heard), secure: true });
  const answer = await call((stream) => handler.handle(stream), {
    headers: [
      [":method", "POST"],
      [":scheme", "https"],
      [":path", `${SERVICE}/${method}`],
      [":authority", "localhost"],
      ["content-type", "application/grpc"],
      ["te", "trailers"],
    ],
    body: messages.map(framed),
    peer: PEER,
  });
  return { answer, heard };
}

const NODE = { id: "sidecar~10.0.0.1~a.b~c", metadata: { NAMESPACE: "b", PORT: 15021 } };

Deno.test("The delta RPC turns messages into plain data and back", async () => {
  const first = create(DeltaDiscoveryRequestSchema, {
    node: NODE,
    typeUrl: "t",
    resourceNamesSubscribe: ["a"],
    resourceNamesUnsubscribe: ["b"],
    initialResourceVersions: { c: "1" },
  });
  const second = create(DeltaDiscoveryRequestSchema, {
    node: NODE,
    responseNonce: "n",
    errorDetail: { code: 3, message: "no" },
  });
  const bytes = [first, second].map((each) => toBinary(DeltaDiscoveryRequestSchema, each));
  const { answer, heard } = await ask("DeltaAggregatedResources", bytes, [{ response: RESPONSE }]);
  assert.equal(answer.fields.get("grpc-status"), "0");
  assert.deepEqual(heard.credentials?.peer, PEER);
  const plain = { typeUrl: "t", subscribe: ["a"], unsubscribe: ["b"], initial: ["c"] };
  const [one, two] = heard.requests as [Record<string, unknown>, Record<string, unknown>];
  assert.ok(Number(one["nodeBytes"]) > 30);
  const { nodeBytes: _, ...rest } = one;
  assert.deepEqual(rest, { ...plain, responseNonce: "", error: undefined, node: NODE });
  assert.equal(two["node"], undefined, "of the nodes the first counts");
  assert.equal(two["error"], "no");
  const length = new DataView(answer.body.buffer).getUint32(1);
  const sent = fromBinary(DeltaDiscoveryResponseSchema, answer.body.subarray(5, 5 + length));
  assert.deepEqual(
    [sent.typeUrl, sent.systemVersionInfo, sent.nonce],
    [RESPONSE.typeUrl, "now/1", "now/1-a"],
  );
  assert.deepEqual(
    sent.resources.map(({ name, version, resource }) => [
      name,
      version,
      resource?.typeUrl,
      new TextDecoder().decode(resource?.value),
    ]),
    [["one", "", RESPONSE.typeUrl, "first"], ["two", "", RESPONSE.typeUrl, "second"]],
  );
  assert.deepEqual(sent.removedResources, ["gone"]);
});

Deno.test("The state-of-the-world RPC turns messages into plain data and back", async () => {
  const message = create(DiscoveryRequestSchema, {
    typeUrl: "t",
    resourceNames: ["a", "b"],
    responseNonce: "n",
    versionInfo: "v",
  });
  const bytes = [toBinary(DiscoveryRequestSchema, message)];
  const { answer, heard } = await ask("StreamAggregatedResources", bytes, [{ response: RESPONSE }]);
  assert.deepEqual(heard.requests, [{
    ...{ typeUrl: "t", names: ["a", "b"], responseNonce: "n", error: undefined },
    ...{ node: undefined, nodeBytes: 0 },
  }]);
  const sent = fromBinary(DiscoveryResponseSchema, answer.body.subarray(5));
  assert.deepEqual(
    [sent.typeUrl, sent.versionInfo, sent.nonce, sent.resources.map(({ typeUrl }) => typeUrl)],
    [RESPONSE.typeUrl, "now/1", "now/1-a", [RESPONSE.typeUrl, RESPONSE.typeUrl]],
  );
});

Deno.test("The end of a stream is a status with the server's text", async (t) => {
  const rows = {
    unauthenticated: Code.Unauthenticated,
    invalid_argument: Code.InvalidArgument,
    permission_denied: Code.PermissionDenied,
    resource_exhausted: Code.ResourceExhausted,
    deadline_exceeded: Code.DeadlineExceeded,
  } as const;
  const message = toBinary(DiscoveryRequestSchema, create(DiscoveryRequestSchema, {}));
  for (const [status, code] of Object.entries(rows)) {
    await t.step(status, async () => {
      const end = { status: status as keyof typeof rows, text: "why, and what: now" };
      const { answer } = await ask("StreamAggregatedResources", [message], [{ end }]);
      assert.equal(answer.fields.get("grpc-status"), String(code));
      assert.equal(decodeURIComponent(answer.fields.get("grpc-message") ?? ""), end.text);
    });
  }
});

Deno.test("A large response goes out in pieces, whole and in order", async () => {
  const bytes = Uint8Array.from({ length: 300_000 }, (_, at) => at % 251);
  const response = { ...RESPONSE, resources: [{ name: "large", bytes }], removed: [] };
  const message = toBinary(DiscoveryRequestSchema, create(DiscoveryRequestSchema, {}));
  const { answer } = await ask("StreamAggregatedResources", [message], [{ response }]);
  const sent = fromBinary(DiscoveryResponseSchema, answer.body.subarray(5));
  assert.deepEqual(sent.resources[0]?.value, bytes);
  assert.equal(answer.largestWrite, 65_536);
});

/** A request whose node's metadata is a list in a list, and so on. */
function nestedNode(depth: number): Uint8Array {
  const headers: number[][] = [];
  let length = 0;
  const wrap = (tag: number) => {
    const header = [tag];
    let rest = length;
    for (; rest > 127; rest >>>= 7) header.push(rest & 127 | 128);
    header.push(rest);
    headers.push(header);
    length += header.length;
  };
  for (let level = 0; level < depth; level++) {
    wrap(0x0a); // ListValue.values
    wrap(0x32); // Value.list_value
  }
  // DiscoveryRequest.node, Node.metadata, Struct.fields, value of the entry, from the inside.
  for (const tag of [0x12, 0x0a, 0x1a, 0x12]) wrap(tag);
  return Uint8Array.from(headers.reverse().flat());
}

Deno.test("A node whose metadata is nested deep ends the call with a status, and nothing else", async () => {
  const { answer, heard } = await ask("StreamAggregatedResources", [nestedNode(100_000)], []);
  // What gRPC calls a message that does not parse.
  assert.equal(answer.fields.get("grpc-status"), String(Code.Internal));
  assert.match(decodeURIComponent(answer.fields.get("grpc-message")!), /^parse binary: /);
  assert.deepEqual(heard.requests, []);
  const usual = await ask("StreamAggregatedResources", [nestedNode(10)], []);
  assert.equal(usual.answer.fields.get("grpc-status"), "0");
  assert.equal(usual.heard.requests.length, 1);
});

Deno.test("A stream that the server gives up is reset", async () => {
  const message = toBinary(DiscoveryRequestSchema, create(DiscoveryRequestSchema, {}));
  await assert.rejects(
    ask("StreamAggregatedResources", [message], [{ response: RESPONSE }, "abandon"]),
    /was reset with 8/,
  );
});

Deno.test("Discovery is unimplemented on a port without it", async () => {
  const handler = createGrpcHandler({ maxMessageBytes: 1 << 20 }, {
    clock: systemClock(),
    logger: recordLogs().logger,
    metrics: createMetrics(),
  }, { createCertificate: undefined, secure: false });
  const answer = await call((stream) => handler.handle(stream), {
    headers: [
      [":method", "POST"],
      [":path", `${SERVICE}/DeltaAggregatedResources`],
      ["content-type", "application/grpc"],
    ],
    body: [],
    peer: undefined,
  });
  assert.equal(answer.fields.get("grpc-status"), String(Code.Unimplemented));
});
