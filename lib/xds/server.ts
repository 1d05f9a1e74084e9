/** The streams of all proxies: each is admitted, served by its session, and woken when the mesh has changed. */
import { onNextTurn, type Timer } from "../base/mod.ts";
import { randomBytes } from "../crypto/mod.ts";
import { createDiffer, createGenerator, loadEncoder } from "../envoy/mod.ts";
import { METRIC } from "../telemetry/mod.ts";
import {
  admitNode,
  authenticateStream,
  createTurns,
  rateOf,
  type Refusal,
  refusal,
  type Turns,
} from "./admission.ts";
import { decideDelta, type DeltaRequest } from "./delta.ts";
import { createInbox, type Inbox } from "./inbox.ts";
import {
  FIRST_REQUEST_TIMEOUT_MS,
  MAX_STREAMS,
  MAX_STREAMS_PER_CONNECTION,
  SEND_TIMEOUT_MS,
} from "./limits.ts";
import { createXdsObserver, type XdsObserver } from "./observer.ts";
import type {
  StreamCall,
  StreamEnd,
  StreamOutput,
  WithNode,
  XdsConfig,
  XdsHost,
  XdsResponse,
  XdsServer,
} from "./port.ts";
import { resourceType, TYPE_URL } from "./resource_types.ts";
import {
  type AnyRequest,
  createSession,
  type Protocol,
  type Session,
  type SessionHost,
} from "./session.ts";
import { decideSotw, type SotwRequest } from "./sotw.ts";
import { type PushedMesh, watchMesh } from "./watch.ts";

const SOTW: Protocol<SotwRequest> = {
  name: "sotw",
  decide: decideSotw,
  namesOf: ({ names }) => names,
};
const DELTA: Protocol<DeltaRequest> = {
  name: "delta",
  decide: decideDelta,
  namesOf: ({ subscribe, initial }) =>
    initial.length === 0 ? subscribe : [...subscribe, ...initial],
};

/** Most streams that {@linkcode XdsServer.streams} lists. */
const MAX_LISTED = 1_000;

/** Makes the server. What configures proxies is loaded when the first stream comes. */
export function createXdsServer(config: XdsConfig, host: XdsHost): XdsServer {
  return new LiveXdsServer(config, host);
}

/** A stream that is open: its session, and what wakes it. */
interface OpenStream {
  readonly session: Session<never>;
  readonly wake: () => void;
}

class LiveXdsServer implements XdsServer {
  readonly #config: XdsConfig;
  readonly #host: XdsHost;
  readonly #observer: XdsObserver;
  readonly #turns: Turns;
  readonly #throttle: number;
  readonly #streams = new Set<OpenStream>();
  readonly #perConnection = new Map<string, number>();
  #opening = 0;
  #mesh: PushedMesh | undefined;
  #sessions: Promise<SessionHost> | undefined;
  #toWake: OpenStream[] = [];
  #isDisposed = false;

  constructor(config: XdsConfig, host: XdsHost) {
    this.#config = config;
    this.#host = host;
    this.#observer = createXdsObserver(host);
    this.#turns = createTurns(rateOf(config.newStreamsPerSecond, host.processors), host.clock);
    this.#throttle = rateOf(config.pushThrottle, host.processors);
    host.metrics.computedGauge(METRIC.xdsStreams, () => this.#streams.size);
  }

  sotw(requests: AsyncIterable<WithNode<SotwRequest>>, call: StreamCall) {
    return this.#serve(SOTW, requests, call);
  }

  delta(requests: AsyncIterable<WithNode<DeltaRequest>>, call: StreamCall) {
    return this.#serve(DELTA, requests, call);
  }

  streams() {
    const nowMs = this.#host.clock.monotonicMs();
    return [...this.#streams].slice(0, MAX_LISTED).map(({ session }) => session.view(nowMs));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#isDisposed = true;
    for (const { wake } of this.#streams) wake();
    // What is being opened for a first stream is waited for, so that it is not left open; whoever asked for it hears of its failure.
    await Promise.allSettled([this.#sessions]);
    this.#mesh?.[Symbol.dispose]();
  }

  async *#serve<Request extends AnyRequest>(
    protocol: Protocol<Request>,
    requests: AsyncIterable<WithNode<Request>>,
    call: StreamCall,
  ): AsyncGenerator<StreamOutput> {
    const { remoteAddress } = call.credentials;
    const counted = this.#count(remoteAddress);
    if ("ok" in counted) {
      this.#observer.refused(counted, remoteAddress);
      return yield endOf(counted);
    }
    using _counted = counted;
    using inbox = createInbox(requests);
    const wake = () => inbox.wake();
    call.signal.addEventListener("abort", wake, { once: true });
    try {
      yield* this.#talk(protocol, inbox, call);
    } finally {
      call.signal.removeEventListener("abort", wake);
    }
  }

  /** Counts a stream of a connection, and of all. */
  #count(remoteAddress: string): Disposable | Refusal {
    const ofConnection = this.#perConnection.get(remoteAddress) ?? 0;
    if (ofConnection >= MAX_STREAMS_PER_CONNECTION || this.#opening >= MAX_STREAMS) {
      return refusal(
        "resource_exhausted",
        `too many xDS streams: ${ofConnection} of this connection, ${this.#opening} in all`,
      );
    }
    this.#perConnection.set(remoteAddress, ofConnection + 1);
    this.#opening++;
    return {
      [Symbol.dispose]: () => {
        this.#opening--;
        const left = this.#perConnection.get(remoteAddress)! - 1;
        if (left === 0) this.#perConnection.delete(remoteAddress);
        else this.#perConnection.set(remoteAddress, left);
      },
    };
  }

  async *#talk<Request extends AnyRequest>(
    protocol: Protocol<Request>,
    inbox: Inbox<WithNode<Request>>,
    call: StreamCall,
  ): AsyncGenerator<StreamOutput> {
    const { remoteAddress } = call.credentials;
    const admitted = await this.#admit(protocol, inbox, call);
    if (admitted === undefined) return;
    if ("status" in admitted) {
      this.#observer.refused(admitted, remoteAddress);
      return yield endOf(admitted);
    }
    const { session, first } = admitted;
    const stream: OpenStream = { session, wake: () => inbox.wake() };
    this.#streams.add(stream);
    this.#observer.opened(session, protocol.name);
    let why = "lost";
    try {
      for await (const output of this.#outputs(session, { first, inbox, call })) {
        if ("end" in output) why = output.end.text;
        yield output;
      }
      if (!call.signal.aborted && inbox.isEnded) why = "the client ended it";
    } finally {
      this.#streams.delete(stream);
      this.#observer.closed(session, why);
    }
  }

  /** Everything before the first answer, in istiod's order; undefined when the client or the server went away meanwhile. */
  async #admit<Request extends AnyRequest>(
    protocol: Protocol<Request>,
    inbox: Inbox<WithNode<Request>>,
    { credentials, signal }: StreamCall,
  ): Promise<
    Refusal | { readonly session: Session<Request>; readonly first: Request } | undefined
  > {
    const refused = await this.#turns.take(signal);
    if (refused !== undefined) return refused;
    const { clock, authenticators } = this.#host;
    const authenticated = await authenticateStream(credentials, this.#config, authenticators);
    if (!authenticated.ok) return authenticated;
    const first = await this.#firstRequest(inbox, signal);
    if (first === undefined) return undefined;
    if ("status" in first) return first;
    const admitted = admitNode(first, authenticated.identities, this.#config);
    if (!admitted.ok) return admitted;
    if (this.#isDisposed) return undefined;
    const host = await (this.#sessions ??= this.#open());
    const { remoteAddress } = credentials;
    const session = createSession({
      protocol,
      facts: { proxy: admitted.proxy, remoteAddress },
      openedMs: clock.monotonicMs(),
      host,
    });
    return { session, first };
  }

  /** The first request that is one: what an agent says of its workload's health may come before it. */
  async #firstRequest<Request extends AnyRequest>(
    inbox: Inbox<WithNode<Request>>,
    signal: AbortSignal,
  ): Promise<WithNode<Request> | Refusal | undefined> {
    let isLate = false;
    using _timer = this.#host.clock.setTimer(FIRST_REQUEST_TIMEOUT_MS, () => {
      isLate = true;
      inbox.wake();
    });
    for (;;) {
      const request = inbox.take();
      if (request !== undefined && request.typeUrl !== TYPE_URL.health) return request;
      if (isLate) {
        return refusal(
          "deadline_exceeded",
          `no request came within ${FIRST_REQUEST_TIMEOUT_MS} ms`,
        );
      }
      if (request !== undefined) continue;
      if (signal.aborted || inbox.isEnded) return undefined;
      await inbox.wait();
    }
  }

  async *#outputs<Request extends AnyRequest>(
    session: Session<Request>,
    { first, inbox, call }: {
      readonly first: Request;
      readonly inbox: Inbox<Request>;
      readonly call: StreamCall;
    },
  ): AsyncGenerator<StreamOutput> {
    let request: Request | undefined = first;
    let unknown = 0;
    for (;;) {
      if (call.signal.aborted || this.#isDisposed) return;
      if (request !== undefined) {
        if (resourceType(request.typeUrl) !== undefined) {
          const served = session.serve(request);
          if ("status" in served) return yield { end: served };
          yield* this.#sent(served, call);
        } else if (request.typeUrl !== TYPE_URL.health) {
          this.#observer.unknownType(session, request.typeUrl, ++unknown);
        }
      } else if (session.isBehind) {
        yield* this.#sent(session.push(), call);
      } else if (inbox.isEnded) {
        return;
      } else {
        await inbox.wait();
      }
      request = inbox.take();
    }
  }

  /** Hands out responses one by one; a client that does not take one in time loses its stream. */
  *#sent(responses: readonly XdsResponse[], call: StreamCall): Generator<StreamOutput> {
    for (const response of responses) {
      const timer: Timer = this.#host.clock.setTimer(SEND_TIMEOUT_MS, () => call.abandon());
      try {
        yield { response };
      } finally {
        timer.cancel();
      }
    }
  }

  async #open(): Promise<SessionHost> {
    const generator = createGenerator(await loadEncoder());
    const { registry, clock, trustDomain } = this.#host;
    const { rootNamespace, validatesTrustDomain } = this.#config;
    const mesh = watchMesh({
      ...this.#config,
      ...{ registry, clock },
      settings: () => ({ trustDomain: trustDomain(), rootNamespace, validatesTrustDomain }),
      onPush: ({ version }, waitedMs) => {
        this.#observer.pushed({ version, streams: this.#streams.size }, waitedMs);
        this.#wakeAll();
      },
    });
    this.#mesh = mesh;
    return {
      pushed: () => mesh.current,
      configOf: (snapshot, proxy) => generator.configOf(snapshot, proxy),
      differ: createDiffer(),
      uniqueText: uuid,
      onRequest: this.#observer.requested,
      onResponse: this.#observer.responded,
    };
  }

  /** Streams are pushed to some at a time, with a turn for everything else in between. */
  #wakeAll(): void {
    const isRunning = this.#toWake.length > 0;
    this.#toWake = [...this.#streams];
    if (!isRunning) this.#wakeSome();
  }

  #wakeSome(): void {
    for (const { wake } of this.#toWake.splice(0, this.#throttle)) wake();
    if (this.#toWake.length > 0) onNextTurn(() => this.#wakeSome());
  }
}

function endOf({ status, text }: Refusal): { readonly end: StreamEnd } {
  return { end: { status, text } };
}

/** A random UUID (RFC 9562 section 5.4). */
function uuid(): string {
  const octets = randomBytes(16);
  octets[6] = (octets[6]! & 0x0f) | 0x40;
  octets[8] = (octets[8]! & 0x3f) | 0x80;
  return octets.toHex().replace(/^(.{8})(.{4})(.{4})(.{4})/, "$1-$2-$3-$4-");
}
