/** The port to a Kubernetes API server: requests and watches on documents, of which nothing is known but their metadata. */

/** A text that is given, or the file that holds it and may change. */
export type TextSource =
  | { readonly kind: "text"; readonly text: string }
  | { readonly kind: "file"; readonly path: string };

/** How to reach an API server, and as whom. */
export interface KubeAccess {
  /** Its URL, without a slash at the end. */
  readonly server: string;
  /** Where this was read, for people. */
  readonly from: string;
  /** Roots that its certificate chains to, PEM; `undefined` trusts the runtime's. */
  readonly ca: TextSource | undefined;
  /** Client certificate and key, PEM. */
  readonly client: { readonly cert: TextSource; readonly key: TextSource } | undefined;
  /** Bearer token. */
  readonly token: TextSource | undefined;
}

/** One request. */
export interface KubeRequest {
  /** Default: `GET`. */
  readonly method?: "GET" | "POST" | "PUT" | "PATCH" | "DELETE";
  /** Path below the server's URL: `/api/v1/namespaces`. */
  readonly path: string;
  /** Query. */
  readonly query?: Readonly<Record<string, string>>;
  /** Document to send; a `PATCH` is a merge patch (RFC 7386). */
  readonly body?: unknown;
  /** Ends the request. */
  readonly signal?: AbortSignal;
  /** Time for the whole answer, in milliseconds. Default: ten seconds. */
  readonly timeoutMs?: number;
  /** True for one that does not wait when much is asked; see `rate.ts`. */
  readonly isUrgent?: boolean;
}

/** A document, decoded from JSON. */
export type KubeDocument = Readonly<Record<string, unknown>>;

/** One line of a watch. */
export interface WatchEvent {
  /** What happened. `ERROR` carries a Status. */
  readonly type: "ADDED" | "MODIFIED" | "DELETED" | "BOOKMARK" | "ERROR";
  /** The object as it is now, or as it was. */
  readonly object: KubeDocument;
}

/** An API server. */
export interface KubeClient extends Disposable {
  /** Its URL, for people. */
  readonly server: string;
  /**
   * Sends a request and gives the document that came back.
   *
   * @throws {SignetError} `kube.unavailable` when the server cannot be reached or is in trouble (no answer in time, status 429, 500 and
   * more); `kube.refused` with `fields.status` for its other refusals; `kube.bad_answer`; `kube.bad_config` when a file of the access
   * cannot be read.
   */
  request(request: KubeRequest): Promise<KubeDocument>;
  /**
   * Watches a list until the server ends it, the signal aborts or the reader stops. The server is asked to end it within minutes.
   *
   * @throws {SignetError} as {@linkcode KubeClient.request}.
   */
  watch(request: Pick<KubeRequest, "path" | "query" | "signal">): AsyncIterable<WatchEvent>;
}

/** Metadata of an object. */
export interface ObjectMeta {
  /** Name. */
  readonly name: string;
  /** Namespace; empty for objects of the whole cluster. */
  readonly namespace: string;
  /** What changes with every change of the object. */
  readonly resourceVersion: string;
}
