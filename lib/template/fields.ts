/** `.Field`, `$x.Field` and `(...).Field`: fields of structs, keys of maps, and methods. */
import { type Arguments, callFunction, MISSING } from "./call.ts";
import {
  collectionType,
  elementType,
  GoNil,
  GoStruct,
  isMap,
  methodOf,
  structField,
  typeName,
  zeroOf,
} from "./go_values.ts";
import type { Node } from "./nodes.ts";
import { fail, type Run } from "./run.ts";
import { signatureOf } from "./signature.ts";

/**
 * Follows `names` from `receiver`; the last one may be a method with arguments.
 *
 * @param isInterface True when the receiver is a member of a list or map of `interface {}`.
 */
export function followFields(
  run: Run,
  receiver: unknown,
  isInterface: boolean,
  names: readonly string[],
  args: Arguments,
): unknown {
  let [value, wrapped] = [receiver, isInterface];
  const last = names.length - 1;
  for (let at = 0; at <= last; at++) {
    const given = at === last ? args : withoutArguments(args.node);
    const next = fieldOf(run, value, wrapped, names[at] as string, given);
    wrapped = holdsInterfaces(value);
    value = next;
  }
  return value;
}

/** A call without arguments. */
export function withoutArguments(node: Node): Arguments {
  return { dot: undefined, nodes: [], final: MISSING, node };
}

/** True for a list or map whose members are of type `interface {}`. */
export function holdsInterfaces(value: unknown): boolean {
  return typeof value === "object" && value !== null &&
    (Array.isArray(value) || isMap(value)) &&
    elementType(collectionType(value)) === "interface {}";
}

function fieldOf(
  run: Run,
  receiver: unknown,
  isInterface: boolean,
  name: string,
  args: Arguments,
): unknown {
  if (receiver === undefined) {
    if (run.source.missingKey === "error") fail(run, `nil data; no entry for key "${name}"`);
    return undefined;
  }
  if (receiver === null) fail(run, `nil pointer evaluating interface {}.${name}`);
  const method = methodOf(receiver, name);
  if (method !== undefined) {
    const bound = (...given: readonly unknown[]) => method(receiver, ...given);
    return callFunction(run, bound, signatureOf(method), name, args);
  }
  const hasArguments = args.nodes.length > 0 || args.final !== MISSING;
  if (receiver instanceof GoStruct) {
    const field = structField(receiver, name);
    if (field !== undefined) {
      if (hasArguments) fail(run, `${name} has arguments but cannot be invoked as function`);
      return field;
    }
  } else if (isMap(receiver)) {
    if (hasArguments) fail(run, `${name} is not a method but has arguments`);
    return Object.hasOwn(receiver, name) ? receiver[name] ?? null : missingEntry(
      run,
      collectionType(receiver),
      name,
    );
  } else if (receiver instanceof GoNil) {
    if (receiver.type.startsWith("map[string]")) {
      if (hasArguments) fail(run, `${name} is not a method but has arguments`);
      return missingEntry(run, receiver.type, name);
    }
    const { pointee } = receiver;
    if (
      receiver.type.startsWith("*") &&
      (pointee === undefined || Object.hasOwn(pointee.fields, name))
    ) {
      fail(run, `nil pointer evaluating ${isInterface ? "interface {}" : receiver.type}.${name}`);
    }
  }
  const type = isInterface ? "interface {}" : typeName(receiver);
  fail(run, `can't evaluate field ${name} in type ${type}`);
}

function missingEntry(run: Run, type: string, name: string): unknown {
  switch (run.source.missingKey) {
    case "default":
      return undefined;
    case "zero":
      return zeroOf(elementType(type));
    case "error":
      fail(run, `map has no entry for key ${JSON.stringify(name)}`);
  }
}
