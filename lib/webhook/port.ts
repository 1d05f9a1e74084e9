/** The admission webhook's words: its settings, a request and its answer, what injects. */
import type { Clock } from "../base/mod.ts";
import type { KubeClient } from "../kube/mod.ts";
import type { ServerCert } from "../server_cert/mod.ts";
import type { Logger, Metrics } from "../telemetry/mod.ts";

/** Settings. */
export interface WebhookConfig {
  /** Where to listen with TLS; `undefined` serves the same on the plain HTTP ports. */
  readonly addr: { readonly hostname: string; readonly port: number } | undefined;
  /** Lowest TLS version. */
  readonly tlsMinVersion: "TLSv1.2" | "TLSv1.3";
  /** The webhook configurations of the cluster that are kept up to date; `undefined` without a cluster. */
  readonly cluster: WebhookClusterConfig | undefined;
}

/** Which webhook configurations of a cluster are this server's. */
export interface WebhookClusterConfig {
  /** Their label `istio.io/rev`. */
  readonly revision: string;
  /** The server's namespace, where the proof is tried. */
  readonly namespace: string;
  /** True to keep the bundles of those that inject. */
  readonly patchesInjection: boolean;
  /** True to keep the bundles of those that validate, and to let them fail closed once they are proven. */
  readonly patchesValidation: boolean;
}

/** What injects sidecars into pods. */
export interface Injector {
  /** True when a configuration is in force. */
  readonly ready: boolean;
  /** Decides on a pod and says what to change of it. Never throws. */
  inject(request: InjectRequest): InjectOutcome;
}

/** One pod that is to be created. */
export interface InjectRequest {
  /** The pod, as JSON. */
  readonly pod: Readonly<Record<string, unknown>>;
  /** The namespace of the request, for pods that name none. */
  readonly namespace: string;
  /** What follows `/inject` in the path. */
  readonly path: string;
  /** True when the API server will store nothing. */
  readonly dryRun: boolean;
}

/** What came of it. */
export type InjectOutcome =
  | { readonly kind: "skipped" }
  | { readonly kind: "patched"; readonly patch: readonly unknown[] }
  | { readonly kind: "failed"; readonly message: string };

/** What the webhook needs of the world. */
export interface WebhookHost {
  /** Time. */
  readonly clock: Clock;
  /** The certificate that is shown, and the roots that it chains to. */
  readonly cert: ServerCert;
  /** The cluster; `undefined` without one. */
  readonly kube: { readonly client: KubeClient; readonly random: () => number } | undefined;
  /** Injects sidecars; without it there is no `/inject`. */
  readonly injector: Injector | undefined;
  /** The plain HTTP ports. */
  readonly http: WebhookHttp;
  /** For refusals and failures. */
  readonly logger: Logger;
  /** For counters. */
  readonly metrics: Metrics;
}

/** What the webhook needs of the plain HTTP ports. */
export interface WebhookHttp {
  /** True when every part of the server is ready. */
  ready(): boolean;
  /** From now on the server is ready only while `probe` says so. */
  addProbe(probe: () => boolean): void;
  /** Answers requests to the paths that `handle` takes; `undefined` leaves a request alone. */
  addHandler(handle: (request: Request) => Promise<Response> | undefined): void;
}

/** A request that has come whole. */
export interface WebhookRequest {
  /** Path without a query. */
  readonly path: string;
  /** `Content-Type`. */
  readonly contentType: string | undefined;
  /** The body, valid during the call; `undefined` when it is larger than is read. */
  readonly body: Uint8Array | undefined;
}

/** An answer. */
export interface WebhookAnswer {
  /** HTTP status. */
  readonly status: number;
  /** `Content-Type`. */
  readonly contentType: string;
  /** The body. */
  readonly body: string;
}
