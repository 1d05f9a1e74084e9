/** From pipelines, commands and operands to closures that evaluate them. */
import {
  type ArgumentEvaluator,
  type Arguments,
  callFunction,
  checkedArgument,
  invoke,
  MISSING,
} from "./call.ts";
import { callNamed } from "./call_builtin.ts";
import { followFields, withoutArguments } from "./fields.ts";
import { goInt, isIntType, type TemplateFunction, truth, zeroOf } from "./go_values.ts";
import type { NumberLiteral } from "./go_literals.ts";
import { type Command, type Node, nodeText, type Operand, type Pipe } from "./nodes.ts";
import { descend, fail, findVariable, pushVariable, type Run, setVariable } from "./run.ts";
import { canBeNil, signatureOf } from "./signature.ts";

/** Evaluates something for a dot. */
export type Evaluator = (run: Run, dot: unknown) => unknown;
/** Evaluates a stage of a pipeline, given what the one before it gave. */
type StageEvaluator = (run: Run, dot: unknown, final: unknown) => unknown;

/** The functions that a template may call. */
export interface FunctionTable {
  /** A function by its name; what `render` calls. */
  readonly functions: ReadonlyMap<string, TemplateFunction>;
  /** Names whose function is Go's own: `and`, `or` and `call` are then more than functions. */
  readonly builtins: ReadonlySet<string>;
}

/** Compiles a pipeline: its value, after its variables were declared or set. Nothing and a nil interface are both `undefined`. */
export function compilePipe(pipe: Pipe, table: FunctionTable): Evaluator {
  const stages = pipe.commands.map((command) => compileCommand(command, table));
  const { variables, isAssignment } = pipe;
  const weight = weightOf(pipe);
  const [only] = stages;
  const evaluate: Evaluator = stages.length === 1 && only !== undefined
    ? (run, dot) => {
      run.at = pipe;
      run.steps += weight;
      return only(run, dot, MISSING) ?? undefined;
    }
    : (run, dot) => {
      run.at = pipe;
      run.steps += weight;
      let value: unknown = MISSING;
      for (const stage of stages) value = stage(run, dot, value) ?? undefined;
      return value;
    };
  if (variables.length === 0) return evaluate;
  const keep = isAssignment ? setVariable : pushVariable;
  return (run, dot) => {
    const value = evaluate(run, dot);
    for (const name of variables) keep(run, name, value, false);
    return value;
  };
}

/** What a long pipeline costs beside its calls, in steps: operands, and names of fields. */
function weightOf({ commands }: Pipe): number {
  let operands = 0;
  for (const { args } of commands) {
    for (const operand of args) {
      if (operand.kind === "chain") operands += operand.fields.length;
      operands += operand.kind === "field" || operand.kind === "variable"
        ? operand.names.length
        : 1;
    }
  }
  return operands >>> 6;
}

/** A pipeline in parentheses is one level deeper. */
function compileNestedPipe(pipe: Pipe, table: FunctionTable): Evaluator {
  const evaluate = compilePipe(pipe, table);
  return (run, dot) => {
    descend(run);
    const value = evaluate(run, dot);
    run.depth--;
    return value;
  };
}

function compileCommand(command: Command, table: FunctionTable): StageEvaluator {
  const [first, ...rest] = command.args as readonly [Operand, ...Operand[]];
  switch (first.kind) {
    case "identifier":
      return compileCall(first.name, first, command, rest, table);
    case "field":
    case "variable":
    case "chain":
      return compileFields(first, rest, table);
    default: {
      const evaluate = compileOperand(first, table);
      return (run, dot, final) => {
        if (first.kind !== "pipe") run.at = first;
        if (rest.length > 0 || final !== MISSING) notAFunction(run, first);
        if (first.kind === "nil") fail(run, "nil is not a command");
        return evaluate(run, dot);
      };
    }
  }
}

function notAFunction(run: Run, first: Operand): never {
  fail(run, `can't give argument to non-function ${nodeText(first)}`);
}

/** What an operand is by itself, where any type will do. */
function compileOperand(operand: Operand, table: FunctionTable): Evaluator {
  switch (operand.kind) {
    case "pipe":
      return compileNestedPipe(operand, table);
    case "identifier": {
      const call = compileCall(operand.name, operand, operand, [], table);
      return (run, dot) => call(run, dot, MISSING);
    }
    case "field":
    case "variable":
    case "chain": {
      const follow = compileFields(operand, [], table);
      return (run, dot) => follow(run, dot, MISSING);
    }
    case "dot":
      return (_run, dot) => dot;
    case "nil":
      return () => null;
    case "bool":
    case "string":
      return () => operand.value;
    case "number":
      return compileNumber(operand.text, operand.value);
  }
}

/** A number where nothing says its type: the way it is written does. */
function compileNumber(text: string, { int, float, isFloat }: NumberLiteral): Evaluator {
  if (isFloat) return () => float;
  if (int === undefined) return (run) => fail(run, `${text} overflows int`);
  const value = goInt(int);
  return () => value;
}

/** `.A.B`, `$x.A` and `(...).A`, which may be a method with arguments. */
function compileFields(
  first: Operand & { readonly kind: "field" | "variable" | "chain" },
  rest: readonly Operand[],
  table: FunctionTable,
): StageEvaluator {
  const nodes = rest.map((operand) => compileArgument(operand, table));
  const none = withoutArguments(first);
  const argumentsOf = (dot: unknown, final: unknown): Arguments =>
    nodes.length === 0 && final === MISSING ? none : { dot, nodes, final, node: first };
  if (first.kind === "field") {
    const { names } = first;
    return (run, dot, final) => {
      run.at = first;
      return followFields(run, dot, run.dotIsInterface, names, argumentsOf(dot, final));
    };
  }
  if (first.kind === "chain") {
    const receiver = compileOperand(first.of, table);
    return (run, dot, final) => {
      run.at = first.of;
      const value = receiver(run, dot);
      return followFields(run, value, false, first.fields, argumentsOf(dot, final));
    };
  }
  const [name, ...names] = first.names as readonly [string, ...string[]];
  return (run, dot, final) => {
    run.at = first;
    const at = findVariable(run, name);
    const value = run.variables.values[at];
    if (names.length === 0) {
      if (nodes.length > 0 || final !== MISSING) notAFunction(run, first);
      return value;
    }
    const isInterface = run.variables.areInterfaces[at] ?? false;
    return followFields(run, value, isInterface, names, argumentsOf(dot, final));
  };
}

function compileCall(
  name: string,
  identifier: Node,
  node: Node,
  rest: readonly Operand[],
  table: FunctionTable,
): StageEvaluator {
  const called = table.functions.get(name) as TemplateFunction;
  const nodes = rest.map((operand) => compileArgument(operand, table));
  if (table.builtins.has(name)) {
    if (name === "and" || name === "or") return compileLogic(name, identifier, nodes);
    if (name === "call") return compileCallOfValue(identifier, node, rest, nodes);
  }
  const signature = signatureOf(called);
  return (run, dot, final) => {
    run.at = identifier;
    return callFunction(run, called, signature, name, { dot, nodes, final, node });
  };
}

/** `and` and `or` evaluate no more than they must, and give the value that decided. */
function compileLogic(
  name: "and" | "or",
  identifier: Node,
  nodes: readonly ArgumentEvaluator[],
): StageEvaluator {
  return (run, dot, final) => {
    run.at = identifier;
    if (nodes.length === 0 && final === MISSING) {
      fail(run, `wrong number of args for ${name}: want at least 1 got 0`);
    }
    let value: unknown;
    for (const evaluate of nodes) {
      value = evaluate(run, dot, "reflect.Value");
      if (truth(value) === (name === "or")) return value;
    }
    return final === MISSING ? value : final;
  };
}

/** `call`, whose errors name what it was asked to call. */
function compileCallOfValue(
  identifier: Node,
  node: Node,
  rest: readonly Operand[],
  nodes: readonly ArgumentEvaluator[],
): StageEvaluator {
  const [callee] = rest;
  return (run, dot, final) => {
    run.at = identifier;
    if (nodes.length === 0 && final === MISSING) {
      fail(run, "wrong number of args for call: want at least 1 got 0");
    }
    const values = nodes.map((evaluate) => evaluate(run, dot, "reflect.Value"));
    if (final !== MISSING) values.push(final);
    const name = callee === undefined ? "<func() Value>" : nodeText(callee);
    return invoke(run, (...given) => callNamed(name, given), "call", values, node);
  };
}

/** An argument: literals become what the parameter wants, anything else must be it. */
function compileArgument(operand: Operand, table: FunctionTable): ArgumentEvaluator {
  switch (operand.kind) {
    case "nil":
      return (run, _dot, type) => {
        run.at = operand;
        if (!canBeNil(type)) fail(run, `cannot assign nil to ${type}`);
        return type === "reflect.Value" ? undefined : zeroOf(type);
      };
    case "bool":
    case "string":
      return compileLiteral(operand);
    case "number":
      return compileNumberArgument(operand);
    default: {
      const evaluate = compileOperand(operand, table);
      return (run, dot, type) => {
        run.at = operand;
        return checkedArgument(run, evaluate(run, dot), type);
      };
    }
  }
}

function compileLiteral(
  operand: Operand & { readonly kind: "bool" | "string" },
): ArgumentEvaluator {
  const { kind, value } = operand;
  return (run, _dot, type) => {
    run.at = operand;
    if (type === "interface {}" || type === "reflect.Value" || type === kind) return value;
    return wrongLiteral(run, operand, type);
  };
}

function compileNumberArgument(operand: Operand & { readonly kind: "number" }): ArgumentEvaluator {
  const { int, uint, float } = operand.value;
  const ideal = compileNumber(operand.text, operand.value);
  return (run, dot, type) => {
    run.at = operand;
    if (type === "interface {}" || type === "reflect.Value") return ideal(run, dot);
    if (type === "float64" && float !== undefined) return float;
    if (isIntType(type)) {
      const value = type.startsWith("u") ? uint : int;
      if (value !== undefined) return goInt(value, type);
    }
    return wrongLiteral(run, operand, type);
  };
}

function wrongLiteral(run: Run, operand: Operand, type: string): never {
  const text = nodeText(operand);
  if (isIntType(type)) {
    fail(run, `expected ${type.startsWith("u") ? "unsigned integer" : "integer"}; found ${text}`);
  }
  if (type === "float64") fail(run, `expected float; found ${text}`);
  if (type === "bool" || type === "string") fail(run, `expected ${type}; found ${text}`);
  fail(run, `can't handle ${text} for arg of type ${type}`);
}
