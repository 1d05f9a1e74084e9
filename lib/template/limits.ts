/** What a template may cost: templates come from a ConfigMap that others than the operator of signet may write. */

/** Bounds of a template and of each of its renderings. */
export interface TemplateLimits {
  /** Characters (UTF-16 units) of the template's text. */
  readonly maxTextChars: number;
  /** How deep blocks and parentheses nest in the text; an `else if` is one level deeper than its `if`. */
  readonly maxNesting: number;
  /** Variables that are in scope at once. */
  readonly maxVariables: number;
  /** How deep blocks, parentheses and calls of templates nest while rendering. */
  readonly maxDepth: number;
  /**
   * Statements, function calls and rounds of a range in one rendering. Of each text that a function is given or makes 1,024 characters are
   * one more, and of each list or map 64 members, and of a pipeline 64 operands.
   */
  readonly maxSteps: number;
  /** Values that all functions of one rendering look at, however deep in their arguments; what they match counts as much as it costs. */
  readonly maxLooks: number;
  /** Characters (UTF-16 units) of the output, and of each text that a function makes. */
  readonly maxOutputChars: number;
}

/** Istio's sidecar template has 25,000 characters, nests 6 deep, takes some 1,000 steps and writes 10,000 characters. */
export const TEMPLATE_LIMITS: TemplateLimits = {
  maxTextChars: 1_048_576,
  maxNesting: 400,
  maxVariables: 1000,
  maxDepth: 800,
  maxSteps: 200_000,
  maxLooks: 2_000_000,
  maxOutputChars: 2_097_152,
};

/** Characters of a text that one function may make. A rendering's own bound is checked when the function returns. */
export const MAX_MADE_CHARS = 2_097_152;
/** Members of a list that one function may make. */
export const MAX_MADE_ITEMS = 100_000;
/** Values that one function looks at: lists that hold one another many times over print as if they were copies. */
export const MAX_VISITED = 200_000;
/** How deep the values nest that a function looks at. */
export const MAX_VALUE_DEPTH = 500;
