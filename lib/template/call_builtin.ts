/** `call`: a function that is a value, such as a field of a map. */
import { fault } from "./failure.ts";
import { GoInt, goInt, isIntType, type TemplateFunction, typeName } from "./go_values.ts";
import { asArgument, parameterAt, signatureOf, UNCHECKED } from "./signature.ts";

/** Calls the first of `values` with the others. */
export function callNamed(name: string, values: readonly unknown[]): unknown {
  const [called, ...args] = values;
  if (called === undefined || called === null) throw fault("call of nil");
  if (typeof called !== "function") {
    throw fault(`non-function ${name} of type ${typeName(called)}`);
  }
  const signature = signatureOf(called);
  const { params, isVariadic } = signature;
  const wanted = params.length - (isVariadic ? 1 : 0);
  if (signature !== UNCHECKED && (isVariadic ? args.length < wanted : args.length !== wanted)) {
    const least = isVariadic ? "at least " : "";
    throw fault(`wrong number of args for ${name}: got ${args.length} want ${least}${wanted}`);
  }
  const prepared = args.map((value, at) => {
    try {
      return prepareArgument(value, parameterAt(signature, at));
    } catch (thrown) {
      throw fault(`arg ${at}: ${(thrown as Error).message}`, thrown);
    }
  });
  return (called as TemplateFunction)(...prepared);
}

/** Between functions that are values, an integer of one type may stand for one of another. */
export function prepareArgument(value: unknown, type: string): unknown {
  if (value instanceof GoInt && isIntType(type)) return goInt(value.value, type);
  try {
    return asArgument(value, type);
  } catch {
    throw fault(
      value === undefined || value === null
        ? `value is nil; should be of type ${type}`
        : `value has type ${typeName(value)}; should be ${type}`,
    );
  }
}
