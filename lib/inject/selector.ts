/** Kubernetes' label selectors: what is wrong with one, and which labels match. */
import { isDraft } from "./document.ts";

/** One selector. */
export interface LabelSelector {
  /** Labels that must have these values. */
  readonly matchLabels: ReadonlyMap<string, string>;
  /** Further conditions. */
  readonly matchExpressions: readonly LabelExpression[];
}

/** One condition. */
export interface LabelExpression {
  /** The label. */
  readonly key: string;
  /** `In`, `NotIn`, `Exists`, `DoesNotExist`. */
  readonly operator: string;
  /** Values of the first two. */
  readonly values: readonly string[];
}

/** Reads a selector; `undefined` when it has not the form of one. */
export function readSelector(value: unknown): LabelSelector | undefined {
  if (!isDraft(value)) return undefined;
  const labels = value["matchLabels"] ?? {};
  const expressions = value["matchExpressions"] ?? [];
  if (!isDraft(labels) || !Array.isArray(expressions)) return undefined;
  const matchLabels = new Map<string, string>();
  for (const [name, text] of Object.entries(labels)) {
    if (typeof text !== "string") return undefined;
    matchLabels.set(name, text);
  }
  const matchExpressions: LabelExpression[] = [];
  for (const each of expressions) {
    if (!isDraft(each)) return undefined;
    const { key, operator, values = [] } = each;
    if (typeof key !== "string" || typeof operator !== "string") return undefined;
    if (!isTexts(values)) return undefined;
    matchExpressions.push({ key, operator, values });
  }
  return { matchLabels, matchExpressions };
}

function isTexts(value: unknown): value is readonly string[] {
  return Array.isArray(value) && value.every((item) => typeof item === "string");
}

/** True when a selector asks for anything and the labels have it. Conditions that make no sense match nothing. */
export function selects(
  selector: LabelSelector,
  labels: Readonly<Record<string, string>>,
): boolean {
  const { matchLabels, matchExpressions } = selector;
  if (matchLabels.size === 0 && matchExpressions.length === 0) return false;
  if (!matchExpressions.every(isSound)) return false;
  for (const [name, value] of matchLabels) if (labels[name] !== value) return false;
  return matchExpressions.every((expression) => holds(expression, labels[expression.key]));
}

function isSound({ operator, values }: LabelExpression): boolean {
  return operator === "In" || operator === "NotIn"
    ? values.length > 0
    : (operator === "Exists" || operator === "DoesNotExist") && values.length === 0;
}

function holds({ operator, values }: LabelExpression, value: string | undefined): boolean {
  switch (operator) {
    case "In":
      return value !== undefined && values.includes(value);
    case "NotIn":
      return value === undefined || !values.includes(value);
    case "Exists":
      return value !== undefined;
    default:
      return value === undefined;
  }
}
