/** A client of an xDS server in the same process: messages in, messages out, no gRPC. */
import type { Credentials } from "signet/authn/mod.ts";
import type {
  DeltaRequest,
  StreamEnd,
  StreamOutput,
  WithNode,
  XdsResponse,
  XdsServer,
} from "signet/xds/mod.ts";

/** The node of a sidecar that is not intercepted. */
export const NODE = {
  id: "sidecar~10.0.0.3~web-1.default~default.svc.cluster.local",
  metadata: { INTERCEPTION_MODE: "NONE", NAMESPACE: "default", SERVICE_ACCOUNT: "web" },
};

/** A request with what is usual left out. */
export type Ask = Partial<WithNode<DeltaRequest>> & { readonly typeUrl: string };

/** A stream as its client sees it. */
export interface XdsClient {
  /** Sends a request. */
  ask(request: Ask): void;
  /** The next response; undefined at the end. */
  next(): Promise<XdsResponse | undefined>;
  /** Why the server ended the stream. */
  readonly end: StreamEnd | undefined;
  /** True when the server gave the stream up. */
  readonly isAbandoned: boolean;
  /** Ends the requests. */
  close(): void;
  /** Loses the stream. */
  lose(): void;
  /** Ends the stream and waits for its end. */
  over(): Promise<void>;
}

/** Credentials of a plaintext connection, or with a client certificate of `identities`. */
export function credentials(identities?: readonly string[], remote = "192.0.2.1:1"): Credentials {
  return {
    remoteAddress: remote,
    secure: identities !== undefined,
    peer: identities && identities.length > 0 ? { identities, otherNames: [] } : undefined,
    headerValues: () => [],
  };
}

/** Opens a delta stream. What comes is taken at once, as a connection does, unless `isSlow`: then when the test asks for it. */
export function openDelta(
  server: XdsServer,
  who = credentials(),
  { isSlow = false }: { readonly isSlow?: boolean } = {},
): XdsClient {
  const waiting: WithNode<DeltaRequest>[] = [];
  let wake: (() => void) | undefined;
  let isClosed = false;
  async function* requests() {
    for (;;) {
      const request = waiting.shift();
      if (request !== undefined) yield request;
      else if (isClosed) return;
      else {
        await new Promise<void>((resolve) => {
          wake = resolve;
        });
      }
    }
  }
  const lost = new AbortController();
  let isAbandoned = false;
  const outputs: AsyncIterator<StreamOutput> = server.delta(requests(), {
    credentials: who,
    signal: lost.signal,
    abandon: () => {
      isAbandoned = true;
      lost.abort();
    },
  })[Symbol.asyncIterator]();
  let end: StreamEnd | undefined;
  let ahead = isSlow ? undefined : outputs.next();
  const next = async () => {
    const { value, done } = await (ahead ?? outputs.next());
    if (done) return undefined;
    if ("end" in value) {
      end = value.end;
      await outputs.return?.();
      return undefined;
    }
    if (!isSlow) ahead = outputs.next();
    return value.response;
  };
  const close = () => {
    isClosed = true;
    wake?.();
  };
  return {
    ask(request) {
      const empty = { subscribe: [], unsubscribe: [], initial: [], responseNonce: "" };
      waiting.push({ ...empty, error: undefined, node: undefined, nodeBytes: 0, ...request });
      wake?.();
    },
    next,
    get end() {
      return end;
    },
    get isAbandoned() {
      return isAbandoned;
    },
    close,
    lose: () => lost.abort(),
    async over() {
      lost.abort();
      close();
      await outputs.return?.();
    },
  };
}

/** Names in a response. */
export function namesIn(response: XdsResponse | undefined): readonly string[] {
  return response?.resources.map(({ name }) => name) ?? [];
}
