/** Where signet's engine does not say what Go says, on purpose: the only list. */
import type { Rendered } from "./case.ts";

const FUNCTION_TYPE = "the type of a function that is a value is shown without parameters";

/** Answers that differ, by the template, with the reason. */
export const DIFFERENCES: Readonly<Record<string, string>> = {
  "{{1+2i}}": "complex numbers are refused: no template has a use for them",
  "{{3i}}": "complex numbers are refused: no template has a use for them",
  "{{.pair}}": FUNCTION_TYPE,
  "{{.pair | call}}": FUNCTION_TYPE,
  "{{eq .pair .pair}}": FUNCTION_TYPE,
  "{{len .pair}}": FUNCTION_TYPE,
  "{{mustToJson .pair}}": FUNCTION_TYPE,
  "{{toRawJson .pair}}": FUNCTION_TYPE,
};

/** An answer without the addresses that Go prints for pointers and functions, which are others each time. */
export function comparable({ output, error }: Rendered): Rendered {
  const hide = (text: string) => text.replaceAll(/0x[0-9a-f]{6,12}\b/g, "0xc000000000");
  return error === undefined ? { output: hide(output) } : { output: "", error: hide(error) };
}
