/**
 * Values as Go's templates see them.
 *
 * | Go | here |
 * | --- | --- |
 * | nothing (`reflect.Value{}`), as a missing key gives | `undefined` |
 * | `interface{}` that holds nothing | `null` |
 * | `bool`, `string` | boolean, string (text; lengths and indices are of its UTF-8) |
 * | `float64`, what JSON's and YAML's numbers become | number |
 * | `int` and its kin | {@linkcode GoInt} |
 * | `[]interface {}` | array |
 * | `map[string]interface {}` | plain object |
 * | `[]string`, `map[string]string`, ... | array or object marked by {@linkcode goTyped} |
 * | a struct or a pointer to one | {@linkcode GoStruct} |
 * | a named type that is no struct, such as an enum with a `String` method | {@linkcode GoNamed} |
 * | a nil pointer, map or slice | {@linkcode GoNil} |
 *
 * A class here is a brand that tells such a value from a map.
 */

/** A function of a template: it is given Go values as above and returns one. What it throws ends the rendering. */
export type TemplateFunction = (...args: readonly unknown[]) => unknown;

/** A method of a struct or named type; `self` is the value it is called on. */
export type GoMethod = (self: unknown, ...args: readonly unknown[]) => unknown;

const INT_BITS = {
  int: 64,
  int8: 8,
  int16: 16,
  int32: 32,
  int64: 64,
  uint: 64,
  uint8: 8,
  uint16: 16,
  uint32: 32,
  uint64: 64,
} as const satisfies Readonly<Record<GoIntType, number>>;

/** Go's integer types. */
export type GoIntType =
  | "int"
  | "int8"
  | "int16"
  | "int32"
  | "int64"
  | "uint"
  | "uint8"
  | "uint16"
  | "uint32"
  | "uint64";

/** An integer of Go's. */
export class GoInt {
  /** The integer. */
  readonly value: bigint;
  /** Its type. */
  readonly type: GoIntType;

  /** See {@linkcode goInt}. */
  constructor(value: bigint, type: GoIntType) {
    this.value = value;
    this.type = type;
  }
}

const SMALL_INTS = Array.from({ length: 256 }, (_, value) => new GoInt(BigInt(value), "int"));

/** An integer of the given type; one that is too large wraps around, as Go's conversions do. */
export function goInt(value: number | bigint, type: GoIntType = "int"): GoInt {
  if (type === "int" && value >= 0 && value < SMALL_INTS.length) {
    const small = SMALL_INTS[Number(value)];
    if (small !== undefined) return small;
  }
  const whole = typeof value === "bigint" ? value : BigInt(Math.trunc(value));
  const bits = INT_BITS[type];
  return new GoInt(
    isUnsigned(type) ? BigInt.asUintN(bits, whole) : BigInt.asIntN(bits, whole),
    type,
  );
}

/** True for `uint` and its kin. */
export function isUnsigned(type: GoIntType): boolean {
  return type.startsWith("u");
}

/** True for the name of an integer type. */
export function isIntType(name: string): name is GoIntType {
  return Object.hasOwn(INT_BITS, name);
}

/** A type of struct. */
export interface GoStructType {
  /** Its name with its package, `v1.ObjectMeta`. */
  readonly name: string;
  /** The zero value of every field, in the order of their declaration. */
  readonly fields: Readonly<Record<string, unknown>>;
  /** Methods by name; one made by `goFunction` has its arguments, without `self`, checked. */
  readonly methods?: Readonly<Record<string, GoMethod>>;
  /** What `encoding/json` writes of a value. Default: its fields by name. */
  readonly toJson?: (self: GoStruct) => unknown;
}

/** A struct, or a pointer to one. */
export class GoStruct {
  /** Its type. */
  readonly type: GoStructType;
  /** Fields that are not zero, or all. */
  readonly fields: Readonly<Record<string, unknown>>;
  /** True for a pointer to the struct. */
  readonly isPointer: boolean;

  /** See {@linkcode goStruct}. */
  constructor(type: GoStructType, fields: Readonly<Record<string, unknown>>, isPointer: boolean) {
    this.type = type;
    this.fields = fields;
    this.isPointer = isPointer;
  }
}

/** A struct of the given type; fields that are absent are zero. */
export function goStruct(
  type: GoStructType,
  fields: Readonly<Record<string, unknown>>,
  options: { readonly isPointer?: boolean } = {},
): GoStruct {
  return new GoStruct(type, fields, options.isPointer ?? false);
}

/** A field's value; undefined when the type has none of that name. */
export function structField(value: GoStruct, name: string): unknown {
  if (Object.hasOwn(value.fields, name)) return value.fields[name] ?? null;
  return Object.hasOwn(value.type.fields, name) ? value.type.fields[name] ?? null : undefined;
}

/** A named type that is no struct. */
export interface GoNamedType {
  /** Its name with its package, `v1alpha1.ProxyConfig_InboundInterceptionMode`. */
  readonly name: string;
  /** Methods by name; `String` is what printing shows. */
  readonly methods?: Readonly<Record<string, GoMethod>>;
  /** What `encoding/json` writes of a value. Default: what stands below the name. */
  readonly toJson?: (self: GoNamed) => unknown;
}

/** A value of a named type. */
export class GoNamed {
  /** Its type. */
  readonly type: GoNamedType;
  /** The value below the name. */
  readonly value: unknown;

  /** Makes one. */
  constructor(type: GoNamedType, value: unknown) {
    this.type = type;
    this.value = value;
  }
}

/** A nil pointer, map, slice or function. */
export class GoNil {
  /** Its type, `*v1alpha1.Tracing`, `map[string]string`, `[]string`. */
  readonly type: string;
  /** What it points to, when that is a struct: its methods can be called on nil. */
  readonly pointee: GoStructType | undefined;

  /** See {@linkcode goNil}. */
  constructor(type: string, pointee: GoStructType | undefined) {
    this.type = type;
    this.pointee = pointee;
  }
}

/** A nil of the type of that name, or a nil pointer to that struct. */
export function goNil(type: string | GoStructType): GoNil {
  return typeof type === "string" ? new GoNil(type, undefined) : new GoNil(`*${type.name}`, type);
}

const TYPE = Symbol("type of a list or map");
const ANY_LIST = "[]interface {}";
const ANY_MAP = "map[string]interface {}";

/** Says that a list or map has another type than `[]interface {}` or `map[string]interface {}`; one that cannot be marked is copied. */
export function goTyped<T extends readonly unknown[] | Readonly<Record<string, unknown>>>(
  value: T,
  type: string,
): T {
  const target = Object.isExtensible(value)
    ? value
    : (Array.isArray(value) ? [...value] : { ...value }) as unknown as T;
  Object.defineProperty(target, TYPE, { value: type, configurable: true });
  return target;
}

/** A map without members that any key may enter, `__proto__` too. */
export function emptyMap(): Record<string, unknown> {
  return Object.create(null);
}

/** True for what stands for a map here: a plain object. */
export function isMap(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value) &&
    !(value instanceof GoInt || value instanceof GoStruct || value instanceof GoNamed ||
      value instanceof GoNil);
}

/** The type of a list or map. */
export function collectionType(value: object): string {
  const marked = (value as { readonly [TYPE]?: string })[TYPE];
  return marked ?? (Array.isArray(value) ? ANY_LIST : ANY_MAP);
}

/** The type of the members of a list or map by the name of its own. */
export function elementType(type: string): string {
  if (type.startsWith("[]")) return type.slice(2);
  return type.startsWith("map[string]") ? type.slice("map[string]".length) : "interface {}";
}

/** The type of a value as Go names it. */
export function typeName(value: unknown): string {
  switch (typeof value) {
    case "string":
    case "boolean":
      return typeof value === "string" ? "string" : "bool";
    case "number":
      return "float64";
    case "function":
      return "func()";
    case "object":
      break;
    default:
      return "invalid";
  }
  if (value === null) return "interface {}";
  if (value instanceof GoInt || value instanceof GoNil) return value.type;
  if (value instanceof GoNamed) return value.type.name;
  if (value instanceof GoStruct) return (value.isPointer ? "*" : "") + value.type.name;
  return collectionType(value);
}

/** The kinds of Go's reflection that values have here. */
export type GoKind =
  | "invalid"
  | "bool"
  | "int"
  | "uint"
  | "float64"
  | "string"
  | "slice"
  | "map"
  | "struct"
  | "ptr"
  | "func";

/** The kind of a value; every signed integer is an `int`, every unsigned one a `uint`. A nil interface is invalid. */
export function kindOf(value: unknown): GoKind {
  if (value === undefined || value === null) return "invalid";
  switch (typeof value) {
    case "string":
      return "string";
    case "boolean":
      return "bool";
    case "number":
      return "float64";
    case "function":
      return "func";
    default:
      break;
  }
  if (Array.isArray(value)) return "slice";
  if (value instanceof GoInt) return isUnsigned(value.type) ? "uint" : "int";
  if (value instanceof GoNamed) return kindOf(value.value);
  if (value instanceof GoStruct) return value.isPointer ? "ptr" : "struct";
  if (value instanceof GoNil) return kindOfType(value.type);
  return "map";
}

/** The kind that a type's name begins with. */
export function kindOfType(type: string): GoKind {
  if (type.startsWith("*")) return "ptr";
  if (type.startsWith("[]")) return "slice";
  if (type.startsWith("map[")) return "map";
  if (type.startsWith("func(")) return "func";
  if (isIntType(type)) return isUnsigned(type) ? "uint" : "int";
  return type === "bool" || type === "string" || type === "float64" ? type : "struct";
}

/** The zero value of the type of that name; nothing for one that is not known here. */
export function zeroOf(type: string): unknown {
  if (type === "interface {}" || type === "any") return null;
  switch (kindOfType(type)) {
    case "ptr":
    case "slice":
    case "map":
    case "func":
      return new GoNil(type, undefined);
    case "bool":
      return false;
    case "string":
      return "";
    case "float64":
      return 0;
    case "int":
    case "uint":
      return goInt(0, type as GoIntType);
    default:
      return undefined;
  }
}

/** The value below a named type; any other as it is. */
export function underlying(value: unknown): unknown {
  return value instanceof GoNamed ? value.value : value;
}

/** A method of a value by name. */
export function methodOf(value: unknown, name: string): GoMethod | undefined {
  let methods;
  if (value instanceof GoStruct || value instanceof GoNamed) methods = value.type.methods;
  else if (value instanceof GoNil) methods = value.pointee?.methods;
  return methods !== undefined && Object.hasOwn(methods, name) ? methods[name] : undefined;
}

/** What `if` and its kin hold a value for: false for nothing, false, zero and what is empty; a struct is true. */
export function truth(value: unknown): boolean {
  switch (typeof value) {
    case "boolean":
      return value;
    case "string":
      return value !== "";
    case "number":
      return value !== 0;
    case "function":
      return true;
    case "object":
      break;
    default:
      return false;
  }
  if (value === null || value instanceof GoNil) return false;
  if (Array.isArray(value)) return value.length > 0;
  if (value instanceof GoInt) return value.value !== 0n;
  if (value instanceof GoStruct) return true;
  if (value instanceof GoNamed) return truth(value.value);
  return hasMembers(value);
}

function hasMembers(map: object): boolean {
  for (const key in map) if (Object.hasOwn(map, key)) return true;
  return false;
}

/** Orders texts as Go does: by their UTF-8. */
export function compareText(a: string, b: string): number {
  if (a === b) return 0;
  const end = Math.min(a.length, b.length);
  for (let at = 0; at < end; at++) {
    const [x, y] = [a.charCodeAt(at), b.charCodeAt(at)];
    if (x === y) continue;
    // A surrogate is half of a character that comes after all others.
    const [high, low] = [x >= 0xd800 && x <= 0xdfff, y >= 0xd800 && y <= 0xdfff];
    return high !== low ? (high ? 1 : -1) : x - y;
  }
  return a.length - b.length;
}

/** The keys of a map in Go's order of printing and ranging. */
export function sortedKeys(map: Readonly<Record<string, unknown>>): string[] {
  return Object.keys(map).sort(compareText);
}
