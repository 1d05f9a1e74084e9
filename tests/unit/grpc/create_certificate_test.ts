/** One table of requests over the three ways to CreateCertificate: the fast path, Connect's gRPC handler, Connect's JSON. */
import assert from "node:assert/strict";
import { gunzipSync, gzipSync } from "node:zlib";

import { create, fromBinary, type JsonObject, toBinary, toJsonString } from "@bufbuild/protobuf";
import { Code } from "@connectrpc/connect";
import { codeFromString } from "@connectrpc/connect/protocol-connect";
import { clientCertificateAuthenticator } from "signet/authn/mod.ts";
import { concatBytes, systemClock } from "signet/base/mod.ts";
import type { HeaderField } from "signet/http2/mod.ts";
import { createMetrics } from "signet/telemetry/mod.ts";
import type { ClientCertificate } from "signet/tls/mod.ts";
import { decodeCertificate, decodePem } from "signet/x509/mod.ts";
import { createGrpcHandler, type GrpcHandler } from "../../../lib/grpc/handler.ts";
import { createCertificateService } from "../../../lib/grpc/services/ca.ts";
import {
  IstioCertificateRequestSchema,
  IstioCertificateResponseSchema,
} from "../../../proto/gen/istio/v1/auth/ca_pb.ts";
import { type Answer, call } from "../../support/grpc_stream.ts";
import { createTestAdmission } from "../../support/admission.ts";
import { createTestCa } from "../../support/test_ca.ts";
import { readVector } from "../../support/x509_vectors.ts";

const PATH = "/istio.v1.auth.IstioCertificateService/CreateCertificate";
const IDENTITY = "spiffe://cluster.local/ns/default/sa/demo";
const PEER: ClientCertificate = { identities: [IDENTITY], otherNames: [], notAfterMs: Infinity };
const MAX_MESSAGE_BYTES = 4 << 20;
const CSR = readVector("csr/good/p256_sha256.pem");

/** A field that the schema does not know: the fast path leaves such a message to Connect's handler. */
const UNKNOWN_FIELD = Uint8Array.of(0x78, 0x01);

/** How a call ended, the same for all protocols. */
interface Outcome {
  readonly code: number;
  readonly message: string;
  readonly certChain: readonly string[];
}

interface Port {
  readonly handler: GrpcHandler;
  readonly metrics: ReturnType<typeof createMetrics>;
  readonly rootCertsPem: string;
}

async function openPort(): Promise<Port & Disposable> {
  const { ca, logger } = await createTestCa();
  const metrics = createMetrics();
  const host = { clock: systemClock(), logger, metrics };
  const authenticators = [clientCertificateAuthenticator()];
  const createCertificate = createCertificateService({
    ca,
    authenticators,
    admission: createTestAdmission(host),
    ...host,
  });
  const handler = createGrpcHandler({ maxMessageBytes: MAX_MESSAGE_BYTES }, host, {
    createCertificate,
    secure: true,
  });
  const rootCertsPem = ca.bundle.rootCertsPem;
  return { handler, metrics, rootCertsPem, [Symbol.dispose]: () => ca[Symbol.dispose]() };
}

function frame(message: Uint8Array, flag = 0, length = message.length): Uint8Array {
  const prefix = new Uint8Array(5);
  prefix[0] = flag;
  new DataView(prefix.buffer).setUint32(1, length);
  return concatBytes([prefix, message]);
}

interface Call {
  readonly peer?: ClientCertificate | undefined;
  readonly headers?: readonly HeaderField[];
}

function send(
  port: Port,
  type: string,
  body: readonly Uint8Array[],
  options: Call = {},
): Promise<Answer> {
  const given = options.headers ?? [];
  const usual: HeaderField[] = [
    [":method", "POST"],
    [":scheme", "https"],
    [":path", PATH],
    [":authority", "localhost:15012"],
    ["content-type", type],
    ["te", "trailers"],
  ];
  const names = new Set(given.map(([name]) => name));
  const headers = [...usual.filter(([name]) => !names.has(name)), ...given];
  const peer = "peer" in options ? options.peer : PEER;
  return call((stream) => port.handler.handle(stream), { headers, body, peer });
}

async function grpc(port: Port, body: readonly Uint8Array[], options?: Call): Promise<Outcome> {
  const { status, fields, body: answer } = await send(port, "application/grpc", body, options);
  assert.equal(status, 200);
  const code = Number(fields.get("grpc-status"));
  const message = decodeURIComponent(fields.get("grpc-message") ?? "");
  if (code !== 0) return { code, message, certChain: [] };
  const length = new DataView(answer.buffer, answer.byteOffset).getUint32(1);
  assert.equal(answer.length, 5 + length, "one message");
  // A client that compressed its request gets a compressed answer.
  const isGzip = fields.get("grpc-encoding") === "gzip";
  assert.equal(answer[0], isGzip ? 1 : 0);
  const bytes = isGzip ? gunzipSync(answer.subarray(5)) : answer.subarray(5);
  return {
    code,
    message,
    certChain: fromBinary(IstioCertificateResponseSchema, bytes).certChain,
  };
}

async function json(port: Port, text: string, options?: Call): Promise<Outcome> {
  const answer = await send(port, "application/json", [new TextEncoder().encode(text)], options);
  const said = JSON.parse(new TextDecoder().decode(answer.body)) as Record<string, unknown>;
  if (answer.status === 200) {
    return { code: 0, message: "", certChain: said["certChain"] as string[] };
  }
  const code = codeFromString(String(said["code"]) as "unknown") ?? Code.Unknown;
  return { code, message: String(said["message"]), certChain: [] };
}

interface Row extends Call {
  readonly csr?: string;
  readonly validity?: bigint;
  readonly metadata?: JsonObject;
  readonly code: Code | 0;
  readonly message?: RegExp;
}

const badSignature = () => {
  const der = decodePem(CSR)[0]!.der.slice();
  der[der.length - 3]! ^= 1;
  return `-----BEGIN CERTIFICATE REQUEST-----\n${der.toBase64()}\n-----END CERTIFICATE REQUEST-----\n`;
};
const REFUSED = { code: Code.InvalidArgument, message: /^CSR signing error \(/ } as const;
const UNKNOWN_CALLER = {
  code: Code.Unauthenticated,
  message: /^request authenticate failure$/,
} as const;

const ROWS: Readonly<Record<string, Row>> = {
  "a good CSR": { code: 0 },
  "a good CSR with CR LF": { csr: CSR.replaceAll("\n", "\r\n"), code: 0 },
  "a lifetime of an hour": { validity: 3_600n, code: 0 },
  "a negative lifetime": { validity: -1n, code: 0 },
  "the smallest lifetime": { validity: -(2n ** 63n), code: 0 },
  "a lifetime above the maximum": { validity: 2_160n * 3_600n + 1n, ...REFUSED },
  "the largest lifetime": { validity: 2n ** 63n - 1n, ...REFUSED },
  "metadata as agents send it": {
    metadata: { CertSigner: "", ClusterID: "Kubernetes", WorkloadName: "a" },
    code: 0,
  },
  "metadata of every kind": { metadata: { a: 1, b: null, c: [true], d: { e: "f" } }, code: 0 },
  "impersonation": {
    metadata: { ImpersonatedIdentity: "spiffe://cluster.local/ns/a/sa/b" },
    code: Code.Unauthenticated,
    message: /^request impersonation authentication failure$/,
  },
  "no CSR": { csr: "", ...REFUSED },
  "text that is no PEM": { csr: "junk", ...REFUSED },
  "text with NUL and umlauts": { csr: "\0ÄÖ\u2028", ...REFUSED },
  "a certificate instead of a CSR": { csr: readVector("chain/leaf_p384.pem"), ...REFUSED },
  "a wrong signature": { csr: badSignature(), ...REFUSED },
  "a key of P-224": { csr: readVector("csr/bad/p224.pem"), ...REFUSED },
  "a CSR of a megabyte": { csr: "A".repeat(1 << 20), ...REFUSED },
  "no client certificate": { peer: undefined, ...UNKNOWN_CALLER },
  "a client certificate without names": { peer: { ...PEER, identities: [] }, ...UNKNOWN_CALLER },
  "a client certificate with an e-mail address": {
    peer: { ...PEER, otherNames: ["email"] },
    ...UNKNOWN_CALLER,
  },
  "more metadata than needed": {
    headers: [["x-b3-traceid", "1"], ["authorization", "Bearer a.b.c"]],
    code: 0,
  },
};

Deno.test("CreateCertificate ends alike over the fast path, Connect's handler and Connect's JSON", async (t) => {
  using port = await openPort();
  for (const [name, row] of Object.entries(ROWS)) {
    await t.step(name, async () => {
      const request = create(IstioCertificateRequestSchema, {
        csr: row.csr ?? CSR,
        validityDuration: row.validity ?? 0n,
        ...(row.metadata ? { metadata: row.metadata } : {}),
      });
      const bytes = toBinary(IstioCertificateRequestSchema, request);
      const outcomes = {
        fast: await grpc(port, [frame(bytes)], row),
        handler: await grpc(port, [frame(concatBytes([bytes, UNKNOWN_FIELD]))], row),
        json: await json(port, toJsonString(IstioCertificateRequestSchema, request), row),
      };
      for (const [way, outcome] of Object.entries(outcomes)) {
        assert.equal(Code[outcome.code], Code[row.code], `${way}: ${outcome.message}`);
        assert.match(outcome.message, row.message ?? /^$/, way);
        if (row.code !== 0) {
          assert.equal(outcome.message, outcomes.fast.message, way);
          continue;
        }
        assert.equal(outcome.certChain.length, 2, way);
        assert.equal(outcome.certChain[1], port.rootCertsPem, way);
        const [leaf] = decodePem(outcome.certChain[0] ?? "");
        assert.ok(new TextDecoder("latin1").decode(leaf?.der).includes(IDENTITY), way);
        assert.ok(decodeCertificate(leaf!.der).serialNumber, way);
      }
    });
  }
});

const GOOD = toBinary(
  IstioCertificateRequestSchema,
  create(IstioCertificateRequestSchema, { csr: CSR }),
);
const GZIP: readonly HeaderField[] = [["grpc-encoding", "gzip"]];
const cut = (bytes: Uint8Array, at: number) => [bytes.slice(0, at), bytes.slice(at)];

/** Bodies that are not one plain message; the second member is what each must end with. */
const FRAMINGS: Readonly<Record<string, readonly [Code | 0, readonly Uint8Array[], Call?]>> = {
  "one message in pieces": [0, cut(frame(GOOD), 3)],
  "gzip": [0, [frame(gzipSync(GOOD), 1)], { headers: GZIP }],
  "gzip announced, a message without": [0, [frame(GOOD)], { headers: GZIP }],
  "encoding identity": [0, [frame(GOOD)], { headers: [["grpc-encoding", "identity"]] }],
  "content-type with +proto": [0, [frame(GOOD)], {
    headers: [["content-type", "application/grpc+proto"]],
  }],
  "a deadline of an hour": [0, [frame(GOOD)], { headers: [["grpc-timeout", "1H"]] }],
  "the longest deadline": [0, [frame(GOOD)], { headers: [["grpc-timeout", "99999999H"]] }],
  "a deadline that is over": [Code.DeadlineExceeded, [frame(GOOD)], {
    headers: [["grpc-timeout", "1n"]],
  }],
  "a deadline that is none": [Code.InvalidArgument, [frame(GOOD)], {
    headers: [["grpc-timeout", "1h"]],
  }],
  "a deadline of nine digits": [Code.InvalidArgument, [frame(GOOD)], {
    headers: [["grpc-timeout", "123456789S"]],
  }],
  "nothing": [Code.Unimplemented, []],
  "two messages": [Code.Unimplemented, [frame(GOOD), frame(GOOD)]],
  "half a prefix": [Code.InvalidArgument, [frame(GOOD).slice(0, 3)]],
  "half a message": [Code.InvalidArgument, [frame(GOOD).slice(0, 100)]],
  "a message and half a prefix": [Code.InvalidArgument, [frame(GOOD), Uint8Array.of(0, 0)]],
  "a length above 4 MiB": [Code.ResourceExhausted, [frame(GOOD, 0, MAX_MESSAGE_BYTES + 1)]],
  "a length of 2^32 - 1": [Code.ResourceExhausted, [frame(GOOD, 0, 0xffffffff)]],
  "compressed without an encoding": [Code.Internal, [frame(GOOD, 1)]],
  "compressed by what signet does not speak": [
    Code.Unimplemented,
    [frame(GOOD, 1)],
    { headers: [["grpc-encoding", "snappy"]] },
  ],
  "gzip that is none": [Code.InvalidArgument, [frame(GOOD, 1)], { headers: GZIP }],
  "a gzip bomb": [Code.ResourceExhausted, [frame(gzipSync(new Uint8Array(64 << 20)), 1)], {
    headers: GZIP,
  }],
  // A message that does not parse is Internal, as grpc-go says.
  "junk that is no protobuf": [Code.Internal, [frame(Uint8Array.of(0xff, 0xff, 0xff))]],
  "a field number of 0": [Code.Internal, [frame(Uint8Array.of(0x00, 0x01))]],
  "a length beyond the message": [Code.Internal, [frame(Uint8Array.of(0x0a, 0x7f, 0x61))]],
  "a CSR that is no UTF-8": [Code.Internal, [frame(Uint8Array.of(0x0a, 0x02, 0xc3, 0x28))]],
  "a varint without end": [Code.Internal, [frame(new Uint8Array(12).fill(0x98))]],
  "fields twice: the last wins": [0, [frame(concatBytes([Uint8Array.of(0x0a, 1, 0x61), GOOD]))]],
};

Deno.test("CreateCertificate takes one message, framed and encoded as gRPC says", async (t) => {
  using port = await openPort();
  for (const [name, [code, body, options]] of Object.entries(FRAMINGS)) {
    await t.step(name, async () => {
      const outcome = await grpc(port, body, options);
      assert.equal(Code[outcome.code], Code[code], outcome.message);
      assert.equal(outcome.certChain.length, code === 0 ? 2 : 0);
    });
  }
});

Deno.test("CreateCertificate is refused by HTTP's own means when it is no call", async (t) => {
  using port = await openPort();
  const rows: Readonly<Record<string, readonly [number, readonly HeaderField[]]>> = {
    "GET": [405, [[":method", "GET"]]],
    "text": [415, [["content-type", "text/plain"]]],
    "an unknown method, not gRPC": [404, [[":path", "/x"], ["content-type", "application/json"]]],
  };
  for (const [name, [status, headers]] of Object.entries(rows)) {
    await t.step(name, async () => {
      assert.equal(
        (await send(port, "application/grpc", [frame(GOOD)], { headers })).status,
        status,
      );
    });
  }
  await t.step("an unknown method over gRPC is UNIMPLEMENTED", async () => {
    const outcome = await grpc(port, [frame(GOOD)], { headers: [[":path", "/x%20ä"]] });
    assert.equal(outcome.code, Code.Unimplemented);
  });
});

Deno.test("CreateCertificate counts the same on the fast path and in Connect's handler", async () => {
  using port = await openPort();
  await grpc(port, [frame(GOOD)]);
  await grpc(port, [frame(concatBytes([GOOD, UNKNOWN_FIELD]))]);
  await grpc(port, [frame(GOOD)], { peer: undefined });
  await grpc(port, [frame(concatBytes([GOOD, UNKNOWN_FIELD]))], { peer: undefined });
  const { body } = await port.metrics.expose();
  const count = (
    name: string,
  ) => [...body.matchAll(new RegExp(`^${name}(?:\\{[^}]*\\})? (\\d+)`, "gm"))];
  assert.deepEqual(count("citadel_server_csr_count").map(([, n]) => n), ["4"]);
  assert.deepEqual(count("citadel_server_success_cert_issuance_count").map(([, n]) => n), ["2"]);
  assert.deepEqual(count("citadel_server_authentication_failure_count").map(([, n]) => n), ["2"]);
  const handled = [...body.matchAll(/^grpc_server_handled_total\{([^}]*)\} (\d+)/gm)]
    .filter(([, labels]) => labels?.includes("CreateCertificate"))
    .map(([, labels, n]) => `${/grpc_code="([^"]*)"/.exec(labels ?? "")?.[1]} ${n}`);
  assert.deepEqual(handled.sort(), ["OK 2", "Unauthenticated 2"]);
});
