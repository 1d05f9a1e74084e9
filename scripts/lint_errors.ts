/** Lint rules about errors: each has a code, and each message has the form that ARCHITECTURE and the errors' own file promise. */
import { fileOf, placeOf } from "./lint_place.ts";

/** Classes that may extend `Error`: the one error type, and a parser's complaint that never leaves its room. */
const ERROR_CLASSES: Readonly<Record<string, readonly string[]>> = {
  "base/errors.ts": ["SignetError"],
  "config/option.ts": ["BadValue"],
};
/** Where the message stands among the arguments. */
const MESSAGE_ARGUMENT: Readonly<Record<string, number>> = {
  SignetError: 1,
  TypeError: 0,
  RangeError: 0,
};

/** Files whose messages are istiod's, word by word, since its clients and their operators know them. */
const ISTIOD_WORDS = [
  "ca/csr_policy.ts",
  "ca/profile.ts",
  "ca/ra_policy.ts",
  "ca/registration.ts",
  "x509/csr.ts",
  "spiffe/peer_svid.ts",
];

/** No plain `Error`, made or extended. */
export const errorsHaveCodes: Deno.lint.Rule = {
  create(context) {
    const place = placeOf(context.filename);
    if (place === undefined) return {};
    const allowed = ERROR_CLASSES[fileOf(place)] ?? [];
    const check = (node: Deno.lint.NewExpression | Deno.lint.CallExpression) => {
      if (node.callee.type !== "Identifier" || node.callee.name !== "Error") return;
      context.report({
        node,
        message: "throw a SignetError with a code, or TypeError or RangeError for misuse",
      });
    };
    return {
      NewExpression: check,
      CallExpression: check,
      ClassDeclaration(node) {
        if (node.superClass?.type !== "Identifier" || node.superClass.name !== "Error") return;
        if (allowed.includes(node.id?.name ?? "")) return;
        context.report({ node, message: "there is one error type: SignetError, with a code" });
      },
    };
  },
};

/** The fixed texts at both ends of a message; undefined where one is computed. */
function ends(
  node: Deno.lint.Node | undefined,
): readonly [string | undefined, string | undefined] {
  if (node?.type === "Literal" && typeof node.value === "string") return [node.value, node.value];
  if (node?.type !== "TemplateLiteral") return [undefined, undefined];
  const texts = node.quasis.map(({ cooked, raw }) => cooked ?? raw);
  const [first, last] = [texts[0], texts.at(-1)];
  return [first === "" ? undefined : first, last === "" ? undefined : last];
}

/** A message begins with a capital letter and ends without a period. */
export const messageForm: Deno.lint.Rule = {
  create(context) {
    const place = placeOf(context.filename);
    if (place === undefined || ISTIOD_WORDS.includes(fileOf(place))) return {};
    return {
      NewExpression(node) {
        if (node.callee.type !== "Identifier") return;
        const at = MESSAGE_ARGUMENT[node.callee.name];
        const message = at === undefined ? undefined : node.arguments[at];
        if (message === undefined) return;
        const [start, end] = ends(message);
        if (start !== undefined && !/^\p{Lu}/u.test(start)) {
          context.report({ node: message, message: "a message begins with a capital letter" });
        }
        if (end !== undefined && /[.!\s]$/.test(end)) {
          context.report({ node: message, message: "a message ends without a period" });
        }
      },
    };
  },
};
