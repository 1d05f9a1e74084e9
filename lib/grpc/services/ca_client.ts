/**
 * The client's side of `istio.v1.auth.IstioCertificateService`: one call over our own HTTP/2, as Istio's agents make it.
 *
 * Framing as the gRPC over HTTP/2 protocol: a message has five octets before it, the status is in the trailers, or in the headers when
 * there is nothing else.
 */
import { create, fromBinary, toBinary } from "@bufbuild/protobuf";
import { Code } from "@connectrpc/connect";
import { isSignetError, messageOf, quote, SignetError } from "../../base/mod.ts";
import type { HeaderBlock } from "../../http2/mod.ts";
import type { Http2Client, Http2ClientResponse } from "../../transport/mod.ts";
import {
  IstioCertificateRequestSchema,
  IstioCertificateResponseSchema,
} from "../../../proto/gen/istio/v1/auth/ca_pb.ts";

/** What to ask for. */
export interface CertificateRequest {
  /** The CSR, PEM. */
  readonly csrPem: string;
  /** Lifetime in seconds; 0 asks for the server's default. */
  readonly validitySeconds: bigint;
  /** The server's `host:port`, for the `:authority` header. */
  readonly authority: string;
  /** A token to ask with. Default: none. */
  readonly bearerToken?: string;
}

/** What came back. */
export interface CertificateResponse {
  /** Leaf and intermediates, each as PEM. */
  readonly chainPems: readonly string[];
  /** The mesh's roots, PEM. */
  readonly rootsPem: string;
}

const PATH = "/istio.v1.auth.IstioCertificateService/CreateCertificate";
const PREFIX_BYTES = 5;

/**
 * Asks for a certificate.
 *
 * @throws {SignetError} `commands.failed` with the server's status; `http2.stream_error`, `transport.closed`.
 */
export async function requestCertificate(
  client: Http2Client,
  request: CertificateRequest,
): Promise<CertificateResponse> {
  const message = toBinary(
    IstioCertificateRequestSchema,
    create(IstioCertificateRequestSchema, {
      csr: request.csrPem,
      validityDuration: request.validitySeconds,
    }),
  );
  const response = await client.request([
    [":method", "POST"],
    [":scheme", "https"],
    [":path", PATH],
    [":authority", request.authority],
    ["content-type", "application/grpc"],
    ["te", "trailers"],
    ["user-agent", "signet"],
    ...(request.bearerToken === undefined
      ? []
      : [["authorization", `Bearer ${request.bearerToken}`] as const]),
  ], framed(message));
  checkStatus(response, request.authority);
  return decodeAnswer(response.body);
}

function framed(message: Uint8Array): Uint8Array {
  const body = new Uint8Array(PREFIX_BYTES + message.length);
  new DataView(body.buffer).setUint32(1, message.length);
  body.set(message, PREFIX_BYTES);
  return body;
}

/** Servers keep to themselves why they refuse a caller, so that whoever asks is told where it stands. */
const UNAUTHENTICATED_HINT =
  "the log of that server says why, and so does signet explain on its machine";

function checkStatus({ headers, trailers }: Http2ClientResponse, where: string): void {
  const http = headers.get(":status");
  const type = headers.get("content-type") ?? "";
  if (http !== "200" || !type.startsWith("application/grpc")) {
    throw failed(
      `the server answered HTTP ${http} with content-type ${quote(type)}: it is no gRPC server`,
    );
  }
  const status = (trailers ?? headers).get("grpc-status");
  if (status === "0") return;
  const name = codeName(status);
  const hint = name === Code[Code.Unauthenticated] ? `; ${UNAUTHENTICATED_HINT}` : "";
  throw failed(`${where} answered ${name}: ${quote(statusMessage(trailers ?? headers))}${hint}`);
}

function codeName(status: string | undefined): string {
  return Code[Number(status)] ?? `status ${status ?? "missing"}`;
}

function statusMessage(block: HeaderBlock): string {
  const text = block.get("grpc-message") ?? "";
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

function decodeAnswer(body: Uint8Array): CertificateResponse {
  const bytes = body.subarray(PREFIX_BYTES);
  const announced = body.length < PREFIX_BYTES
    ? -1
    : new DataView(body.buffer, body.byteOffset).getUint32(1);
  if (body[0] !== 0 || announced !== bytes.length) {
    throw failed("the answer is not one uncompressed gRPC message");
  }
  const { certChain } = decodeMessage(bytes);
  const rootsPem = certChain.at(-1);
  if (rootsPem === undefined || certChain.length < 2) {
    throw failed("the answer holds no certificate with its roots");
  }
  return { chainPems: certChain.slice(0, -1), rootsPem };
}

function decodeMessage(bytes: Uint8Array) {
  try {
    return fromBinary(IstioCertificateResponseSchema, bytes);
  } catch (thrown) {
    if (isSignetError(thrown)) throw thrown;
    throw failed(`the answer cannot be decoded: ${messageOf(thrown)}`);
  }
}

function failed(what: string): SignetError {
  return new SignetError("commands.failed", `Cannot get certificate: ${what}`);
}
