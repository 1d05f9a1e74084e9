/**
 * One object for values that many objects repeat: the labels of a Deployment's pods, service accounts, names of nodes. Twenty thousand
 * pods say the same few hundred things.
 */
import type { Labels } from "./port.ts";

/** Most values that are remembered; then all are forgotten, and what comes after is shared anew. */
const MAX_VALUES = 20_000;

/** Gives back values that it was given before. */
export interface SharedValues {
  /** A text with the same characters. */
  text(text: string): string;
  /** Labels with the same content. */
  labels(labels: Labels): Labels;
}

/** Makes a {@linkcode SharedValues} that knows nothing yet. */
export function createSharedValues(): SharedValues {
  const texts = new Map<string, string>();
  const records = new Map<string, Labels>();
  return {
    text: (text) => shared(texts, text, text),
    // The API server writes keys in order.
    labels: (labels) => shared(records, JSON.stringify(labels), labels),
  };
}

function shared<T>(known: Map<string, T>, key: string, value: T): T {
  const found = known.get(key);
  if (found !== undefined) return found;
  if (known.size >= MAX_VALUES) known.clear();
  known.set(key, value);
  return value;
}
