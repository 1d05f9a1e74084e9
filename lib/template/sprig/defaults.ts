/** Functions on any value: defaults, JSON, types. */
import { isSignetError } from "../../base/mod.ts";
import { fault } from "../failure.ts";
import { decodeJson, encodeJson, type JsonOptions } from "../go_json.ts";
import { type TemplateFunction, typeName } from "../go_values.ts";
import { goFunction } from "../signature.ts";
import { isEmpty, kindName } from "./arguments.ts";
import { createComparer } from "./deep_equal.ts";
import { jsonFault } from "./json_fault.ts";

/** `%T`. */
function typeOf(value: unknown): string {
  return value === null || value === undefined ? "<nil>" : typeName(value);
}

/** Writes JSON; of what has none, nothing, as sprig has it. A bound is an error all the same. */
function quietly(options: JsonOptions): TemplateFunction {
  return goFunction("any", (value) => {
    try {
      return encodeJson(value, options);
    } catch (thrown) {
      const isUnsupported = isSignetError(thrown) && thrown.message.startsWith("json: unsupported");
      if (isUnsupported) return "";
      throw thrown;
    }
  });
}

function strictly(options: JsonOptions): TemplateFunction {
  return goFunction("any", (value) => encodeJson(value, options));
}

const PRETTY = { indent: "  " };
const RAW = { isRaw: true };

/** By their names in templates. */
export const DEFAULT_FUNCTIONS: Readonly<Record<string, TemplateFunction>> = {
  default: goFunction(
    "any, ...any",
    (otherwise, ...given) => given.length === 0 || isEmpty(given[0]) ? otherwise : given[0],
  ),
  empty: goFunction("any", isEmpty),
  coalesce: goFunction("...any", (...values) => values.find((value) => !isEmpty(value)) ?? null),
  all: goFunction("...any", (...values) => !values.some(isEmpty)),
  any: goFunction("...any", (...values) => values.some((value) => !isEmpty(value))),
  ternary: goFunction("any, any, bool", (yes, no, which) => which ? yes : no),
  toJson: quietly({}),
  toPrettyJson: quietly(PRETTY),
  toRawJson: strictly(RAW),
  mustToJson: strictly({}),
  mustToPrettyJson: strictly(PRETTY),
  mustToRawJson: strictly(RAW),
  fromJson: goFunction("string", (text) => decodeJson(text as string)?.value ?? null),
  mustFromJson: goFunction("string", (text) => {
    const parsed = decodeJson(text as string);
    if (parsed === undefined) throw fault(jsonFault(text as string));
    return parsed.value;
  }),
  typeOf: goFunction("any", typeOf),
  typeIs: goFunction("string, any", (type, value) => type === typeOf(value)),
  typeIsLike: goFunction(
    "string, any",
    (type, value) => type === typeOf(value) || `*${type}` === typeOf(value),
  ),
  kindOf: goFunction("any", kindName),
  kindIs: goFunction("string, any", (kind, value) => kind === kindName(value)),
  deepEqual: goFunction("any, any", (a, b) => createComparer()(a, b)),
};
