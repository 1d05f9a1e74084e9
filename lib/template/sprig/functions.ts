/** The functions of sprig v3 that depend on their arguments alone. */
import type { TemplateFunction } from "../go_values.ts";
import { CASE_FUNCTIONS } from "./case.ts";
import { DEFAULT_FUNCTIONS } from "./defaults.ts";
import { DICT_FUNCTIONS } from "./dicts.ts";
import { DURATION_FUNCTIONS } from "./durations.ts";
import { ENCODING_FUNCTIONS } from "./encodings.ts";
import { EXPRESSION_FUNCTIONS } from "./expressions.ts";
import { LIST_FUNCTIONS } from "./lists.ts";
import { NUMBER_FUNCTIONS } from "./numbers.ts";
import { PATH_FUNCTIONS } from "./paths.ts";
import { SEMVER_FUNCTIONS } from "./semver.ts";
import { TEXT_FUNCTIONS } from "./texts.ts";

/**
 * Sprig's functions by their names, without those that ask the clock or work on times, make keys, certificates, passwords or anything by
 * chance, read the environment or look up hosts, and without `urlParse` and `urlJoin`: a template that calls such a one is refused when it
 * is parsed.
 */
export const SPRIG: Readonly<Record<string, TemplateFunction>> = {
  ...TEXT_FUNCTIONS,
  ...NUMBER_FUNCTIONS,
  ...DEFAULT_FUNCTIONS,
  ...LIST_FUNCTIONS,
  ...DICT_FUNCTIONS,
  ...ENCODING_FUNCTIONS,
  ...PATH_FUNCTIONS,
  ...CASE_FUNCTIONS,
  ...EXPRESSION_FUNCTIONS,
  ...SEMVER_FUNCTIONS,
  ...DURATION_FUNCTIONS,
};
