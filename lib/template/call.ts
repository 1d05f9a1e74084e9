/** Calls of functions and methods: arguments are evaluated for the parameters, and errors say what was called. */
import { messageOf } from "../base/mod.ts";
import { isMap, type TemplateFunction, underlying } from "./go_values.ts";
import type { Node } from "./nodes.ts";
import { checked, fail, type Run, step } from "./run.ts";
import { asArgument, parameterAt, type Signature } from "./signature.ts";

/** What stands for the value that a pipeline hands on where none was before. */
export const MISSING = Symbol("no value from the pipeline");

/** Evaluates an argument for a parameter of the given type. */
export type ArgumentEvaluator = (run: Run, dot: unknown, type: string) => unknown;

/** What a call is given. */
export interface Arguments {
  /** Dot, in which the arguments are evaluated. */
  readonly dot: unknown;
  /** The arguments. */
  readonly nodes: readonly ArgumentEvaluator[];
  /** What the pipeline hands on as the last argument, or `MISSING`. */
  readonly final: unknown;
  /** What an error of the call points at. */
  readonly node: Node;
}

/** Calls a function with the arguments that its parameters ask for. */
export function callFunction(
  run: Run,
  called: TemplateFunction,
  signature: Signature,
  name: string,
  args: Arguments,
): unknown {
  step(run);
  checkCount(run, signature, name, args);
  const values: unknown[] = [];
  const { nodes, dot, final } = args;
  for (let at = 0; at < nodes.length; at++) {
    const evaluate = nodes[at] as ArgumentEvaluator;
    values.push(evaluate(run, dot, parameterAt(signature, at)));
  }
  if (final !== MISSING) {
    values.push(checkedArgument(run, final, parameterAt(signature, nodes.length)));
  }
  return invoke(run, called, name, values, args.node);
}

/** A value that stands for an argument of the given type; another is an error at the node that was evaluated last. */
export function checkedArgument(run: Run, value: unknown, type: string): unknown {
  if (type === "interface {}") return value ?? null;
  if (type === "string" && typeof value === "string") return value;
  return checked(run, () => asArgument(value, type));
}

function checkCount(
  run: Run,
  { params, isVariadic }: Signature,
  name: string,
  { nodes, final }: Arguments,
): void {
  const given = nodes.length;
  const count = given + (final === MISSING ? 0 : 1);
  if (isVariadic) {
    const wanted = params.length - 1;
    if (count < wanted) {
      fail(run, `wrong number of args for ${name}: want at least ${wanted} got ${given}`);
    }
  } else if (count !== params.length) {
    fail(run, `wrong number of args for ${name}: want ${params.length} got ${count}`);
  }
}

/** What a long text, list or map costs whoever looks at it, in steps. */
export function charge(run: Run, given: unknown): void {
  const value = underlying(given);
  if (typeof value === "string") run.steps += value.length >>> 10;
  else if (Array.isArray(value)) run.steps += value.length >>> 6;
  else if (isMap(value)) run.steps += Object.keys(value).length >>> 6;
}

/** Runs the function itself: whatever it throws is an error of this call. */
export function invoke(
  run: Run,
  called: TemplateFunction,
  name: string,
  values: readonly unknown[],
  node: Node,
): unknown {
  let result;
  for (const value of values) charge(run, value);
  try {
    result = called(...values);
  } catch (thrown) {
    run.at = node;
    fail(run, `error calling ${name}: ${messageOf(thrown)}`, thrown);
  }
  charge(run, result);
  const { maxOutputChars } = run.source.limits;
  if (typeof result === "string" && result.length > maxOutputChars) {
    fail(run, `error calling ${name}: makes more than ${maxOutputChars} characters`);
  }
  return result === undefined ? null : result;
}
