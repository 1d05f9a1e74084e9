/** One server: what is sent to it by what means, what its replies come to, and how it does. */
import type { Clock } from "../../base/mod.ts";
import { EXTENDED_ERROR, HEADER_BYTES } from "../message/mod.ts";
import type { ForwardQuestion } from "../port.ts";
import type { Carrier, RandomBytes } from "./carrier.ts";
import { encodeExchange, type Exchange, isTruncated } from "./exchange.ts";
import { createHealth, type Health } from "./health.ts";
import { readReply, type Reply } from "./reply.ts";
import type { Upstream, UpstreamTransport } from "./upstream.ts";

/** What a server says to a question. */
export type ServerReply = Exclude<Reply, { readonly kind: "no_edns" }>;

/** A server that is asked. */
export interface UpstreamServer extends AsyncDisposable {
  /** Which. */
  readonly upstream: Upstream;
  /** How it does. */
  readonly health: Health;
  /** It sends its questions back here, so it is not asked. */
  isLoop: boolean;
  /**
   * Asks, and takes note of how it went.
   *
   * @throws {SignetError} `dns.upstream_failed`; the signal's reason.
   */
  ask(question: ForwardQuestion, options: { readonly signal: AbortSignal }): Promise<ServerReply>;
}

/** What a server needs. */
export interface ServerHost {
  /** Time. */
  readonly clock: Clock;
  /** For the spelling of names. */
  readonly randomBytes: RandomBytes;
  /** Makes what carries messages to it by `transport`. */
  readonly carrier: (upstream: Upstream, transport: UpstreamTransport) => Carrier;
  /** Hears that the server went down, or came back. */
  readonly onHealth: (server: UpstreamServer) => void;
}

/** How long a server is spoken to without EDNS after it said that it does not know it, in milliseconds. */
const NO_EDNS_MS = 300_000;
/** Octets of random spelling: a bit for each octet of the longest name. */
const SPELLING_BYTES = 32;

/** Makes a server; nothing is sent yet. */
export function createServer(upstream: Upstream, host: ServerHost): UpstreamServer {
  return new Server(upstream, host);
}

class Server implements UpstreamServer {
  readonly upstream: Upstream;
  readonly health = createHealth();
  isLoop = false;
  readonly #host: ServerHost;
  readonly #datagrams: Carrier | undefined;
  readonly #stream: Carrier;
  #noEdnsUntilMs = 0;
  #repliedAtMs = -1;

  constructor(upstream: Upstream, host: ServerHost) {
    this.upstream = upstream;
    this.#host = host;
    const isUdp = upstream.transport === "udp";
    this.#datagrams = isUdp ? host.carrier(upstream, "udp") : undefined;
    this.#stream = host.carrier(upstream, isUdp ? "tcp" : upstream.transport);
  }

  async ask(
    question: ForwardQuestion,
    { signal }: { readonly signal: AbortSignal },
  ): Promise<ServerReply> {
    const { clock } = this.#host;
    const startedMs = clock.monotonicMs();
    const edns = startedMs >= this.#noEdnsUntilMs;
    try {
      const reply = await this.#exchange(question, { edns, signal, startedMs });
      if (reply.kind !== "no_edns") return reply;
      if (edns) this.#noEdnsUntilMs = clock.monotonicMs() + NO_EDNS_MS;
      const again = edns
        ? await this.#exchange(question, { edns: false, signal, startedMs: clock.monotonicMs() })
        : reply;
      return again.kind === "no_edns" ? invalid("does not understand the question") : again;
    } catch (thrown) {
      const isSilent = this.#repliedAtMs < startedMs;
      const waitedMs = clock.monotonicMs() - startedMs;
      const hadTime = !signal.aborted || waitedMs >= this.health.patienceMs;
      if (isSilent && hadTime && this.health.failed()) this.#host.onHealth(this);
      throw thrown;
    }
  }

  async #exchange(
    question: ForwardQuestion,
    { edns, signal, startedMs }: {
      readonly edns: boolean;
      readonly signal: AbortSignal;
      readonly startedMs: number;
    },
  ): Promise<Reply> {
    const write = (transport: UpstreamTransport) => (id: number): Exchange => {
      const spelling = this.#host.randomBytes(SPELLING_BYTES);
      return encodeExchange(question, { transport, id, edns, spelling });
    };
    const { transport } = this.upstream;
    const first = await this.#datagrams?.ask(write("udp"), { signal });
    const message = first ??
      await this.#stream.ask(write(transport === "udp" ? "tcp" : transport), { signal });
    this.#replied(startedMs);
    if (message === undefined || isTruncated(message)) return invalid("sent a part of an answer");
    restoreSpelling(message, question.wireName);
    return readReply(message, question);
  }

  #replied(startedMs: number): void {
    const nowMs = this.#repliedAtMs = this.#host.clock.monotonicMs();
    if (this.health.replied(nowMs - startedMs)) this.#host.onHealth(this);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#datagrams?.[Symbol.asyncDispose]();
    await this.#stream[Symbol.asyncDispose]();
  }
}

/** The question as the client wrote it, as names in the answer may be pointers into it. It is as long as what came back. */
function restoreSpelling(message: Uint8Array, wireName: Uint8Array): void {
  const hasQuestion = message[4] !== 0 || message[5] !== 0;
  if (hasQuestion) message.set(wireName, HEADER_BYTES);
}

function invalid(what: string): ServerReply {
  const text = `an upstream server ${what}`;
  return { kind: "failed", why: { code: EXTENDED_ERROR.INVALID_DATA, text } };
}
