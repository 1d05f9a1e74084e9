/**
 * A small language of descriptions: each describes one value of a document, reads it, and gives its JSON form back.
 *
 * Reading never throws. What is wrong is reported at its place and a stand-in of the right type is returned, so that one pass finds every
 * fault of a document. The descriptions follow the structural schemas of Istio's CRDs: null is refused but where a schema says nullable,
 * and a field that no description names is a fault, as it is a misspelt one.
 */

/** Steps from the document to a field. */
export type FieldPath = readonly (string | number)[];

/** Who refuses: the description of a value, or a rule, which is in istiod's words where its webhook has some. */
export type FaultSource = "schema" | "rule";

/** Where findings go, and what may still be spent on a document. */
export interface Findings {
  /** What checks that cost more than their characters may still cost, in units of their own. */
  readonly budget: { left: number };
  /** Something that is refused. */
  fault(path: FieldPath, reason: string, by: FaultSource): void;
  /** Something that is taken and probably not meant. */
  warning(path: FieldPath, reason: string): void;
  /** A field that no description names. */
  unknownField(path: FieldPath, reason: string): void;
}

/** A place in a document; its path is only written out when there is something to say of it. */
export interface Cursor {
  /** Where findings go. */
  readonly findings: Findings;
  /** The place around it; undefined for the document itself. */
  readonly up: Cursor | undefined;
  /** The last step to it. */
  readonly step: string | number;
}

/** A value of JSON. */
export type Json = string | number | boolean | null | readonly Json[] | {
  readonly [name: string]: Json;
};

/** The description of a value of type `T`; a field that is not written has the value `missing`. */
export interface Schema<T, Missing = T> {
  /** What a field that is not written is. */
  readonly missing: Missing;
  /** True where null may stand for a field that is not written. */
  readonly nullable?: boolean;
  /** Reads a value that is written; what is wrong with it goes to the findings, and a stand-in is returned. */
  read(value: unknown, at: Cursor): T;
  /** The JSON form; `undefined` for a value that is left out. */
  write(value: T): Json | undefined;
}

/** The type that a schema reads, as a field of an object. */
export type ValueOf<S> = S extends Schema<infer T, infer Missing> ? T | Missing : never;

/** The document itself. */
export function rootCursor(findings: Findings): Cursor {
  return { findings, up: undefined, step: "" };
}

/** A place below `at`. */
export function below(at: Cursor, ...steps: FieldPath): Cursor {
  return steps.reduce<Cursor>((up, step) => ({ findings: at.findings, up, step }), at);
}

/** The steps to a place. */
export function pathOf(at: Cursor): FieldPath {
  const path: (string | number)[] = [];
  for (let cursor = at; cursor.up !== undefined; cursor = cursor.up) path.push(cursor.step);
  return path.reverse();
}

/** Reports what is refused at a place; an `undefined` reason is none. */
export function fault(at: Cursor, reason: string | undefined): void {
  if (reason !== undefined) at.findings.fault(pathOf(at), reason, "rule");
}

/** Reports a value that is not as its description says. */
export function misfit(at: Cursor, reason: string): void {
  at.findings.fault(pathOf(at), reason, "schema");
}

/** Reports what is taken and probably not meant; an `undefined` reason is none. */
export function warn(at: Cursor, reason: string | undefined): void {
  if (reason !== undefined) at.findings.warning(pathOf(at), reason);
}

/** Places in a list of what stands there before already. */
export function repeatsOf(values: readonly unknown[]): ReadonlySet<number> {
  const seen = new Set<unknown>();
  const repeats = new Set<number>();
  for (const [index, value] of values.entries()) {
    if (seen.has(value)) repeats.add(index);
    seen.add(value);
  }
  return repeats;
}

/** `spec.ports[0].number`. */
export function formatPath(path: FieldPath): string {
  return path.reduce<string>(
    (text, step) =>
      typeof step === "number" ? `${text}[${step}]` : text === "" ? step : `${text}.${step}`,
    "",
  );
}
