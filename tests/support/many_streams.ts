/** A client that opens streams and never ends one: what a hostile or broken peer can hold open on one connection. */
import { Buffer } from "node:buffer";
import { connect, type TLSSocket } from "node:tls";
import { encodeHeaderBlock } from "signet/http2/mod.ts";
import { frame, PREFACE, settings, TYPE } from "./http2_frames.ts";
import type { SignetServer } from "./server.ts";

/** END_HEADERS without END_STREAM: the body never comes. */
const END_HEADERS = 0x4;
/** Streams in one write. */
const BATCH = 1_000;

/** A connection that holds streams open. */
export interface HeldStreams extends Disposable {
  /** Streams that the server reset or refused, so far. */
  refused(): number;
  /** True when the server closed the connection. */
  closed(): boolean;
}

/** Opens `count` streams of CreateCertificate, each with `headerBytes` of a header that is never the same twice. */
export async function holdStreams(
  server: SignetServer,
  count: number,
  options: { readonly headerBytes?: number } = {},
): Promise<HeldStreams> {
  const socket = await connectTls(server);
  let refused = 0;
  let closed = false;
  let rest = Buffer.alloc(0);
  socket.on("data", (chunk: Buffer) => {
    rest = Buffer.concat([rest, chunk]);
    while (rest.length >= 9) {
      const length = 9 + rest.readUIntBE(0, 3);
      if (rest.length < length) break;
      if (rest[3] === TYPE.rstStream) refused++;
      rest = rest.subarray(length);
    }
  });
  socket.on("close", () => closed = true);
  socket.on("error", () => closed = true);
  const write = (bytes: Uint8Array) =>
    new Promise<void>((resolve) => socket.write(bytes, () => resolve()));
  await write(PREFACE);
  await write(settings());
  for (let from = 0; from < count && !closed; from += BATCH) {
    const frames: Uint8Array[] = [];
    for (let n = from; n < Math.min(from + BATCH, count); n++) {
      const block = encodeHeaderBlock([
        [":method", "POST"],
        [":scheme", "https"],
        [":path", "/istio.v1.auth.IstioCertificateService/CreateCertificate"],
        [":authority", "localhost"],
        ["content-type", "application/grpc"],
        ["x-held", String(n).padEnd(options.headerBytes ?? 1, "x")],
      ]);
      frames.push(frame(TYPE.headers, END_HEADERS, 2 * n + 1, block));
    }
    await write(Buffer.concat(frames));
  }
  return {
    refused: () => refused,
    closed: () => closed,
    [Symbol.dispose]: () => void socket.destroy(),
  };
}

function connectTls(server: SignetServer): Promise<TLSSocket> {
  return new Promise((resolve, reject) => {
    const socket = connect({
      host: "127.0.0.1",
      port: server.ports.secureGrpc,
      servername: "localhost",
      ca: Deno.readTextFileSync(server.rootFile),
      ALPNProtocols: ["h2"],
    }, () => resolve(socket));
    socket.once("error", reject);
  });
}
