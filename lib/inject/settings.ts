/** The injector's configuration, istiod's files `config` and `values`, read and checked once: templates are parsed here, not for a pod. */
import { messageOf, quote, SignetError } from "../base/mod.ts";
import { type LabelSelector, readSelector } from "../kube/mod.ts";
import { parseTemplate, SPRIG, type Template, type TemplateFunction } from "../template/mod.ts";
import { type Draft, emptyDraft, isDraft, member, objectAt, textAt } from "./document.ts";
import { TEMPLATE_FUNCTIONS } from "./template_functions.ts";
import { parseYaml } from "./yaml.ts";

/** Longest configuration; a ConfigMap holds a megabyte. */
export const MAX_SETTINGS_CHARS = 4 << 20;
/** Most templates; Istio ships eight. */
export const MAX_TEMPLATES = 100;

/** What is in force. */
export interface InjectorSettings {
  /** `enabled`, `disabled`, or what means neither. */
  readonly policy: string;
  /** Templates of pods that name none. */
  readonly defaultTemplates: readonly string[];
  /** Templates by name. */
  readonly templates: ReadonlyMap<string, Template>;
  /** Names that stand for several. */
  readonly aliases: ReadonlyMap<string, readonly string[]>;
  /** Pods without a word of their own that get nothing. */
  readonly neverInjectSelector: readonly LabelSelector[];
  /** And those that do. */
  readonly alwaysInjectSelector: readonly LabelSelector[];
  /** Annotations of every pod. */
  readonly injectedAnnotations: ReadonlyMap<string, string>;
  /** The charts' values. */
  readonly values: Draft;
}

/**
 * Reads both files.
 *
 * @throws {SignetError} `inject.bad_config`.
 */
export function readSettings(config: string, values: string): InjectorSettings {
  const document = readDocument(config, "config");
  const templates = new Map<string, Template>();
  const texts = textMap(document, "templates");
  if (texts.size > MAX_TEMPLATES) {
    throw badConfig(`config has more than ${MAX_TEMPLATES} templates`);
  }
  for (const [name, text] of texts) templates.set(name, templateOf(name, text));
  const defaults = textList(document, "defaultTemplates");
  return {
    policy: textAt(document, "policy"),
    defaultTemplates: defaults.length === 0 ? ["sidecar"] : defaults,
    templates,
    aliases: new Map(
      Object.keys(objectAt(document, "aliases")).map((name) =>
        [name, textList(objectAt(document, "aliases"), name)] as const
      ),
    ),
    neverInjectSelector: selectorList(document, "neverInjectSelector"),
    alwaysInjectSelector: selectorList(document, "alwaysInjectSelector"),
    injectedAnnotations: textMap(document, "injectedAnnotations"),
    values: readDocument(values, "values"),
  };
}

/** Functions of a template: Istio's over sprig's. */
const FUNCTIONS: Readonly<Record<string, TemplateFunction>> = { ...SPRIG, ...TEMPLATE_FUNCTIONS };

function templateOf(name: string, text: string): Template {
  try {
    return parseTemplate("inject", text, { functions: FUNCTIONS });
  } catch (thrown) {
    throw badConfig(`template ${quote(name)}: ${messageOf(thrown)}`);
  }
}

function readDocument(text: string, file: string): Draft {
  if (text.length > MAX_SETTINGS_CHARS) {
    throw badConfig(`${file} has more than ${MAX_SETTINGS_CHARS} characters`);
  }
  let value;
  try {
    value = text.trimStart().startsWith("{") ? readJson(text) : parseYaml(text);
  } catch (thrown) {
    throw badConfig(`${file}: ${messageOf(thrown)}`);
  }
  const document = value ?? emptyDraft();
  if (!isDraft(document)) throw badConfig(`${file} should be a mapping`);
  return document;
}

/** Values are mostly JSON, which is read at once; what only looks like it is YAML. */
function readJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return parseYaml(text);
  }
}

function textList(document: Draft, name: string): readonly string[] {
  const value = member(document, name) ?? [];
  if (Array.isArray(value) && value.every((item) => typeof item === "string")) return value;
  throw badConfig(`config: ${name} should be a list of texts`);
}

function textMap(document: Draft, name: string): Map<string, string> {
  const value = member(document, name) ?? {};
  if (!isDraft(value)) throw badConfig(`config: ${name} should be a mapping of texts`);
  const map = new Map<string, string>();
  for (const key of Object.keys(value)) {
    const text = value[key] ?? "";
    if (typeof text === "object") throw badConfig(`config: ${name}.${key} should be a text`);
    map.set(key, String(text));
  }
  return map;
}

function selectorList(document: Draft, name: string): readonly LabelSelector[] {
  const value = member(document, name) ?? [];
  if (!Array.isArray(value)) throw badConfig(`config: ${name} should be a list of label selectors`);
  return value.map((item) => {
    const selector = readSelector(item);
    if (selector === undefined) {
      throw badConfig(`config: ${name} has an item that is no label selector`);
    }
    return selector;
  });
}

/** A configuration that cannot be used. */
export function badConfig(reason: string): SignetError {
  return new SignetError("inject.bad_config", `Cannot use the injector's configuration: ${reason}`);
}
