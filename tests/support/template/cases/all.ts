/** Every table of templates. */
import type { TemplateCase } from "../case.ts";
import { BUILTIN_CASES } from "./builtins.ts";
import { LANGUAGE } from "./language.ts";
import { SPRIG_CASES } from "./sprig.ts";
import { casesOf } from "./table.ts";

/** Every template, with its group. */
export const ALL_CASES: readonly (TemplateCase & { readonly group: string })[] = casesOf([
  LANGUAGE,
  BUILTIN_CASES,
  SPRIG_CASES,
]);
