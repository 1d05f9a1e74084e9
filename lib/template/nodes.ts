/** The tree of a template, and each node's text as Go's errors show it. */
import type { NumberLiteral } from "./go_literals.ts";
import { quoteText } from "./go_quote.ts";

/** What every node has: where it begins in the text, in UTF-16 units. */
interface At {
  readonly pos: number;
}

/** A sequence of statements. */
export type List = readonly Statement[];

/** What stands in a list. */
export type Statement =
  | At & { readonly kind: "text"; readonly text: string }
  | At & { readonly kind: "action"; readonly pipe: Pipe }
  | Branch
  | Invocation
  | At & { readonly kind: "break" | "continue" };

/** `if`, `with` and `range`. */
export type Branch = At & {
  readonly kind: "if" | "with" | "range";
  readonly pipe: Pipe;
  readonly list: List;
  readonly elseList: List | undefined;
};

/** `template` and what a `block` leaves in its place. */
export type Invocation = At & {
  readonly kind: "template";
  readonly name: string;
  readonly pipe: Pipe | undefined;
};

/** A pipeline, with the variables that it declares or sets. */
export type Pipe = At & {
  readonly kind: "pipe";
  readonly variables: readonly string[];
  readonly isAssignment: boolean;
  readonly commands: readonly Command[];
};

/** One stage of a pipeline. */
export type Command = At & { readonly kind: "command"; readonly args: readonly Operand[] };

/** `(...).Field`, or a function without arguments and its fields. */
export type Chain = At & {
  readonly kind: "chain";
  readonly of: Operand;
  readonly fields: readonly string[];
};

/** What a command is made of. */
export type Operand =
  | Pipe
  | Chain
  | At & { readonly kind: "identifier"; readonly name: string }
  | At & { readonly kind: "dot" | "nil" }
  | At & { readonly kind: "field"; readonly names: readonly string[] }
  | At & { readonly kind: "variable"; readonly names: readonly string[] }
  | At & { readonly kind: "bool"; readonly value: boolean }
  | At & { readonly kind: "number"; readonly text: string; readonly value: NumberLiteral }
  | At & { readonly kind: "string"; readonly quoted: string; readonly value: string };

/** Any node that an error can point at. */
export type Node = Statement | Operand | Command;

/** A node as Go writes it in an error. */
export function nodeText(node: Node): string {
  switch (node.kind) {
    case "pipe":
      return pipeText(node);
    case "command":
      return node.args.map(operandText).join(" ");
    case "template": {
      const pipe = node.pipe === undefined ? "" : ` ${pipeText(node.pipe)}`;
      return `{{template ${quoteText(node.name)}${pipe}}}`;
    }
    case "action":
      return `{{${pipeText(node.pipe)}}}`;
    case "if":
    case "with":
    case "range":
      return `{{${node.kind} ${pipeText(node.pipe)}}}`;
    case "text":
      return node.text;
    case "break":
    case "continue":
      return `{{${node.kind}}}`;
    default:
      return bareText(node);
  }
}

function pipeText({ variables, isAssignment, commands }: Pipe): string {
  const set = variables.length === 0 ? "" : `${variables.join(", ")} ${isAssignment ? "=" : ":="} `;
  return set + commands.map(nodeText).join(" | ");
}

function operandText(operand: Operand): string {
  return operand.kind === "pipe" ? `(${pipeText(operand)})` : nodeText(operand);
}

function bareText(node: Exclude<Operand, Pipe>): string {
  switch (node.kind) {
    case "chain":
      return [operandText(node.of), ...node.fields].join(".");
    case "identifier":
      return node.name;
    case "dot":
      return ".";
    case "nil":
      return "nil";
    case "field":
      return node.names.map((name) => `.${name}`).join("");
    case "variable":
      return node.names.join(".");
    case "bool":
      return String(node.value);
    case "number":
      return node.text;
    case "string":
      return node.quoted;
  }
}
