/** The functions that Istio gives its injection templates beside sprig's, by the same names and with the same arguments. */
import { formatGoDuration } from "../base/mod.ts";
import {
  fault,
  formatValue,
  goFunction,
  GoInt,
  GoNamed,
  GoNil,
  goNil,
  GoStruct,
  goTyped,
  look,
  TEMPLATE_LIMITS,
  type TemplateFunction,
} from "../template/mod.ts";
import { type Draft, emptyDraft, isDraft, objectsAt, textAt } from "./document.ts";
import { goJson } from "./go_json.ts";
import { asksForOtelAttributes } from "./mesh_view.ts";
import { messageOfView } from "./message_view.ts";
import { appendMultusNetwork } from "./multus.ts";
import { otelAttributes } from "./otel_attributes.ts";
import { sourceMember, sourceOf, viewJson } from "./pod_types.ts";
import { proxyConfigJson } from "./proxy_config.ts";
import { writeYaml } from "./yaml_write.ts";

const PROXY = "istio-proxy";
const TEXT_MAP = "map[string]string";
/** A copy of a value costs as much as so many looks: what is made is held, too. */
const LOOKS_OF_COPY = 10;
const CONTAINERS = "[]v1.Container";

/** The functions. `env` gives what stands beside the name: signet hands its variables to no template. */
export const TEMPLATE_FUNCTIONS: Readonly<Record<string, TemplateFunction>> = {
  formatDuration: goFunction("any", (duration) => formatGoDuration(msOf(duration))),
  isset: goFunction(
    `${TEXT_MAP}, string`,
    (map, name) => isDraft(map) && Object.hasOwn(map, name as string),
  ),
  excludeInboundPort: goFunction("any, string", excludeInboundPort),
  includeInboundPorts: goFunction(CONTAINERS, (containers) => portsOf(containers, () => true)),
  applicationPorts: goFunction(
    CONTAINERS,
    (containers) => portsOf(containers, (container) => textAt(container, "name") !== PROXY),
  ),
  kubevirtInterfaces: goFunction("string", (text) => text),
  excludeInterfaces: goFunction("string", (text) => text),
  annotation: goFunction("v1.ObjectMeta, string, any", (metadata, name, fallback) => {
    const annotations = sourceMember(metadata, "annotations");
    const value = isDraft(annotations) && Object.hasOwn(annotations, name as string)
      ? annotations[name as string]
      : undefined;
    return typeof value === "string" ? value : formatValue(fallback);
  }),
  valueOrDefault: goFunction(
    "any, any",
    (value, fallback) => value === "" || value === null || value === undefined ? fallback : value,
  ),
  toJSON: goFunction(TEXT_MAP, (map) => map instanceof GoNil ? "{}" : goJson(map)),
  fromJSON: goFunction("string", (text) => {
    try {
      return JSON.parse(text as string);
    } catch {
      return "{}"; // as istiod does
    }
  }),
  structToJSON: goFunction(
    "any",
    (value) => value === null || value === undefined ? "{}" : jsonOf(value),
  ),
  protoToJSON: goFunction("any", (value) => {
    const message = messageOfView(value);
    return message === undefined ? "{}" : proxyConfigJson(message);
  }),
  toYaml: goFunction("any", (value) => writeYaml(plainOf(value))),
  indent: goFunction(
    "int, string",
    (spaces, text) => indented(text as string, " ".repeat(widthOf(spaces))),
  ),
  directory: goFunction("string", (path) => {
    const text = path as string;
    return text.slice(0, text.lastIndexOf("/") + 1);
  }),
  contains: goFunction("string, string", (part, text) => (text as string).includes(part as string)),
  toLower: goFunction("string", (text) => (text as string).toLowerCase()),
  appendMultusNetwork: goFunction(
    "string, string",
    (existing, network) => appendMultusNetwork(existing as string, network as string),
  ),
  env: goFunction("string, string", (_name, fallback) => fallback),
  omit: goFunction(
    `${TEXT_MAP}, ...string`,
    (map, ...names) => {
      const left = new Set(names);
      return textMap(entriesOf(map).filter(([name]) => !left.has(name)));
    },
  ),
  strdict: goFunction("...string", (...texts) => {
    const pairs: (readonly [string, unknown])[] = [];
    for (let at = 0; at < texts.length; at += 2) {
      pairs.push([texts[at] as string, texts[at + 1] ?? ""]);
    }
    return textMap(pairs);
  }),
  toJsonMap: goFunction(
    `...${TEXT_MAP}`,
    (...maps) => maps.length === 0 ? "null" : goJson(textMap(maps.flatMap(entriesOf))),
  ),
  mergeMaps: goFunction(
    `...${TEXT_MAP}`,
    (...maps) => maps.length === 0 ? goNil(TEXT_MAP) : textMap(maps.flatMap(entriesOf)),
  ),
  omitNil: goFunction("any", (value) => withoutNils(value) ?? null),
  otelResourceAttributes: goFunction(
    `any, ${TEXT_MAP}, ${TEXT_MAP}, string, ${CONTAINERS}`,
    (mesh, annotations, labels, namespace, containers) =>
      asksForOtelAttributes(mesh)
        ? otelAttributes({
          annotations: isDraft(annotations) ? annotations : {},
          labels: isDraft(labels) ? labels : {},
          namespace: namespace as string,
          containers: documentsOf(containers),
        })
        : "",
  ),
};

function widthOf(spaces: unknown): number {
  const width = spaces instanceof GoInt ? Number(spaces.value) : Number(spaces);
  return Math.max(0, Math.min(width, 1_000));
}

/** Refused before it is made when it would be longer than any output. */
function indented(text: string, margin: string): string {
  const lines = text.split("\n");
  const most = TEMPLATE_LIMITS.maxOutputChars;
  if (text.length + lines.length * margin.length > most) {
    throw fault(`makes more than ${most} characters`);
  }
  return lines.join(`\n${margin}`);
}

function msOf(duration: unknown): number {
  const { Seconds: seconds, Nanos: nanos } = (duration as Partial<GoStruct>).fields as {
    readonly Seconds?: GoInt;
    readonly Nanos?: GoInt;
  } ?? {};
  return Number(seconds?.value ?? 0n) * 1000 + Number(nanos?.value ?? 0n) / 1e6;
}

function excludeInboundPort(port: unknown, excluded: unknown): string {
  const text = formatValue(port).trim();
  const ports = (excluded as string).split(",");
  if (text === "" || text === "0" || ports.includes(text)) return excluded as string;
  return [...ports.map((each) => each.trim()).filter((each) => each !== ""), text].join(",");
}

function documentsOf(containers: unknown): readonly Draft[] {
  if (!Array.isArray(containers)) return [];
  return containers.map(sourceOf).filter((document) => document !== undefined);
}

function portsOf(containers: unknown, counts: (container: Draft) => boolean): string {
  return documentsOf(containers).filter(counts).flatMap((container) =>
    objectsAt(container, "ports")
      .filter((port) => !["UDP", "SCTP"].includes(textAt(port, "protocol")))
      .map((port) => String(port["containerPort"] ?? 0))
  ).join(",");
}

function entriesOf(map: unknown): readonly (readonly [string, unknown])[] {
  return isDraft(map) && !(map instanceof GoNil) ? Object.entries(map) : [];
}

function textMap(entries: readonly (readonly [string, unknown])[]): Draft {
  const map = emptyDraft();
  for (const [name, value] of entries) map[name] = value;
  return goTyped(map, TEXT_MAP);
}

function jsonOf(value: unknown): string {
  return value instanceof GoStruct ? viewJson(value) ?? "{}" : goJson(plainOf(value));
}

/** A value of a template as JSON has it. */
function plainOf(value: unknown): unknown {
  look(LOOKS_OF_COPY);
  if (value instanceof GoInt) return Number(value.value);
  if (value instanceof GoNil) return null;
  if (value instanceof GoNamed) return plainOf(value.value);
  if (value instanceof GoStruct) {
    const json = viewJson(value);
    return json === undefined ? messageOfView(value) ?? null : JSON.parse(json);
  }
  if (Array.isArray(value)) return value.map(plainOf);
  if (!isDraft(value)) return value;
  const plain = emptyDraft();
  for (const name of Object.keys(value)) plain[name] = plainOf(value[name]);
  return plain;
}

/** The value without members and items that hold nothing; `undefined` when only those were in it. */
function withoutNils(value: unknown): unknown {
  look(LOOKS_OF_COPY);
  if (value === null || value === undefined) return undefined;
  if (value instanceof GoInt || value instanceof GoNamed || value instanceof GoStruct) return value;
  if (Array.isArray(value)) {
    const kept = value.map(withoutNils).filter((item) => item !== undefined);
    return kept.length === 0 && value.length > 0 ? undefined : kept;
  }
  if (!isDraft(value) || value instanceof GoNil) return value;
  const kept = emptyDraft();
  let isWhole = true;
  for (const name of Object.keys(value)) {
    const held = withoutNils(value[name]);
    if (held === undefined) isWhole = false;
    else kept[name] = held;
  }
  return Object.keys(kept).length === 0 && !isWhole ? undefined : kept;
}
