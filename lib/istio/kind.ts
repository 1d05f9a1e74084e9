/** What there is to know of a kind: its group and versions, the description of its `spec`, and the rules that lie between fields. */
import type { ObjectMeta } from "./port.ts";
import type { Cursor, Schema } from "./schema/port.ts";

/** A kind whose `spec` is an `S`. */
export interface KindRule<S> {
  /** Its group. */
  readonly group: "networking.istio.io" | "security.istio.io";
  /** Versions of the group in which it is served. */
  readonly versions: readonly string[];
  /** Its `spec`. */
  readonly schema: Schema<S, undefined>;
  /** False for a kind whose `spec` may be left out. */
  readonly needsSpec: boolean;
  /** The rules that lie between fields; `at` is the place of `spec`. */
  readonly check: (spec: S, at: Cursor, meta: ObjectMeta) => void;
}

/** The type that a schema reads. */
export type SpecOf<S> = S extends Schema<infer T, infer _Missing> ? T : never;

/** Versions of most networking kinds. */
export const NETWORKING_VERSIONS = ["v1", "v1beta1", "v1alpha3"];
/** Versions of the security kinds. */
export const SECURITY_VERSIONS = ["v1", "v1beta1"];
