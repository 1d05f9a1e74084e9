/** Messages of the mesh config as Go's templates see them: fields, getters that take nil, enums with names, wrappers and durations. */
import {
  goInt,
  type GoMethod,
  GoNamed,
  type GoNamedType,
  goNil,
  type GoStruct,
  goStruct,
  type GoStructType,
  goTyped,
} from "../template/mod.ts";
import { type Draft, emptyDraft, isDraft } from "./document.ts";
import type { FieldRow, FieldType, StructType } from "./field_table.ts";
import { durationMs, zeroName } from "./proto_json.ts";
import { PROXY_CONFIG_ENUMS } from "./proxy_config_fields.ts";

const SOURCE = Symbol("message of a view");
const goTypes = new Map<StructType, GoStructType>();
const enumTypes = new Map<string, GoNamedType>();
const WRAPPED: Readonly<Record<string, string>> = {
  BoolValue: "bool",
  StringValue: "string",
  Int32Value: "int32",
  UInt32Value: "uint32",
  Int64Value: "int64",
  UInt64Value: "uint64",
  DoubleValue: "float64",
  FloatValue: "float64",
};

/** A message as a pointer to a Go struct. */
export function messageView(
  type: StructType,
  message: Readonly<Record<string, unknown>>,
): GoStruct {
  const fields: Record<string | symbol, unknown> = emptyDraft();
  for (const field of type.fields) {
    if (Object.hasOwn(message, field.name)) {
      fields[field.goName] = valueView(field.type, message[field.name]);
    }
  }
  fields[SOURCE] = message;
  return goStruct(goTypeOf(type), fields as Record<string, unknown>, { isPointer: true });
}

/** The message that a view was made of; `undefined` for what is none. */
export function messageOfView(value: unknown): Readonly<Record<string, unknown>> | undefined {
  const fields = (value as Partial<GoStruct> | null)?.fields;
  return fields === undefined
    ? undefined
    : (fields as { readonly [SOURCE]?: Readonly<Record<string, unknown>> })[SOURCE];
}

function goTypeOf(type: StructType): GoStructType {
  const known = goTypes.get(type);
  if (known !== undefined) return known;
  const fields: Record<string, unknown> = emptyDraft();
  const methods: Record<string, GoMethod> = emptyDraft() as Record<string, GoMethod>;
  const name = `v1alpha1.${type.name.slice(type.name.lastIndexOf(".") + 1)}`;
  const made: GoStructType = { name, fields, methods };
  goTypes.set(type, made);
  for (const field of type.fields) {
    const zero = zeroOf(field);
    fields[field.goName] = zero;
    methods[`Get${field.goName}`] = (self) => {
      const held = (self as Partial<GoStruct>).fields;
      return held !== undefined && Object.hasOwn(held, field.goName) ? held[field.goName] : zero;
    };
  }
  return made;
}

function valueView(type: FieldType, value: unknown): unknown {
  switch (type.kind) {
    case "pointer":
      return valueView(type.of, value);
    case "struct":
      return messageView(type.struct, isDraft(value) ? value : emptyDraft());
    case "list":
      return goTyped((value as unknown[]).map((item) => valueView(type.of, item)), nameOf(type));
    case "map": {
      const map = emptyDraft();
      for (const name of Object.keys(value as Draft)) {
        map[name] = valueView(type.of, (value as Draft)[name]);
      }
      return goTyped(map, nameOf(type));
    }
    case "scalar":
      return scalarView(type.name, value);
  }
}

function scalarView(name: string, value: unknown): unknown {
  if (Object.hasOwn(PROXY_CONFIG_ENUMS, name)) return enumView(name, value);
  if (name === "Duration") return durationView(durationMs(value));
  const wrapped = WRAPPED[name];
  if (wrapped !== undefined) {
    return goStruct(wrapperType(name, wrapped), { Value: plainView(wrapped, value) }, {
      isPointer: true,
    });
  }
  return plainView(name, value);
}

function plainView(name: string, value: unknown): unknown {
  switch (name) {
    case "int32":
    case "int64":
    case "uint32":
    case "uint64":
      return goInt(typeof value === "number" ? value : 0, name);
    default:
      return value;
  }
}

function enumView(name: string, value: unknown): GoNamed {
  const rows = PROXY_CONFIG_ENUMS[name]!.split(" ").map((row) => row.split("="));
  const number = typeof value === "number"
    ? value
    : Number(rows.find(([each]) => each === value)?.[1] ?? 0);
  return new GoNamed(enumType(name, rows), goInt(number, "int32"));
}

function enumType(name: string, rows: readonly string[][]): GoNamedType {
  const known = enumTypes.get(name);
  if (known !== undefined) return known;
  const short = name.split(".").filter((part) => /^[A-Z]/.test(part)).join("_");
  const made: GoNamedType = {
    name: `v1alpha1.${short}`,
    methods: {
      String(self) {
        const { value } = (self as GoNamed).value as { readonly value: bigint };
        return rows.find(([, number]) => number === String(value))?.[0] ?? String(value);
      },
    },
  };
  enumTypes.set(name, made);
  return made;
}

const wrapperTypes = new Map<string, GoStructType>();

function wrapperType(name: string, wrapped: string): GoStructType {
  const known = wrapperTypes.get(name);
  if (known !== undefined) return known;
  const zero = wrapped === "bool" ? false : wrapped === "string" ? "" : plainView(wrapped, 0);
  const made: GoStructType = {
    name: `wrapperspb.${name}`,
    fields: { Value: zero },
    methods: { GetValue: (self) => (self as Partial<GoStruct>).fields?.["Value"] ?? zero },
  };
  wrapperTypes.set(name, made);
  return made;
}

const DURATION: GoStructType = {
  name: "durationpb.Duration",
  fields: { Seconds: goInt(0, "int64"), Nanos: goInt(0, "int32") },
  methods: {
    GetSeconds: (self) => (self as Partial<GoStruct>).fields?.["Seconds"] ?? goInt(0, "int64"),
    GetNanos: (self) => (self as Partial<GoStruct>).fields?.["Nanos"] ?? goInt(0, "int32"),
  },
};

function durationView(ms: number): GoStruct {
  const seconds = Math.trunc(ms / 1000);
  const nanos = Math.round((ms - seconds * 1000) * 1e6);
  return goStruct(DURATION, { Seconds: goInt(seconds, "int64"), Nanos: goInt(nanos, "int32") }, {
    isPointer: true,
  });
}

function zeroOf({ type }: FieldRow): unknown {
  switch (type.kind) {
    case "struct":
      return goNil(goTypeOf(type.struct));
    case "pointer":
    case "list":
    case "map":
      return goNil(nameOf(type));
    case "scalar": {
      if (Object.hasOwn(PROXY_CONFIG_ENUMS, type.name)) {
        return enumView(type.name, zeroName(PROXY_CONFIG_ENUMS[type.name]!));
      }
      if (type.name === "Duration") return goNil(DURATION);
      const wrapped = WRAPPED[type.name];
      if (wrapped !== undefined) return goNil(wrapperType(type.name, wrapped));
      return type.name === "bool"
        ? false
        : type.name === "string"
        ? ""
        : type.name === "double"
        ? 0
        : plainView(type.name, 0);
    }
  }
}

function nameOf(type: FieldType): string {
  switch (type.kind) {
    case "pointer":
      return `*${nameOf(type.of)}`;
    case "list":
      return `[]${nameOf(type.of)}`;
    case "map":
      return `map[string]${nameOf(type.of)}`;
    case "struct":
      return `*v1alpha1.${type.struct.name.slice(type.struct.name.lastIndexOf(".") + 1)}`;
    case "scalar":
      return type.name;
  }
}
