/** One rendering: what it has written, its variables, what it may still cost, and how it ends in an error. */
import { isSignetError, messageOf, SignetError } from "../base/mod.ts";
import { quoteText } from "./go_quote.ts";
import type { TemplateLimits } from "./limits.ts";
import { type Node, nodeText } from "./nodes.ts";

/** What becomes of a key that a map has not: nothing, the zero of the map's type, or an error. */
export type MissingKey = "default" | "zero" | "error";

/** The template that is rendered, for errors. */
export interface Source {
  /** The name that it was parsed under. */
  readonly name: string;
  /** Its text. */
  readonly text: string;
  /** See {@linkcode TemplateLimits}. */
  readonly limits: TemplateLimits;
  /** See {@linkcode MissingKey}. */
  readonly missingKey: MissingKey;
}

/** The state of one rendering. */
export interface Run {
  /** The text, its name and its limits. */
  readonly source: Source;
  /** What was written. */
  out: string;
  /** What was done; see `maxSteps`. */
  steps: number;
  /** How deep it is; see `maxDepth`. */
  depth: number;
  /** The node that errors point at. */
  at: Node;
  /** The name of the template, or of the definition, that runs. */
  template: string;
  /** Variables, the newest last. */
  variables: Variables;
  /** True where dot is a member of a list or map of `interface {}`, whose type errors then name. */
  dotIsInterface: boolean;
}

/** A stack of variables. */
export interface Variables {
  /** Their names with the `$`. */
  readonly names: string[];
  /** Their values. */
  readonly values: unknown[];
  /** See {@linkcode Run.dotIsInterface}. */
  readonly areInterfaces: boolean[];
}

/** The variables that a template begins with. */
export function rootVariables(dot: unknown): Variables {
  return { names: ["$"], values: [dot], areInterfaces: [false] };
}

/** A variable gets into scope. */
export function pushVariable(run: Run, name: string, value: unknown, isInterface: boolean): void {
  const { names, values, areInterfaces } = run.variables;
  names.push(name);
  values.push(value);
  areInterfaces.push(isInterface);
}

/** Everything above `length` gets out of scope. */
export function popVariables(run: Run, length: number): void {
  const { names, values, areInterfaces } = run.variables;
  if (names.length <= length) return;
  names.length = length;
  values.length = length;
  areInterfaces.length = length;
}

/** Where the newest variable of that name stands. */
export function findVariable(run: Run, name: string): number {
  const { names } = run.variables;
  for (let at = names.length - 1; at >= 0; at--) if (names[at] === name) return at;
  fail(run, `undefined variable: ${name}`);
}

/** Gives a variable another value. */
export function setVariable(run: Run, name: string, value: unknown, isInterface: boolean): void {
  const at = findVariable(run, name);
  run.variables.values[at] = value;
  run.variables.areInterfaces[at] = isInterface;
}

/** Ends the rendering with an error at the node that is looked at. */
export function fail(run: Run, what: string, cause?: unknown): never {
  throw new SignetError("template.failed", executionError(run, what), {
    ...(cause === undefined ? {} : { cause }),
    fields: { template: run.source.name },
  });
}

function executionError({ source, at, template }: Run, what: string): string {
  const before = source.text.slice(0, at.pos);
  const lineStart = before.lastIndexOf("\n") + 1;
  const line = 1 + (before.match(/\n/g)?.length ?? 0);
  const column = new TextEncoder().encode(before.slice(lineStart)).length;
  const place = `${source.name}:${line}:${column}`;
  return `template: ${place}: executing ${quoteText(template)} at <${nodeText(at)}>: ${what}`;
}

/** Runs a check whose error names no place yet. */
export function checked<T>(run: Run, check: () => T): T {
  try {
    return check();
  } catch (thrown) {
    if (!isSignetError(thrown, "template.failed")) throw thrown;
    fail(run, messageOf(thrown), thrown);
  }
}

/** Counts a step. */
export function step(run: Run): void {
  const { maxSteps } = run.source.limits;
  if (++run.steps > maxSteps) fail(run, `takes more than ${maxSteps} steps`);
}

/** Counts a level down; the caller counts it up again. */
export function descend(run: Run): void {
  const { maxDepth } = run.source.limits;
  if (++run.depth > maxDepth) fail(run, `exceeded maximum template depth (${maxDepth})`);
}

/** Writes a text. */
export function write(run: Run, text: string): void {
  run.out += text;
  const { maxOutputChars } = run.source.limits;
  if (run.out.length > maxOutputChars) fail(run, `writes more than ${maxOutputChars} characters`);
}
