/** A template, its data, and how both engines are asked. */
import { isSignetError, SignetError } from "signet/base/mod.ts";
import { type MissingKey, parseTemplate, SPRIG } from "signet/template/mod.ts";
import { goValues } from "./values.ts";

/** One template to render. */
export interface TemplateCase {
  /** Its text. */
  readonly template: string;
  /** Its dot, as `values.ts` reads it. */
  readonly data?: unknown;
  /** True with sprig's functions. */
  readonly sprig?: boolean;
  /** What a missing key is. */
  readonly missingKey?: MissingKey;
}

/** What came of it: one of the two. */
export interface Rendered {
  /** The text. */
  readonly output: string;
  /** The error, when it failed. */
  readonly error?: string;
}

/** Renders with signet's engine. */
export function renderHere(asked: TemplateCase): Rendered {
  const { template, data, sprig = false, missingKey = "default" } = asked;
  try {
    const parsed = parseTemplate("t", template, { functions: sprig ? SPRIG : {}, missingKey });
    return { output: parsed.render(goValues(data)) };
  } catch (thrown) {
    if (!isSignetError(thrown, "template.failed", "template.bad_syntax")) throw thrown;
    return { output: "", error: (thrown as SignetError).message };
  }
}
