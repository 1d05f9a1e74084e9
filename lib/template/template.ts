/** Parses and renders. */
import { isSignetError, SignetError } from "../base/mod.ts";
import { withinAllowance } from "./allowance.ts";
import { BUILTINS } from "./builtins.ts";
import { compileTrees, type Renderer } from "./compile.ts";
import type { TemplateFunction } from "./go_values.ts";
import { TEMPLATE_LIMITS, type TemplateLimits } from "./limits.ts";
import { parseTrees } from "./parser.ts";
import { type MissingKey, rootVariables, type Run, type Source } from "./run.ts";

/** How a text is parsed. */
export interface ParseTemplateOptions {
  /** The functions that it may call, beside those that every template has; one of the same name replaces such a one. */
  readonly functions: Readonly<Record<string, TemplateFunction>>;
  /** Bounds that differ from `TEMPLATE_LIMITS`. */
  readonly limits?: Partial<TemplateLimits>;
  /** What a key that a map has not stands for. Default: `default`, which prints as `<no value>`. */
  readonly missingKey?: MissingKey;
}

/** A parsed template. */
export interface Template {
  /** The name that errors show. */
  readonly name: string;
  /**
   * Renders for the given dot; see `go_values.ts` for what stands for which of Go's values.
   *
   * @throws {SignetError} `template.failed`, in Go's words.
   */
  readonly render: (data: unknown) => string;
}

/**
 * Parses a template. Parse once, render often.
 *
 * @throws {SignetError} `template.bad_syntax`, in Go's words: name, line and what.
 */
export function parseTemplate(
  name: string,
  text: string,
  options: ParseTemplateOptions,
): Template {
  const limits = { ...TEMPLATE_LIMITS, ...options.limits };
  if (text.length > limits.maxTextChars) {
    throw new SignetError(
      "template.bad_syntax",
      `Cannot parse template ${name}: the text has ${text.length} characters, at most ${limits.maxTextChars} are allowed`,
    );
  }
  const functions = new Map(Object.entries({ ...BUILTINS, ...options.functions }));
  const builtins = new Set(
    Object.keys(BUILTINS).filter((known) => !Object.hasOwn(options.functions, known)),
  );
  const isFunction = (known: string) => functions.has(known);
  const trees = parseTrees(name, text, { isFunction, limits });
  const compiled = compileTrees(trees, { functions, builtins });
  const source: Source = { name, text, limits, missingKey: options.missingKey ?? "default" };
  const main = compiled.get(name) as Renderer;
  return { name, render: (data) => render(main, source, data) };
}

function render(main: Renderer, source: Source, data: unknown): string {
  const run: Run = {
    ...{ source, out: "", steps: 0, depth: 0, template: source.name, dotIsInterface: false },
    at: { kind: "text", pos: 0, text: "" },
    variables: rootVariables(data),
  };
  try {
    withinAllowance(source.limits.maxLooks, () => main(run, data));
  } catch (thrown) {
    if (isSignetError(thrown)) throw thrown;
    // The engine's own stack ends before `maxDepth` only where the caller's was already deep.
    if (!(thrown instanceof RangeError)) throw thrown;
    throw new SignetError(
      "template.failed",
      `Cannot render template ${source.name}: it nests too deep`,
      {
        cause: thrown,
      },
    );
  }
  return run.out;
}
