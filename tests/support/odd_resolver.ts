/** A resolver that answers as a test says: wrongly, late, in part, or never. Its own UDP and TCP port. */
import { Buffer } from "node:buffer";
import { createSocket } from "node:dgram";
import { createServer, type Socket } from "node:net";
import { createFrameReader } from "../../lib/dns/forward/frames.ts";
import { freePort } from "./ports.ts";

/** A query as the resolver sees it. */
export interface OddQuery {
  /** How it came. */
  readonly transport: "udp" | "tcp";
  /** The message. */
  readonly message: Uint8Array;
  /** Port of the asker. */
  readonly port: number;
  /** Sends a message back; may be called any number of times, whenever. */
  readonly send: (message: Uint8Array) => void;
  /** Ends the connection, when there is one. */
  readonly hangUp: () => void;
}

/** See the module comment. */
export interface OddResolver extends AsyncDisposable {
  /** Its port on 127.0.0.1. */
  readonly port: number;
  /** Queries so far. */
  readonly queries: readonly OddQuery[];
  /** TCP connections so far. */
  readonly connections: number;
}

/** Starts one; `remembers` is false for a run so long that its queries would fill memory. */
export async function startOddResolver(
  answer: (query: OddQuery) => void,
  { remembers = true }: { readonly remembers?: boolean } = {},
): Promise<OddResolver> {
  const port = freePort();
  const queries: OddQuery[] = [];
  const sockets = new Set<Socket>();
  let connections = 0;
  const take = (query: OddQuery) => {
    if (remembers) queries.push(query);
    answer(query);
  };
  const udp = createSocket("udp4");
  udp.on("message", (message: Uint8Array, from) => {
    const send = (reply: Uint8Array) =>
      udp.send(Buffer.from(reply), from.port, from.address, () => {});
    take({ transport: "udp", message, port: from.port, send, hangUp: () => {} });
  });
  await new Promise<void>((resolve) => udp.bind(port, "127.0.0.1", () => resolve()));
  const tcp = createServer((socket) => {
    connections++;
    sockets.add(socket);
    const frames = createFrameReader();
    socket.on("error", () => socket.destroy());
    socket.on("close", () => sockets.delete(socket));
    socket.on("data", (chunk: Uint8Array) => {
      for (const message of frames.read(chunk)) {
        take({
          transport: "tcp",
          message,
          port: socket.remotePort ?? 0,
          send: (reply) => void (socket.writable && socket.write(framed(reply))),
          hangUp: () => socket.destroy(),
        });
      }
    });
  });
  await new Promise<void>((resolve) => tcp.listen(port, "127.0.0.1", () => resolve()));
  return {
    port,
    queries,
    get connections() {
      return connections;
    },
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy();
      await new Promise<void>((resolve) => udp.close(() => resolve()));
      await new Promise<void>((resolve) => void tcp.close(() => resolve()));
    },
  };
}

function framed(message: Uint8Array): Uint8Array {
  return Uint8Array.of(message.length >> 8, message.length & 0xff, ...message);
}

/** A reply to `query` with one A record, TTL 60, no OPT. `flags` are the third and fourth octet. */
export function replyTo(
  query: Uint8Array,
  { flags = 0x8180, address = [192, 0, 2, 1], ttl = 60 }: {
    readonly flags?: number;
    readonly address?: readonly number[];
    readonly ttl?: number;
  } = {},
): Uint8Array {
  const question = questionOf(query);
  const header = [query[0]!, query[1]!, flags >> 8, flags & 0xff, 0, 1, 0, 1, 0, 0, 0, 0];
  const record = [0xc0, 12, 0, 1, 0, 1, 0, 0, ttl >> 8, ttl & 0xff, 0, 4, ...address];
  return Uint8Array.from([...header, ...question, ...record]);
}

/** A reply with a code and no records, no OPT. */
export function emptyReplyTo(query: Uint8Array, flags: number): Uint8Array {
  const header = [query[0]!, query[1]!, flags >> 8, flags & 0xff, 0, 1, 0, 0, 0, 0, 0, 0];
  return Uint8Array.from([...header, ...questionOf(query)]);
}

/** Octets of the question. */
export function questionOf(query: Uint8Array): Uint8Array {
  let at = 12;
  while (query[at] !== 0) at += 1 + query[at]!;
  return query.slice(12, at + 5);
}
