/**
 * Tables of fields as text, one line a type: `name type`, then `always` for fields that Go writes even when they are empty, `merge` or
 * `merge=key` for lists that a strategic merge joins, `oneof=group` for members of which one is set. They are read once.
 */

/** What a field holds. */
export type FieldType =
  | { readonly kind: "scalar"; readonly name: string }
  | { readonly kind: "pointer" | "list" | "map"; readonly of: FieldType }
  | { readonly kind: "struct"; readonly struct: StructType };

/** One field. */
export interface FieldRow {
  /** Its name in JSON. */
  readonly name: string;
  /** Its name in Go, which templates use. */
  readonly goName: string;
  /** What it holds. */
  readonly type: FieldType;
  /** True when it is written even when it is empty. */
  readonly always: boolean;
  /** How a strategic merge joins its list: by this member of the items, empty for a list of scalars; `undefined` replaces it. */
  readonly mergeKey: string | undefined;
  /** The group of fields of which one is set. */
  readonly oneof: string | undefined;
}

/** A struct or message. */
export interface StructType {
  /** Its name. */
  readonly name: string;
  /** Its fields, in the order in which they are written. */
  readonly fields: readonly FieldRow[];
  /** Those, by their name in JSON. */
  readonly byName: ReadonlyMap<string, FieldRow>;
}

/** Reads a table; `root` is the type to give. */
export function readFieldTable(
  table: Readonly<Record<string, string>>,
  root: string,
): StructType {
  const structs = new Map<
    string,
    { name: string; fields: FieldRow[]; byName: Map<string, FieldRow> }
  >();
  for (const name of Object.keys(table)) {
    structs.set(name, { name, fields: [], byName: new Map() });
  }
  const typeOf = (text: string): FieldType => {
    if (text.startsWith("*")) return { kind: "pointer", of: typeOf(text.slice(1)) };
    if (text.startsWith("[]")) return { kind: "list", of: typeOf(text.slice(2)) };
    if (text.startsWith("{}")) return { kind: "map", of: typeOf(text.slice(2)) };
    const struct = structs.get(text);
    return struct === undefined ? { kind: "scalar", name: text } : { kind: "struct", struct };
  };
  for (const [name, line] of Object.entries(table)) {
    const { fields, byName } = structs.get(name)!;
    for (const text of line === "" ? [] : line.split(", ")) {
      const row = readRow(text, typeOf);
      fields.push(row);
      byName.set(row.name, row);
    }
  }
  return structs.get(root)!;
}

function readRow(text: string, typeOf: (text: string) => FieldType): FieldRow {
  const [names = "", type = "", ...options] = text.split(" ");
  const [name = "", goName = name[0]?.toUpperCase() + name.slice(1)] = names.split("=");
  const valueOf = (option: string) => {
    const found = options.find((each) => each === option || each.startsWith(`${option}=`));
    return found?.slice(option.length + 1);
  };
  return {
    ...{ name, goName, type: typeOf(type) },
    always: options.includes("always"),
    mergeKey: valueOf("merge"),
    oneof: valueOf("oneof"),
  };
}
