/** One question over DNS over TLS (RFC 7858) and its answer, for people who look for a fault. One connection, one query. */
import { checkServerIdentity, connect, type TLSSocket } from "node:tls";
import { type Clock, parseIpAddress, quote, SignetError } from "../base/mod.ts";
import { describeTlsFailure } from "../transport/mod.ts";
import { createFrameReader } from "./forward/frames.ts";
import {
  decodeMessage,
  type DnsMessage,
  encodeName,
  encodeOption,
  encodeQuery,
  FLAG,
  OPTION,
} from "./message/mod.ts";

/** Queries are padded to a multiple of this many octets (RFC 8467 section 4.1). */
const QUERY_BLOCK_BYTES = 128;
/** Octets of a query beside its name and the data of its options: header, type and class, OPT, two options. */
const FIXED_BYTES = 12 + 4 + 11 + 4 + 4;
/** Octets that one answer may take, its length in front; a server that sends more without an answer is given up. */
const MAX_ANSWER_BYTES = 2 * (2 + 0xffff);

/** A server, and who asks it. */
export interface DotServer {
  /** Where it is. */
  readonly addr: { readonly hostname: string; readonly port: number };
  /** Name or address that its certificate must hold. */
  readonly serverName: string;
  /** Roots that it is checked against, PEM; `undefined` takes those of the platform. */
  readonly rootsPem: string | undefined;
  /** Our certificate and key, PEM; `undefined` asks without. */
  readonly identity: { readonly certChainPem: string; readonly keyPem: string } | undefined;
}

/** A question. */
export interface DotQuestion {
  /** The name, as people write it. */
  readonly name: string;
  /** TYPE; the class is IN. */
  readonly type: number;
  /** DO: DNSSEC records are wanted. */
  readonly dnssecOk: boolean;
}

/** What asking needs of the world. */
export interface DotHost {
  /** Time. */
  readonly clock: Clock;
  /** For the ID. */
  readonly randomBytes: (length: number) => Uint8Array;
  /** Time for the connection and the answer together, in milliseconds. */
  readonly timeoutMs: number;
}

/** An answer, and how it came. */
export interface DotReply {
  /** The answer. */
  readonly message: DnsMessage;
  /** Its octets, without the length in front. */
  readonly bytes: number;
  /** Time to the end of the handshake, in milliseconds. */
  readonly connectMs: number;
  /** Time from the query to its answer, in milliseconds. */
  readonly answerMs: number;
  /** `TLSv1.3`. */
  readonly tlsVersion: string;
  /** The protocol that was agreed on: `dot`; empty when the server chose none. */
  readonly alpn: string;
}

/**
 * Asks, and checks that the answer is for the question.
 *
 * @throws {SignetError} `transport.connect_failed`, `transport.timeout`, `transport.closed`; `dns.bad_name` for a name that is none,
 * `dns.bad_message` for an answer that cannot be read.
 */
export async function queryDot(
  server: DotServer,
  question: DotQuestion,
  { clock, randomBytes, timeoutMs }: DotHost,
): Promise<DotReply> {
  const [high = 0, low = 0] = randomBytes(2);
  const id = high << 8 | low;
  const query = encodeDotQuery(question, id);
  const where = `${server.addr.hostname}:${server.addr.port}`;
  const begunMs = clock.monotonicMs();
  const socket = openSocket(server);
  try {
    const { frame, connectedMs } = await new Promise<Received>((resolve, reject) => {
      const fail: Fail = (reason, what, cause) =>
        reject(new SignetError(`transport.${reason}`, `Cannot ask ${where}: ${what}`, { cause }));
      const timer = clock.setTimer(
        timeoutMs,
        () => fail("timeout", `no answer in ${timeoutMs} ms`),
      );
      socket.once("close", () => timer.cancel());
      exchange(socket, { query, id, clock, resolve, fail });
    });
    const answeredMs = clock.monotonicMs();
    const message = decodeMessage(frame);
    checkQuestion(message, decodeMessage(query.subarray(2)), where);
    return {
      message,
      bytes: frame.length,
      connectMs: connectedMs - begunMs,
      answerMs: answeredMs - connectedMs,
      tlsVersion: socket.getProtocol() ?? "",
      alpn: socket.alpnProtocol || "",
    };
  } finally {
    await closed(socket);
  }
}

type Fail = (
  reason: "connect_failed" | "timeout" | "closed",
  what: string,
  cause?: unknown,
) => void;

interface Received {
  readonly frame: Uint8Array;
  readonly connectedMs: number;
}

/** Sends the query once the handshake is over, and hears of the first of answer, error and end. */
function exchange(
  socket: TLSSocket,
  { query, id, clock, resolve, fail }: {
    readonly query: Uint8Array;
    readonly id: number;
    readonly clock: Clock;
    readonly resolve: (received: Received) => void;
    readonly fail: Fail;
  },
): void {
  let connectedMs: number | undefined;
  socket.once("secureConnect", () => {
    connectedMs = clock.monotonicMs();
    socket.setNoDelay(true);
    socket.write(query);
  });
  socket.on("error", (cause: unknown) => fail("connect_failed", describeTlsFailure(cause), cause));
  const onEnd = () =>
    connectedMs === undefined
      ? fail("connect_failed", "it closed the connection before the handshake was over")
      : fail("closed", "it closed the connection without an answer; does it want a certificate?");
  socket.once("end", onEnd);
  socket.once("close", onEnd);
  const frames = createFrameReader();
  let received = 0;
  socket.on("data", (chunk: Uint8Array) => {
    received += chunk.length;
    for (const frame of frames.read(chunk)) {
      if (frame.length < 2 || (frame[0]! << 8 | frame[1]!) !== id) continue;
      return resolve({ frame: frame.slice(), connectedMs: connectedMs ?? clock.monotonicMs() });
    }
    if (received > MAX_ANSWER_BYTES) {
      fail("closed", `it sent over ${MAX_ANSWER_BYTES} octets and no answer`);
    }
  });
}

/** The query with its length in front: EDNS, the keepalive option, and padding last. */
export function encodeDotQuery({ name, type, dnssecOk }: DotQuestion, id: number): Uint8Array {
  const wireName = encodeName(name);
  const fixed = FIXED_BYTES + wireName.length;
  const padding = Math.ceil(fixed / QUERY_BLOCK_BYTES) * QUERY_BLOCK_BYTES - fixed;
  const options = [
    ...encodeOption(OPTION.TCP_KEEPALIVE, new Uint8Array(0)),
    ...encodeOption(OPTION.PADDING, new Uint8Array(padding)),
  ];
  return encodeQuery({
    ...{ id, name: wireName, type, flags: FLAG.RD },
    options: { dnssecOk, bytes: Uint8Array.from(options) },
  });
}

function openSocket({ addr, serverName, rootsPem, identity }: DotServer): TLSSocket {
  return connect({
    host: addr.hostname,
    port: addr.port,
    // An address is no name for SNI, and by itself node:tls would look for what is connected to.
    ...(parseIpAddress(serverName) === undefined
      ? { servername: serverName }
      : { checkServerIdentity: (_, shown) => checkServerIdentity(serverName, shown) }),
    ALPNProtocols: ["dot"],
    minVersion: "TLSv1.2",
    ...(rootsPem !== undefined && { ca: rootsPem }),
    ...(identity && { cert: identity.certChainPem, key: identity.keyPem }),
  });
}

/** A server may leave the question out of an error alone. */
function checkQuestion(answer: DnsMessage, query: DnsMessage, where: string): void {
  const fault = (what: string) =>
    new SignetError("dns.bad_message", `Cannot use the answer of ${where}: ${what}`);
  if ((answer.flags & FLAG.QR) === 0) throw fault("it is a query");
  const [asked] = query.questions;
  const [answered, ...more] = answer.questions;
  if (answered === undefined && (answer.flags & 15) !== 0) return;
  if (
    answered === undefined || more.length > 0 || answered.name !== asked!.name ||
    answered.type !== asked!.type || answered.class !== asked!.class
  ) {
    throw fault(`it is for ${quote(answered?.name ?? "no question")}, not for the question`);
  }
}

async function closed(socket: TLSSocket): Promise<void> {
  if (socket.closed) return;
  const gone = new Promise<void>((resolve) => socket.once("close", () => resolve()));
  socket.destroy();
  await gone;
}
