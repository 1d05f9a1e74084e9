/**
 * YAML as Go's library reads it, which Istio's templates and settings are written for. What stands in the usual forms is read by
 * `yaml_block.ts`; everything else, and every error, by the `yaml` package.
 */
import { isAlias, isMap, isNode, isScalar, isSeq, parseDocument, Scalar } from "yaml";
import { messageOf, SignetError } from "../base/mod.ts";
import { type Draft, emptyDraft, isDraft, MAX_DEPTH } from "./document.ts";
import { OUTSIDE, parseBlockYaml } from "./yaml_block.ts";
import { resolvePlain } from "./yaml_scalar.ts";

/** Nodes that aliases may bring; more is a bomb. */
const MAX_ALIASED_NODES = 10_000;

/**
 * The value of a document; nothing is `null`.
 *
 * @throws {SignetError} `inject.bad_yaml`.
 */
export function parseYaml(text: string): unknown {
  const value = parseBlockYaml(text);
  return value === OUTSIDE ? parseAnyYaml(text) : value;
}

/** The same by the package alone: what {@linkcode parseYaml} is held against. */
export function parseAnyYaml(text: string): unknown {
  let document;
  try {
    document = parseDocument(text, {
      schema: "failsafe",
      prettyErrors: false,
      uniqueKeys: false,
      strict: false,
    });
  } catch (thrown) {
    throw bad(messageOf(thrown)); // nested too deeply for the package
  }
  const [error] = document.errors;
  if (error !== undefined) throw bad(error.message);
  return new Conversion().valueOf(document.contents, 0);
}

function bad(reason: string): SignetError {
  return new SignetError("inject.bad_yaml", `Cannot read YAML: ${reason.split("\n")[0]}`);
}

class Conversion {
  /** The nodes with an anchor so far: the package's own look-up walks the whole document for each alias. */
  readonly #anchored = new Map<string, unknown>();
  /** What an alias stood for where it was written: its name may mean another node by the time it is looked at again. */
  readonly #targets = new Map<unknown, unknown>();
  #aliased = 0;
  #isAliased = false;

  valueOf(node: unknown, depth: number): unknown {
    if (depth > MAX_DEPTH) throw bad(`it nests deeper than ${MAX_DEPTH}`);
    if (this.#isAliased && ++this.#aliased > MAX_ALIASED_NODES) {
      throw bad(`its aliases stand for more than ${MAX_ALIASED_NODES} nodes`);
    }
    if (isAlias(node)) {
      if (!this.#targets.has(node)) this.#targets.set(node, this.#anchored.get(node.source));
      return this.#resolved(this.#targets.get(node), depth);
    }
    if (!this.#isAliased && isNode(node) && node.anchor !== undefined) {
      this.#anchored.set(node.anchor, node);
    }
    if (isSeq(node)) return node.items.map((item) => this.valueOf(item, depth + 1));
    if (isMap(node)) return this.#object(node.items, depth);
    if (!isScalar(node)) return null;
    const text = String(node.value ?? "");
    const isPlain = node.type === Scalar.PLAIN || node.type === undefined;
    return isPlain && node.tag !== "!!str" && node.tag !== "tag:yaml.org,2002:str"
      ? resolvePlain(text)
      : text;
  }

  #resolved(node: unknown, depth: number): unknown {
    if (node === undefined) throw bad("an alias has no anchor");
    const before = this.#isAliased;
    this.#isAliased = true;
    const value = this.valueOf(node, depth + 1);
    this.#isAliased = before;
    return value;
  }

  #object(
    items: readonly { readonly key: unknown; readonly value: unknown }[],
    depth: number,
  ): Draft {
    const object = emptyDraft();
    const merged: unknown[] = [];
    for (const { key, value } of items) {
      const name = this.valueOf(key, depth + 1);
      const held = this.valueOf(value, depth + 1);
      const isMerge = isScalar(key) && key.type === Scalar.PLAIN && name === "<<";
      if (isMerge && (isDraft(held) || Array.isArray(held))) merged.push(held);
      else if (typeof name === "object" && name !== null) throw bad("a key is no scalar");
      else object[String(name)] = held;
    }
    for (const each of merged.flat().filter(isDraft)) {
      for (const name of Object.keys(each)) {
        if (!Object.hasOwn(object, name)) object[name] = each[name];
      }
    }
    return object;
  }
}
