/** xDS as the rest of signet sees it: what a stream brings and gets, in plain data, whatever carries it. */
import type { Authenticator, Credentials } from "../authn/mod.ts";
import type { Clock } from "../base/mod.ts";
import type { Resource } from "../envoy/mod.ts";
import type { NodeFacts } from "../mesh/mod.ts";
import type { ServiceRegistry } from "../registry/mod.ts";
import type { Logger, Metrics } from "../telemetry/mod.ts";
import type { DeltaRequest } from "./delta.ts";
import type { SotwRequest } from "./sotw.ts";

/** A message of a client: the node comes with the first. */
export type WithNode<Request> = Request & {
  /** `node`; undefined when the message has none. */
  readonly node: NodeFacts | undefined;
  /** Octets of the node. */
  readonly nodeBytes: number;
};

/** A response of either protocol. */
export interface XdsResponse {
  /** The type. */
  readonly typeUrl: string;
  /** `version_info` or `system_version_info`. */
  readonly version: string;
  /** `nonce`. */
  readonly nonce: string;
  /** The resources. */
  readonly resources: readonly Resource[];
  /** Names that are no more; delta alone. */
  readonly removed: readonly string[];
}

/** gRPC statuses that a stream is ended with. */
export type EndStatus =
  | "unauthenticated"
  | "invalid_argument"
  | "permission_denied"
  | "resource_exhausted"
  | "deadline_exceeded";

/** The end of a stream that the server ends: the status, and its text for the client. */
export interface StreamEnd {
  /** The status. */
  readonly status: EndStatus;
  /** The text. */
  readonly text: string;
}

/** What a stream gives: responses, at most one end. */
export type StreamOutput =
  | { readonly response: XdsResponse }
  | { readonly end: StreamEnd };

/** What a stream needs to know of its call. */
export interface StreamCall {
  /** Who asks. */
  readonly credentials: Credentials;
  /** Aborted when the stream is lost or the server is told to stop. */
  readonly signal: AbortSignal;
  /** Ends the stream at once, also while it waits for the client to take a message. */
  readonly abandon: () => void;
}

/** A stream, for people. */
export interface StreamView {
  /** `name.namespace` of the proxy. */
  readonly proxy: string;
  /** Its cluster. */
  readonly clusterId: string;
  /** Version of Istio that it says. */
  readonly istioVersion: string;
  /** `host:port` of the client. */
  readonly remoteAddress: string;
  /** `delta` or `sotw`. */
  readonly protocol: "delta" | "sotw";
  /** Milliseconds since it was opened. */
  readonly ageMs: number;
  /** By the short name of a type: whether what was sent is accepted. */
  readonly types: Readonly<Record<string, TypeView>>;
}

/** Where a stream stands with one type. */
export interface TypeView {
  /** `SYNCED`, `STALE` (sent, not accepted yet), `ERROR` (refused) or `NOT_SENT`. */
  readonly status: "SYNCED" | "STALE" | "ERROR" | "NOT_SENT";
  /** What the client said when it refused; absent otherwise. */
  readonly error?: string;
}

/** The xDS server. */
export interface XdsServer extends AsyncDisposable {
  /** Serves a state-of-the-world stream. */
  sotw(
    requests: AsyncIterable<WithNode<SotwRequest>>,
    call: StreamCall,
  ): AsyncIterable<StreamOutput>;
  /** Serves a delta stream. */
  delta(
    requests: AsyncIterable<WithNode<DeltaRequest>>,
    call: StreamCall,
  ): AsyncIterable<StreamOutput>;
  /** Streams that are open, at most a thousand. */
  streams(): readonly StreamView[];
}

/** Settings. */
export interface XdsConfig {
  /** `XDS_AUTH`: streams on the TLS port need a credential. */
  readonly authenticates: boolean;
  /** `XDS_AUTH_PLAINTEXT`: those on the plaintext port, too. */
  readonly authenticatesPlaintext: boolean;
  /** `PILOT_ENABLE_XDS_IDENTITY_CHECK`: a node must be who its credential says. */
  readonly checksIdentity: boolean;
  /** `PILOT_MAX_REQUESTS_PER_SECOND`: new streams a second; undefined for what the processors allow. */
  readonly newStreamsPerSecond: number | undefined;
  /** `PILOT_DEBOUNCE_AFTER`: quiet time before a push. */
  readonly debounceAfterMs: number;
  /** `PILOT_DEBOUNCE_MAX`: longest wait from a change to its push. */
  readonly debounceMaxMs: number;
  /** `PILOT_PUSH_THROTTLE`: streams that are pushed to in one turn; undefined for what the processors allow. */
  readonly pushThrottle: number | undefined;
  /** `PILOT_SKIP_VALIDATE_TRUST_DOMAIN` turned round: a client must be of the mesh's trust domain. */
  readonly validatesTrustDomain: boolean;
  /** The namespace whose policies are everybody's. */
  readonly rootNamespace: string;
}

/** What the server needs of the world. */
export interface XdsHost {
  /** Time. */
  readonly clock: Clock;
  /** Who may open a stream, in order. */
  readonly authenticators: readonly Authenticator[];
  /** The services. */
  readonly registry: ServiceRegistry;
  /** The mesh's trust domain now. */
  readonly trustDomain: () => string;
  /** Processors of the machine. */
  readonly processors: number;
  /** For streams, refusals, pushes. */
  readonly logger: Logger;
  /** istiod's counters. */
  readonly metrics: Metrics;
}
