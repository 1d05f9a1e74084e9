/** `StringMatch`: a text as it is, its beginning, or an expression of RE2, which is what Envoy matches with. */
import { RE2JS } from "re2js";
import { messageOf, utf8 } from "../../base/mod.ts";
import { object } from "../schema/collection.ts";
import { below, type Cursor, fault, type ValueOf } from "../schema/port.ts";
import { optional, text } from "../schema/scalar.ts";
import { costOfRegex } from "./regex_cost.ts";

/** Longest expression, in octets of UTF-8, as Istio has it. */
const MAX_REGEX_BYTES = 1024;

/** One of `exact`, `prefix` and `regex`. */
export const STRING_MATCH = object({
  exact: optional(text()),
  prefix: optional(text()),
  regex: optional(text()),
}, { oneOf: [["exact", "prefix", "regex"]] });

/** How a text is matched. */
export type StringMatch = NonNullable<ValueOf<typeof STRING_MATCH>>;

/** The rules of a match; an empty prefix is fine for a path alone. */
export function checkStringMatch(
  match: StringMatch | undefined,
  at: Cursor,
  where: string,
  { mayBeEmpty = false }: { readonly mayBeEmpty?: boolean } = {},
): void {
  if (match === undefined) return;
  if (match.prefix === "" && !mayBeEmpty) {
    fault(below(at, "prefix"), `"${where}": prefix string match should not be empty`);
  }
  if (match.regex !== undefined) {
    fault(
      below(at, "regex"),
      match.regex === ""
        ? `"${where}": regex string match should not be empty`
        : regexFault(match.regex, at, where),
    );
  }
}

/** What is wrong with an expression of RE2; `at` is a place of the document, whose budget it is checked on. */
export function regexFault(regex: string, at: Cursor, where: string): string | undefined {
  if (utf8(regex).length > MAX_REGEX_BYTES) {
    return `"${where}": regex is too large, max length allowed is ${MAX_REGEX_BYTES}`;
  }
  at.findings.budget.left -= costOfRegex(regex);
  if (at.findings.budget.left < 0) {
    return `"${where}": the document has too many or too large regexes to be checked; split it`;
  }
  try {
    RE2JS.compile(regex);
    return undefined;
  } catch (thrown) {
    return `"${where}": ${
      messageOf(thrown)
    }; Istio uses RE2 style regex-based match (https://github.com/google/re2/wiki/Syntax)`;
  }
}
