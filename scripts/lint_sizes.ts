/** Lint rules about size: what is longer than a reader takes in at once says why. */

/** Longest file without a reason, and the longest with one (data tables apart, whose reason says so). */
const MAX_FILE_LINES = 400;
/** Longest function without a reason. */
const MAX_FUNCTION_LINES = 80;
/** How a reason begins, in the comment that opens the file or stands above the function. */
const REASON = "Long on purpose: ";
const REASON_REGEXP = /Long on purpose: \S/;
const CODE_REGEXP = /\/(lib|scripts)\/[^:]+\.ts$|\/main\.ts$/;

function lines(text: string): number {
  return text.split("\n").length;
}

/** Files of at most 400 lines, or with a reason in the opening comment. */
export const fileLength: Deno.lint.Rule = {
  create(context) {
    return {
      Program(node) {
        const { text } = context.sourceCode;
        const count = lines(text.trimEnd());
        const opening = text.slice(0, text.indexOf("*/") + 1);
        if (count <= MAX_FILE_LINES || REASON_REGEXP.test(opening)) return;
        context.report({
          node,
          message: `the file has ${count} lines, at most ${MAX_FILE_LINES} are allowed without ` +
            `"${REASON}..." in its opening comment`,
        });
      },
    };
  },
};

/** Functions of at most 80 lines, or with a reason in the comment above. */
export const functionLength: Deno.lint.Rule = {
  create(context) {
    if (!CODE_REGEXP.test(context.filename)) return {};
    const check = (
      node:
        | Deno.lint.FunctionDeclaration
        | Deno.lint.FunctionExpression
        | Deno.lint.ArrowFunctionExpression,
    ) => {
      const { text } = context.sourceCode;
      const count = lines(text.slice(...node.range));
      if (count <= MAX_FUNCTION_LINES) return;
      const above = text.slice(0, node.range[0]);
      if (REASON_REGEXP.test(above.slice(above.lastIndexOf("/**")))) return;
      context.report({
        node,
        message: `the function has ${count} lines, at most ${MAX_FUNCTION_LINES} are allowed ` +
          `without "${REASON}..." in the comment above`,
      });
    };
    return {
      FunctionDeclaration: check,
      FunctionExpression: check,
      ArrowFunctionExpression: check,
    };
  },
};
