/** Kubernetes' label selectors: what is wrong with one, and which labels match. */
import { quote } from "../base/mod.ts";

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

/** Labels of an object. */
export type ObjectLabels = Readonly<Record<string, string>>;

/** Most characters of a label's name, of the domain before it, and of a value. */
const MAX_CHARS = { name: 63, prefix: 253, value: 63 } as const;
const NAME = /^[A-Za-z0-9]([-A-Za-z0-9_.]*[A-Za-z0-9])?$/;
const PREFIX = /^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$/;

/** Reads a selector; `undefined` when it has not the form of one. */
export function readSelector(value: unknown): LabelSelector | undefined {
  if (!isMapping(value)) return undefined;
  const labels = value["matchLabels"] ?? {};
  const expressions = value["matchExpressions"] ?? [];
  if (!isMapping(labels) || !Array.isArray(expressions)) return undefined;
  const matchLabels = new Map<string, string>();
  for (const [name, text] of Object.entries(labels)) {
    if (typeof text !== "string") return undefined;
    matchLabels.set(name, text);
  }
  const matchExpressions: LabelExpression[] = [];
  for (const each of expressions) {
    if (!isMapping(each)) return undefined;
    const { key, operator, values } = each;
    if (typeof key !== "string" || typeof operator !== "string") return undefined;
    const texts = values ?? [];
    if (!isTexts(texts)) return undefined;
    matchExpressions.push({ key, operator, values: texts });
  }
  return { matchLabels, matchExpressions };
}

function isMapping(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function isTexts(value: unknown): value is readonly string[] {
  return Array.isArray(value) && value.every((item) => typeof item === "string");
}

/** What the API server would refuse of a selector, for people; `undefined` when nothing. */
export function selectorFault(
  { matchLabels, matchExpressions }: LabelSelector,
): string | undefined {
  for (const [name, value] of matchLabels) {
    const fault = nameFault(name) ?? valueFault(value);
    if (fault !== undefined) return fault;
  }
  for (const expression of matchExpressions) {
    const { key, operator, values } = expression;
    if (!isSound(expression)) return describeUnsound(expression);
    const fault = nameFault(key) ?? values.map(valueFault).find((fault) => fault !== undefined);
    if (fault !== undefined) return `${operator}: ${fault}`;
  }
  return undefined;
}

function describeUnsound({ operator, values }: LabelExpression): string {
  if (operator === "In" || operator === "NotIn") return `${operator} wants values`;
  if (values.length > 0 && (operator === "Exists" || operator === "DoesNotExist")) {
    return `${operator} takes no values`;
  }
  return `operator ${quote(operator)} should be In, NotIn, Exists or DoesNotExist`;
}

function nameFault(key: string): string | undefined {
  const slash = key.indexOf("/");
  const [prefix, name] = [key.slice(0, Math.max(0, slash)), key.slice(slash + 1)];
  const isPrefix = slash < 0 || prefix.length <= MAX_CHARS.prefix && PREFIX.test(prefix);
  const isName = name.length <= MAX_CHARS.name && NAME.test(name);
  return isPrefix && isName ? undefined : `${quote(key)} is no name of a label`;
}

function valueFault(value: string): string | undefined {
  const isValue = value === "" || value.length <= MAX_CHARS.value && NAME.test(value);
  return isValue ? undefined : `${quote(value)} is no value of a label`;
}

/** True when a selector asks for anything and the labels have it. Conditions that make no sense match nothing. */
export function selects(selector: LabelSelector, labels: ObjectLabels): boolean {
  const { matchLabels, matchExpressions } = selector;
  if (matchLabels.size === 0 && matchExpressions.length === 0) return false;
  return matchesLabels(selector, labels);
}

/** The same, for readers to whom a selector that asks for nothing matches everything, as it does to the API server. */
export function matchesLabels(
  { matchLabels, matchExpressions }: LabelSelector,
  labels: ObjectLabels,
): boolean {
  if (!matchExpressions.every(isSound)) return false;
  for (const [name, value] of matchLabels) if (labelOf(labels, name) !== value) return false;
  return matchExpressions.every((expression) => holds(expression, labelOf(labels, expression.key)));
}

function labelOf(labels: ObjectLabels, name: string): string | undefined {
  return Object.hasOwn(labels, name) ? labels[name] : undefined;
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
