/**
 * A stream of our HTTP/2 as a request of Connect's universal handlers, and their response back onto the stream.
 *
 * The request body is the stream's own async iterable, so its backpressure reaches flow control; the response body is written no faster
 * than the peer reads. A handler's signal is aborted when the stream is reset, the connection is lost or the server gives up draining.
 */
import { Code } from "@connectrpc/connect";
import type { UniversalHandler, UniversalServerResponse } from "@connectrpc/connect/protocol";
import type { Credentials } from "../authn/mod.ts";
import { concatBytes, utf8 } from "../base/mod.ts";
import { HTTP2_ERROR, type ServerStream } from "../transport/mod.ts";
import { withCredentials } from "./credentials.ts";
import { trailersOnly } from "./trailers_only.ts";

type HeaderList = (readonly [string, string])[];

/** Runs a handler on a stream to the end; never rejects. `onError` hears of what no status could tell the peer. */
export async function runHandler(
  stream: ServerStream<unknown>,
  handler: UniversalHandler,
  options: {
    readonly credentials: Credentials;
    readonly secure: boolean;
    readonly body: AsyncIterable<Uint8Array>;
    readonly onError: (thrown: unknown) => void;
  },
): Promise<void> {
  try {
    const response = await handler({
      httpVersion: "2",
      method: stream.headers.get(":method") ?? "",
      url: requestUrl(stream, options.secure),
      header: toHeaders(stream),
      body: options.body,
      signal: stream.signal,
      contextValues: withCredentials(
        options.credentials,
        () => stream.reset(HTTP2_ERROR.CANCEL),
      ),
    });
    const once = ["unary", "client_streaming"].includes(handler.method.methodKind);
    await sendResponse(stream, response, once);
  } catch (thrown) {
    if (stream.signal.aborted) return;
    options.onError(thrown);
    stream.reset(HTTP2_ERROR.INTERNAL_ERROR);
  }
}

function requestUrl({ headers }: ServerStream<unknown>, secure: boolean): string {
  const authority = headers.get(":authority") ?? headers.get("host") ?? "localhost";
  const path = headers.get(":path") ?? "/";
  const url = `${secure ? "https" : "http"}://${authority}${path}`;
  return URL.canParse(url)
    ? url
    : `http://invalid${path.startsWith("/") && URL.canParse(`http://invalid${path}`) ? path : "/"}`;
}

/** The regular header fields. A value that the platform's Headers refuse (obsolete text bytes) is left out. */
function toHeaders({ headers }: ServerStream<unknown>): Headers {
  const result = new Headers();
  for (const [name, value] of headers) {
    if (name.startsWith(":")) continue;
    try {
      result.append(name, value);
    } catch (thrown) {
      if (!(thrown instanceof TypeError)) throw thrown;
    }
  }
  return result;
}

/**
 * The body of a method that answers once, as one chunk: one DATA frame instead of one for each envelope. Deno 2.9.8's
 * own node:http2 client loses the end of an answer that comes in many small records.
 */
async function* inOnePiece(body: AsyncIterable<Uint8Array>): AsyncIterable<Uint8Array> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of body) chunks.push(chunk);
  if (chunks.length > 0) yield concatBytes(chunks);
}

async function writeWhole(stream: ServerStream<unknown>, bytes: Uint8Array): Promise<void> {
  for (let at = 0; at < bytes.length; at += PIECE_BYTES) {
    stream.signal.throwIfAborted();
    await stream.write(bytes.subarray(at, at + PIECE_BYTES));
  }
}

/** A large message goes out in pieces of this size, as fast as the peer takes them: what waits is bounded, however large the message is. */
const PIECE_BYTES = 65_536;

async function sendResponse(
  stream: ServerStream<unknown>,
  response: UniversalServerResponse,
  once: boolean,
): Promise<void> {
  const head: HeaderList = [[":status", String(response.status)], ...(response.header ?? [])];
  const chunks = once && response.body ? inOnePiece(response.body) : response.body;
  const body = chunks?.[Symbol.asyncIterator]();
  let next = await body?.next();
  // Nothing to send before the trailers: gRPC's trailers-only form is one header block.
  if (next === undefined || next.done) {
    const trailer: HeaderList = [...(response.trailer ?? [])];
    if (
      trailer.length === 0 || response.header?.get("content-type")?.startsWith("application/grpc")
    ) {
      return void stream.respond([...head, ...trailer], true);
    }
  }
  stream.respond(head, false);
  try {
    while (next !== undefined && !next.done) {
      await writeWhole(stream, next.value);
      // A stream may be quiet for days: what it sent last is not kept for as long.
      next = undefined;
      next = await body?.next();
    }
  } finally {
    if (!next?.done) await body?.return?.();
  }
  stream.end(response.trailer === undefined ? [] : [...response.trailer]);
}

/** Answers a request that no handler takes, in the way of its protocol: gRPC callers get UNIMPLEMENTED, others a status. */
export function refuseRequest(
  stream: ServerStream<unknown>,
  refusal: { readonly status: number; readonly message: string },
): void {
  const grpc = stream.headers.get("content-type")?.startsWith("application/grpc") ?? false;
  if (grpc && refusal.status === 404) {
    return void stream.respond(trailersOnly(Code.Unimplemented, refusal.message), true);
  }
  const text = utf8(`${refusal.message}\n`);
  stream.respond([
    [":status", String(refusal.status)],
    ["content-type", "text/plain; charset=utf-8"],
    ["content-length", String(text.length)],
    ...(refusal.status === 405 ? [["allow", "POST"]] as HeaderList : []),
  ], false);
  void stream.write(text);
  stream.end([]);
}
