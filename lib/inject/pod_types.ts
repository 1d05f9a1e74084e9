/** Kubernetes' types of a pod, and pods as Go's templates see them. */
import {
  goInt,
  goNil,
  type GoStruct,
  goStruct,
  type GoStructType,
  goTyped,
} from "../template/mod.ts";
import { type Draft, emptyDraft, isDraft, member } from "./document.ts";
import { type FieldType, readFieldTable, type StructType } from "./field_table.ts";
import { structJson } from "./go_json.ts";
import { POD_STRUCTS } from "./pod_fields.ts";

/** The type of a pod, without its status. */
export const POD: StructType = readFieldTable(POD_STRUCTS, "Pod");

/** The type in a field, and below it. */
export function structAt(struct: StructType, ...names: readonly string[]): StructType {
  let at = struct;
  for (const name of names) {
    let type = at.byName.get(name)!.type;
    while (type.kind === "pointer" || type.kind === "list" || type.kind === "map") type = type.of;
    if (type.kind !== "struct") throw new TypeError(`Field ${name} holds no struct`);
    at = type.struct;
  }
  return at;
}

/** What a view was made of. */
const SOURCE = Symbol("source of a view");
const goTypes = new Map<StructType, GoStructType>();

/** A document of a type as a Go struct: fields by Go's names, zero where the document says nothing. */
export function goView(struct: StructType, document: Draft): GoStruct {
  const fields: Record<string | symbol, unknown> = emptyDraft();
  for (const name of Object.keys(document)) {
    const field = struct.byName.get(name);
    const value = document[name];
    if (field === undefined || value === null || value === undefined) continue;
    fields[field.goName] = goValue(field.type, value);
  }
  fields[SOURCE] = { struct, document };
  return goStruct(goTypeOf(struct), fields as Record<string, unknown>);
}

/** JSON of a view, as Go writes it; `undefined` for a struct that is none. */
export function viewJson({ fields }: GoStruct): string | undefined {
  const source =
    (fields as { readonly [SOURCE]?: { struct: StructType; document: Draft } })[SOURCE];
  return source === undefined ? undefined : structJson(source.struct, source.document);
}

function goTypeOf(struct: StructType): GoStructType {
  const known = goTypes.get(struct);
  if (known !== undefined) return known;
  const fields: Record<string, unknown> = emptyDraft();
  const type: GoStructType = {
    name: `v1.${struct.name}`,
    fields,
    toJson: (self) => JSON.parse(viewJson(self) ?? "{}"),
    ...(struct.name === "" ? {} : {}),
  };
  goTypes.set(struct, type);
  for (const field of struct.fields) fields[field.goName] = zeroView(field.type);
  return type;
}

function goValue(type: FieldType, value: unknown): unknown {
  switch (type.kind) {
    case "pointer":
      return goValue(type.of, value);
    case "struct":
      return isDraft(value) ? goView(type.struct, value) : zeroView(type);
    case "list":
      if (!Array.isArray(value)) return zeroView(type);
      return goTyped(value.map((item) => goValue(type.of, item)), goTypeName(type));
    case "map": {
      const map = emptyDraft();
      if (isDraft(value)) {
        for (const name of Object.keys(value)) map[name] = goValue(type.of, value[name]);
      }
      return goTyped(map, goTypeName(type));
    }
    case "scalar":
      return goScalar(type.name, value);
  }
}

function goScalar(name: string, value: unknown): unknown {
  if (name === "int32" || name === "int64") {
    return goInt(typeof value === "number" ? value : 0, name);
  }
  if (name === "intOrString") return intOrString(value);
  return name === "quantity" ? String(value) : value ?? null;
}

const INT_OR_STRING: GoStructType = {
  name: "intstr.IntOrString",
  fields: { Type: goInt(0, "int64"), IntVal: goInt(0, "int32"), StrVal: "" },
  methods: {
    String: (self) => intOrStringText(self),
    IntValue: (self) => goInt(Number(intOrStringText(self)) || 0),
  },
  toJson: (self) => self.fields["StrVal"] ?? Number(intOrStringText(self)),
};

function intOrString(value: unknown): GoStruct {
  return typeof value === "string"
    ? goStruct(INT_OR_STRING, { Type: goInt(1, "int64"), StrVal: value })
    : goStruct(INT_OR_STRING, { IntVal: goInt(typeof value === "number" ? value : 0, "int32") });
}

function intOrStringText(self: unknown): string {
  const { fields } = self as GoStruct;
  const { StrVal: text, IntVal: number } = fields as {
    readonly StrVal?: string;
    readonly IntVal?: { readonly value: bigint };
  };
  return text ?? String(number?.value ?? 0n);
}

function zeroView(type: FieldType): unknown {
  switch (type.kind) {
    case "pointer":
      return type.of.kind === "struct"
        ? goNil(goTypeOf(type.of.struct))
        : goNil(`*${goTypeName(type.of)}`);
    case "list":
    case "map":
      return goNil(goTypeName(type));
    case "struct":
      return goStruct(goTypeOf(type.struct), {});
    case "scalar":
      switch (type.name) {
        case "bool":
          return false;
        case "string":
          return "";
        case "quantity":
          return "0";
        case "intOrString":
          return intOrString(0);
        case "int32":
        case "int64":
          return goInt(0, type.name);
        default:
          return null;
      }
  }
}

function goTypeName(type: FieldType): string {
  switch (type.kind) {
    case "pointer":
      return `*${goTypeName(type.of)}`;
    case "list":
      return `[]${goTypeName(type.of)}`;
    case "map":
      return `map[string]${goTypeName(type.of)}`;
    case "struct":
      return `v1.${type.struct.name}`;
    case "scalar":
      return type.name;
  }
}

/** The document that a view was made of; `undefined` for what is none. */
export function sourceOf(value: unknown): Draft | undefined {
  const fields = (value as Partial<GoStruct> | null)?.fields;
  const source = fields === undefined
    ? undefined
    : (fields as { readonly [SOURCE]?: { readonly document: Draft } })[SOURCE];
  return source?.document;
}

/** A member of a view's document. */
export function sourceMember(value: unknown, name: string): unknown {
  const document = sourceOf(value);
  return document === undefined ? undefined : member(document, name);
}
