/** What injection takes and gives: its settings, one request, the outcome. */
import type { Clock } from "../base/mod.ts";
import type { KubeClient } from "../kube/mod.ts";
import type { Logger, Metrics } from "../telemetry/mod.ts";

/** A value of JSON. */
export type JsonValue = null | boolean | number | string | readonly JsonValue[] | JsonObject;

/** An object of JSON. */
export interface JsonObject {
  /** A member. */
  readonly [name: string]: JsonValue;
}

/** One operation of a JSON patch (RFC 6902), as far as injection needs them. */
export type JsonPatchOperation =
  | { readonly op: "add" | "replace"; readonly path: string; readonly value: JsonValue }
  | { readonly op: "remove"; readonly path: string };

/** The injector's two files, or keys of a ConfigMap. */
export interface InjectorTexts {
  /** Policy and templates, YAML. */
  readonly config: string;
  /** The charts' values, YAML or JSON. */
  readonly values: string;
}

/** Settings of the injector. */
export interface InjectConfig {
  /** Folder with the files `config` and `values`. */
  readonly directory: string;
  /** The ConfigMap with those two keys, which is read when the folder is not there; `undefined` without a cluster. */
  readonly configMap: { readonly namespace: string; readonly name: string } | undefined;
  /** What signet's own template uses, where a cluster has neither. */
  readonly builtin: { readonly image: string; readonly clusterName: string };
  /** istiod's revision; empty is the default one. */
  readonly revision: string;
  /** Are sidecars init containers that stay, where pods do not say? `auto` where the cluster's version can do it. */
  readonly nativeSidecars: "on" | "off" | "auto";
  /** The mesh config: its file, or the ConfigMaps that stand for it, of which the shared one gives what the other does not say. */
  readonly mesh: {
    readonly path: string;
    readonly configMaps?:
      | { readonly namespace: string; readonly name: string; readonly shared: string | undefined }
      | undefined;
  };
}

/** What injection needs of the world. */
export interface InjectHost {
  /** Time. */
  readonly clock: Clock;
  /** For updates and refusals. */
  readonly logger: Logger;
  /** For istiod's counters. */
  readonly metrics: Metrics;
  /** The cluster; `undefined` without one. */
  readonly kube: { readonly client: KubeClient; readonly random: () => number } | undefined;
  /** The trust domain in force. */
  readonly trustDomain: () => string;
}

/** One pod that is to be created. */
export interface InjectRequest {
  /** The pod. */
  readonly pod: Readonly<Record<string, unknown>>;
  /** The namespace of the request, for pods that name none. */
  readonly namespace: string;
  /** What follows `/inject` in the path: empty, or `/cluster/c1/net/n1`. */
  readonly path: string;
  /** True when the API server will store nothing. */
  readonly dryRun: boolean;
}

/** What came of it. */
export type InjectOutcome =
  | { readonly kind: "skipped" }
  | { readonly kind: "patched"; readonly patch: readonly JsonPatchOperation[] }
  | { readonly kind: "failed"; readonly message: string };

/** Injects sidecars; disposing it ends the watch of its configuration. */
export interface Injector extends AsyncDisposable {
  /** True when a configuration is in force. */
  readonly ready: boolean;
  /** Decides on a pod and says what to change of it. Never throws. */
  inject(request: InjectRequest): InjectOutcome;
}
