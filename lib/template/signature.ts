/** What a function's parameters are: Go checks a template's arguments against them before the call. */
import { fault } from "./failure.ts";
import {
  GoNamed,
  GoNil,
  GoStruct,
  kindOfType,
  type TemplateFunction,
  typeName,
  zeroOf,
} from "./go_values.ts";

/** The parameters of a function. */
export interface Signature {
  /** Their types by Go's names, `interface {}` for `any`; `reflect.Value` takes nothing as it is. */
  readonly params: readonly string[];
  /** True when the last one takes any number of arguments. */
  readonly isVariadic: boolean;
}

const SIGNATURE = Symbol("parameters");

/** The parameters of a function that says none: anything. */
export const UNCHECKED: Signature = { params: ["interface {}"], isVariadic: true };

/**
 * A function whose arguments are checked as Go checks them: how many, and of which types.
 *
 * @param params Types by Go's names, after commas: `string, int, ...any`. `map` stands for `map[string]interface {}`, `value` for `reflect.Value`.
 */
export function goFunction(params: string, implementation: TemplateFunction): TemplateFunction {
  const marked: TemplateFunction = (...args) => implementation(...args);
  Object.defineProperty(marked, SIGNATURE, { value: parseSignature(params) });
  return marked;
}

/** The parameters of a function. */
export function signatureOf(called: unknown): Signature {
  return (called as { readonly [SIGNATURE]?: Signature })[SIGNATURE] ?? UNCHECKED;
}

const SHORT_NAMES: Readonly<Record<string, string>> = {
  any: "interface {}",
  map: "map[string]interface {}",
  value: "reflect.Value",
};

function parseSignature(text: string): Signature {
  if (text === "") return { params: [], isVariadic: false };
  const names = text.split(", ");
  const isVariadic = names.at(-1)?.startsWith("...") ?? false;
  const params = names.map((name) => {
    const bare = name.startsWith("...") ? name.slice(3) : name;
    return SHORT_NAMES[bare] ?? bare;
  });
  return { params, isVariadic };
}

/** The type of the argument at a place. */
export function parameterAt(signature: Signature, at: number): string {
  const { params } = signature;
  return params[at] ?? params.at(-1) ?? "interface {}";
}

/** True for a type that has a nil. */
export function canBeNil(type: string): boolean {
  if (type === "interface {}" || type === "reflect.Value") return true;
  const kind = kindOfType(type);
  return kind === "ptr" || kind === "map" || kind === "slice" || kind === "func";
}

/**
 * A value as an argument of the given type.
 *
 * @throws {SignetError} `template.failed` when it is not one.
 */
export function asArgument(value: unknown, type: string): unknown {
  if (type === "interface {}") return value ?? null;
  if (type === "reflect.Value") return value;
  if (value === undefined) {
    if (canBeNil(type)) return zeroOf(type);
    throw fault(`invalid value; expected ${type}`);
  }
  const actual = typeName(value);
  if (actual === type && value !== null) return value;
  if (value instanceof GoStruct && value.isPointer && value.type.name === type) {
    return new GoStruct(value.type, value.fields, false);
  }
  // A named list or map may stand for what it is below its name.
  if (value instanceof GoNamed && typeName(value.value) === type && /^(\[\]|map\[)/.test(type)) {
    return value.value;
  }
  if (value instanceof GoNil && value.type === `*${type}`) {
    throw fault(`dereference of nil pointer of type ${type}`);
  }
  throw fault(`wrong type for value; expected ${type}; got ${actual}`);
}
