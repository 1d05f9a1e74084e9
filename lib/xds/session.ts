/**
 * One stream: its proxy, its subscriptions, the configuration that it was sent last. Requests are served before pushes; a push is what
 * changed between that configuration and the newest, so that changes merge while a client is slow.
 */
import type { Differ, ProxyConfig } from "../envoy/mod.ts";
import type { MeshSnapshot, Proxy } from "../mesh/mod.ts";
import { answer, type Content, endpointsAfter, push } from "./answers.ts";
import { MAX_ERROR_CHARS, MAX_NAME_CHARS, MAX_NAMES } from "./limits.ts";
import type { StreamEnd, StreamView, TypeView, XdsResponse } from "./port.ts";
import { resourceType, TYPE_URL, typeName } from "./resource_types.ts";
import { afterSending, type Decision, type Subscriptions } from "./subscription.ts";

/** What the two protocols differ in. */
export interface Protocol<Request> {
  /** Its name. */
  readonly name: "delta" | "sotw";
  /** Decides what a request means. */
  decide(subscriptions: Subscriptions, request: Request): Decision;
  /** The names in a request that would be kept. */
  namesOf(request: Request): readonly string[];
}

/** What requests of both protocols have. */
export interface AnyRequest {
  /** The type. */
  readonly typeUrl: string;
  /** What was refused; undefined for nothing. */
  readonly error: string | undefined;
}

/** The mesh as it is pushed: a snapshot with the version that it is sent under. */
export interface Pushed {
  /** The mesh. */
  readonly snapshot: MeshSnapshot;
  /** `<time>/<counter>`. */
  readonly version: string;
}

/** What a session needs. */
export interface SessionHost {
  /** The newest. */
  readonly pushed: () => Pushed;
  /** What a proxy is to have. */
  configOf(snapshot: MeshSnapshot, proxy: Proxy): ProxyConfig;
  /** Finds what changed. */
  readonly differ: Differ;
  /** A text that no other response has. */
  uniqueText(): string;
  /** Hears of what a request meant. */
  onRequest(session: StreamFacts, request: AnyRequest, reply: Decision["reply"]): void;
  /** Hears of a response. */
  onResponse(typeUrl: string, by: "request" | "push"): void;
}

/** Who a stream belongs to. */
export interface StreamFacts {
  /** Its proxy. */
  readonly proxy: Proxy;
  /** `host:port` of the client. */
  readonly remoteAddress: string;
}

/** One stream that was admitted. */
export interface Session<Request extends AnyRequest> extends StreamFacts {
  /** Serves a request: the responses, or why the stream ends. */
  serve(request: Request): readonly XdsResponse[] | StreamEnd;
  /** The responses that bring the client to the newest configuration; none when it has it. */
  push(): readonly XdsResponse[];
  /** True when there is a newer configuration than the client's. */
  readonly isBehind: boolean;
  /** The stream for people. */
  view(nowMs: number): StreamView;
}

/** Makes the session of a stream. */
export function createSession<Request extends AnyRequest>(
  { protocol, facts, openedMs, host }: {
    readonly protocol: Protocol<Request>;
    readonly facts: StreamFacts;
    readonly openedMs: number;
    readonly host: SessionHost;
  },
): Session<Request> {
  const { proxy } = facts;
  let subscriptions: Subscriptions = new Map();
  let pushed = host.pushed();
  let config = host.configOf(pushed.snapshot, proxy);

  const send = ({ typeUrl, resources, removed }: Content, by: "request" | "push"): XdsResponse => {
    const { version } = pushed;
    const nonce = `${version}${host.uniqueText()}`;
    subscriptions = afterSending(subscriptions, typeUrl, nonce);
    host.onResponse(typeUrl, by);
    return { typeUrl, version, nonce, resources, removed };
  };

  return {
    ...facts,
    serve(request) {
      const { typeUrl, error } = request;
      const end = faultOf(protocol.namesOf(request));
      if (end !== undefined) return end;
      const bounded = error === undefined
        ? request
        : { ...request, error: error.slice(0, MAX_ERROR_CHARS) };
      const decision = protocol.decide(subscriptions, bounded);
      subscriptions = decision.subscriptions;
      const tooMany = [...subscriptions.values()].reduce((sum, { names }) => sum + names.size, 0);
      if (tooMany > MAX_NAMES) return namesEnd(tooMany);
      host.onRequest(facts, bounded, decision.reply);
      const subscription = subscriptions.get(typeUrl);
      const content = answer(decision.reply, { typeUrl, subscription, config });
      if (content === undefined) return [];
      const responses = [send(content, "request")];
      if (typeUrl === TYPE_URL.cluster && protocol.name === "delta") {
        const endpoints = endpointsAfter(content, subscriptions, config);
        if (endpoints !== undefined) responses.push(send(endpoints, "request"));
      }
      return responses;
    },
    push() {
      const before = config;
      pushed = host.pushed();
      config = host.configOf(pushed.snapshot, proxy);
      const { differ } = host;
      const contents = push({ before, after: config }, {
        subscriptions,
        protocol: protocol.name,
        differ,
      });
      return contents.map((content) => send(content, "push"));
    },
    get isBehind() {
      return host.pushed() !== pushed;
    },
    view: (nowMs) => ({
      proxy: proxy.id,
      clusterId: proxy.clusterId,
      istioVersion: proxy.version,
      remoteAddress: facts.remoteAddress,
      protocol: protocol.name,
      ageMs: Math.round(nowMs - openedMs),
      types: viewOf(subscriptions),
    }),
  };
}

function faultOf(names: readonly string[]): StreamEnd | undefined {
  if (names.length > MAX_NAMES) return namesEnd(names.length);
  const long = names.find((name) => name.length > MAX_NAME_CHARS);
  return long === undefined ? undefined : {
    status: "invalid_argument",
    text: `a resource name has ${long.length} characters, at most ${MAX_NAME_CHARS} are taken`,
  };
}

function namesEnd(count: number): StreamEnd {
  return {
    status: "resource_exhausted",
    text: `${count} names are subscribed to, a stream may have ${MAX_NAMES}`,
  };
}

function viewOf(subscriptions: Subscriptions): Readonly<Record<string, TypeView>> {
  const entries = [...subscriptions].filter(([typeUrl]) => resourceType(typeUrl) !== undefined);
  return Object.fromEntries(entries.map(([typeUrl, subscription]) => {
    const { nonceSent, nonceAcked, lastError } = subscription;
    const name = typeName(typeUrl);
    if (lastError !== undefined) return [name, { status: "ERROR", error: lastError }];
    if (nonceSent === "") return [name, { status: "NOT_SENT" }];
    return [name, { status: nonceSent === nonceAcked ? "SYNCED" : "STALE" }];
  }));
}
