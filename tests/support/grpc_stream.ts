/** A request as a gRPC port's handler sees it, and what it answered: without a socket or frames. */
import {
  HeaderBlock,
  type HeaderField,
  HpackDecoder,
  type OutgoingHeaders,
} from "signet/http2/mod.ts";
import type { ServerStream } from "signet/transport/mod.ts";
import type { ClientCertificate } from "signet/tls/mod.ts";
import { concatBytes } from "signet/base/mod.ts";

/** What a call got. */
export interface Answer {
  /** HTTP status. */
  readonly status: number;
  /** Header fields and trailers, by name; the last wins. */
  readonly fields: ReadonlyMap<string, string>;
  /** The body. */
  readonly body: Uint8Array;
  /** Octets of the largest write of it. */
  readonly largestWrite: number;
}

/** A request to hand to a handler. */
export interface TestRequest {
  readonly headers: readonly HeaderField[];
  /** Pieces of the body, in order. */
  readonly body: readonly Uint8Array[];
  readonly peer: ClientCertificate | undefined;
}

/** Calls `handle` with the request; resolves when it has been answered or reset. */
export function call(
  handle: (stream: ServerStream<ClientCertificate | undefined>) => void,
  request: TestRequest,
): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const fields = new Map<string, string>();
    const chunks: Uint8Array[] = [];
    const abort = new AbortController();
    const note = (headers: OutgoingHeaders | undefined) => {
      for (const [name, value] of fieldsOf(headers ?? [])) fields.set(name, value);
    };
    const finish = () =>
      resolve({
        status: Number(fields.get(":status")),
        fields,
        body: concatBytes(chunks),
        largestWrite: Math.max(0, ...chunks.map(({ length }) => length)),
      });
    async function* body() {
      for (const piece of request.body) yield piece;
    }
    handle({
      headers: new HeaderBlock(request.headers),
      connection: { remoteAddress: "192.0.2.1:40000", peer: request.peer },
      body: body(),
      signal: abort.signal,
      isLost: false,
      collect(maxBytes, take) {
        const whole = concatBytes(request.body);
        if (whole.length <= maxBytes) take(whole, undefined);
        else take(new Uint8Array(0), body());
      },
      respond(headers, endStream) {
        note(headers);
        if (endStream) finish();
      },
      write(bytes) {
        chunks.push(bytes.slice());
        return undefined;
      },
      end(trailers) {
        note(trailers);
        finish();
      },
      reset: (code) => reject(new TypeError(`The stream was reset with ${code}`)),
    });
  });
}

function fieldsOf(headers: OutgoingHeaders): Iterable<HeaderField> {
  if (!("block" in headers)) return headers;
  return new HpackDecoder({ maxTableBytes: 0, maxListBytes: 1 << 20 }).decode(headers.block).fields;
}
