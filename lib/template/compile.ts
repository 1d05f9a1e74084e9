/** From the trees of a template to closures that render them: what can be known once is not looked up again. */
import { charge } from "./call.ts";
import { holdsInterfaces } from "./fields.ts";
import { printedValue } from "./go_print.ts";
import {
  GoInt,
  goInt,
  GoNil,
  GoStruct,
  isMap,
  sortedKeys,
  truth,
  typeName,
  underlying,
} from "./go_values.ts";
import type { Branch, Invocation, List, Statement } from "./nodes.ts";
import { nodeText } from "./nodes.ts";
import { compilePipe, type Evaluator, type FunctionTable } from "./pipelines.ts";
import {
  checked,
  descend,
  fail,
  popVariables,
  rootVariables,
  type Run,
  setVariable,
  step,
  write,
} from "./run.ts";
import { formatValue } from "./go_format.ts";

/** How a statement ended. */
const GO_ON = 0;
const BREAK = 1;
const CONTINUE = 2;
type Flow = typeof GO_ON | typeof BREAK | typeof CONTINUE;

/** Renders something for a dot. */
export type Renderer = (run: Run, dot: unknown) => Flow;

/** The renderers of all trees, by their names. */
export function compileTrees(
  trees: ReadonlyMap<string, List>,
  table: FunctionTable,
): ReadonlyMap<string, Renderer> {
  const compiled = new Map<string, Renderer>();
  for (const [name, list] of trees) compiled.set(name, compileList(list, { table, compiled }));
  return compiled;
}

interface Context {
  readonly table: FunctionTable;
  /** Every tree: full when the first one is rendered. */
  readonly compiled: ReadonlyMap<string, Renderer>;
}

function compileList(list: List, context: Context): Renderer {
  const statements = list.map((statement) => compileStatement(statement, context));
  return (run, dot) => {
    for (const statement of statements) {
      step(run);
      const flow = statement(run, dot);
      if (flow !== GO_ON) return flow;
    }
    return GO_ON;
  };
}

function compileStatement(statement: Statement, context: Context): Renderer {
  switch (statement.kind) {
    case "text":
      return (run) => {
        write(run, statement.text);
        return GO_ON;
      };
    case "action":
      return compileAction(statement, context);
    case "if":
    case "with":
      return compileCondition(statement, context);
    case "range":
      return compileRange(statement, context);
    case "template":
      return compileInvocation(statement, context);
    case "break":
      return () => BREAK;
    case "continue":
      return () => CONTINUE;
  }
}

function compileAction(
  statement: Statement & { readonly kind: "action" },
  { table }: Context,
): Renderer {
  const evaluate = compilePipe(statement.pipe, table);
  if (statement.pipe.variables.length > 0) {
    return (run, dot) => {
      evaluate(run, dot);
      return GO_ON;
    };
  }
  return (run, dot) => {
    const value = evaluate(run, dot);
    if (typeof value === "string") write(run, value);
    else {
      run.at = statement;
      if (typeof value === "function") {
        fail(run, `can't print ${nodeText(statement)} of type ${typeName(value)}`);
      }
      write(run, checked(run, () => printedValue(value)));
    }
    return GO_ON;
  };
}

function compileCondition(branch: Branch, context: Context): Renderer {
  const evaluate = compilePipe(branch.pipe, context.table);
  const list = compileList(branch.list, context);
  const elseList = branch.elseList === undefined
    ? undefined
    : compileList(branch.elseList, context);
  const setsDot = branch.kind === "with";
  return (run, dot) => {
    const mark = run.variables.names.length;
    descend(run);
    const value = evaluate(run, dot);
    let flow: Flow = GO_ON;
    if (truth(value)) {
      const wasInterface = run.dotIsInterface;
      if (setsDot) run.dotIsInterface = false;
      flow = list(run, setsDot ? value : dot);
      run.dotIsInterface = wasInterface;
    } else if (elseList !== undefined) flow = elseList(run, dot);
    run.depth--;
    popVariables(run, mark);
    return flow;
  };
}

function compileInvocation(invocation: Invocation, { table, compiled }: Context): Renderer {
  const { name, pipe } = invocation;
  const evaluate: Evaluator = pipe === undefined ? () => undefined : compilePipe(pipe, table);
  return (run, dot) => {
    run.at = invocation;
    const renderer = compiled.get(name);
    if (renderer === undefined) fail(run, `template "${name}" not defined`);
    descend(run);
    const value = evaluate(run, dot);
    const { template, variables, dotIsInterface } = run;
    run.template = name;
    run.variables = rootVariables(value);
    run.dotIsInterface = false;
    renderer(run, value);
    run.template = template;
    run.variables = variables;
    run.dotIsInterface = dotIsInterface;
    run.depth--;
    return GO_ON;
  };
}

function compileRange(branch: Branch, context: Context): Renderer {
  const evaluate = compilePipe(branch.pipe, context.table);
  const list = compileList(branch.list, context);
  const elseList = branch.elseList === undefined
    ? undefined
    : compileList(branch.elseList, context);
  return (run, dot) => {
    const outer = run.variables.names.length;
    const wasInterface = run.dotIsInterface;
    run.at = branch;
    descend(run);
    const value = evaluate(run, dot);
    const members = checkedMembers(run, branch, value);
    const mark = run.variables.names.length;
    let [flow, isEmpty]: [Flow, boolean] = [GO_ON, true];
    for (const [index, element] of members) {
      isEmpty = false;
      step(run);
      setRangeVariables(run, branch, index, element, holdsInterfaces(underlying(value)));
      run.dotIsInterface = holdsInterfaces(underlying(value));
      flow = list(run, element);
      popVariables(run, mark);
      if (flow === BREAK) break;
    }
    run.dotIsInterface = wasInterface;
    const after = isEmpty && elseList !== undefined ? elseList(run, dot) : GO_ON;
    run.depth--;
    popVariables(run, outer);
    // Even from its else a break leaves this range alone; a continue goes to the one around it.
    return after === CONTINUE ? CONTINUE : GO_ON;
  };
}

/** The variables of a range are the topmost when a round begins, unless they were declared outside. */
function setRangeVariables(
  run: Run,
  { pipe }: Branch,
  index: unknown,
  element: unknown,
  isInterface: boolean,
): void {
  const [first, second] = pipe.variables;
  if (first === undefined) return;
  if (pipe.isAssignment) {
    if (second === undefined) setVariable(run, first, element, isInterface);
    else {
      setVariable(run, first, index, false);
      setVariable(run, second, element, isInterface);
    }
    return;
  }
  const { values, areInterfaces } = run.variables;
  values[values.length - 1] = element;
  areInterfaces[areInterfaces.length - 1] = isInterface;
  if (second !== undefined) values[values.length - 2] = index;
}

type Members = Iterable<readonly [index: unknown, element: unknown]>;

function checkedMembers(run: Run, { pipe }: Branch, ranged: unknown): Members {
  const value = underlying(ranged);
  if (value === undefined || value === null) return [];
  if (Array.isArray(value)) return listMembers(value);
  if (value instanceof GoInt) {
    if (pipe.variables.length > 1) {
      fail(run, `can't use ${formatValue(ranged)} to iterate over more than one variable`);
    }
    return countedMembers(value);
  }
  if (isMap(value)) {
    charge(run, value);
    return mapMembers(value);
  }
  const isCollection = value instanceof GoNil && /^(\[\]|map\[)/.test(value.type);
  if (isCollection) return [];
  const shown = value instanceof GoStruct && value.isPointer
    ? new GoStruct(value.type, value.fields, false)
    : value;
  fail(run, `range can't iterate over ${checked(run, () => formatValue(shown))}`);
}

function* listMembers(list: readonly unknown[]): Members {
  for (let at = 0; at < list.length; at++) yield [goInt(at), list[at] ?? null];
}

function* mapMembers(map: Readonly<Record<string, unknown>>): Members {
  for (const key of sortedKeys(map)) yield [key, map[key] ?? null];
}

function* countedMembers({ value, type }: GoInt): Members {
  for (let at = 0n; at < value; at++) yield [undefined, goInt(at, type)];
}
