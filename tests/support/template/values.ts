/** Test data that signet and the Go program `gotemplate` make the same values of: plain JSON, other types as `{"$": TYPE, "v": VALUE}`. */
import {
  fault,
  goFunction,
  GoInt,
  goInt,
  type GoIntType,
  GoNamed,
  type GoNamedType,
  GoNil,
  goNil,
  GoStruct,
  goStruct,
  type GoStructType,
  goTyped,
  type TemplateFunction,
} from "signet/template/mod.ts";

const MODES = ["REDIRECT", "TPROXY"];

/** The enum `Mode` of the Go program. */
export const MODE: GoNamedType = {
  name: "main.Mode",
  methods: {
    String: (self) => {
      const number = Number(((self as GoNamed).value as GoInt).value);
      return MODES[number] ?? String(number);
    },
  },
};
const KIND: GoNamedType = { name: "main.Kind" };

const nameOf = (self: unknown) => String((self as GoStruct).fields.Name ?? "");

/** The struct `Person` of the Go program. */
export const PERSON: GoStructType = {
  name: "main.Person",
  fields: {
    Name: "",
    Age: goInt(0),
    Score: 0,
    Tags: goNil("[]string"),
    Labels: goNil("map[string]string"),
    Mode: new GoNamed(MODE, goInt(0, "int32")),
    Kind: new GoNamed(KIND, ""),
    get Friend(): GoNil {
      return goNil(PERSON);
    },
    Extra: null,
  },
  methods: {
    Hello: method("", (self) => `hello ${nameOf(self)}`),
    Greet: method(
      "string, int",
      (self, greeting, times) =>
        `${String(greeting).repeat(Number((times as GoInt).value))} ${nameOf(self)}`,
    ),
    Join: method("...string", (self, ...parts) => `${nameOf(self)}:${parts.join("+")}`),
    Broken: method("", (self) => {
      throw fault(`broken ${nameOf(self)}`);
    }),
    GetName: method("", (self) => self instanceof GoNil ? "" : nameOf(self)),
    GetFriend: method(
      "",
      (self) =>
        self instanceof GoNil ? goNil(PERSON) : (self as GoStruct).fields.Friend ?? goNil(PERSON),
    ),
  },
};

/** A method with the parameters that follow `self`. */
function method(
  params: string,
  made: (self: unknown, ...args: readonly unknown[]) => unknown,
): TemplateFunction {
  return goFunction(params, made as TemplateFunction);
}

const FUNCTIONS: Readonly<Record<string, TemplateFunction>> = {
  pair: goFunction("string, string", (a, b) => `${a}&${b}`),
  sum: goFunction(
    "...int",
    (...numbers) =>
      goInt((numbers as readonly GoInt[]).reduce((sum, { value }) => sum + value, 0n)),
  ),
  double: goFunction("int64", (a) => goInt(2n * (a as GoInt).value, "int64")),
  fails: goFunction("", () => {
    throw fault("it fails");
  }),
};

type Json = Readonly<Record<string, unknown>>;

/** Makes the values of plain or tagged JSON. */
export function goValues(json: unknown): unknown {
  if (Array.isArray(json)) return json.map(goValues);
  if (typeof json !== "object" || json === null) return json;
  const { $: tag, v: value } = json as Json;
  if (typeof tag === "string") return tagged(tag, value);
  return Object.fromEntries(Object.entries(json).map(([key, member]) => [key, goValues(member)]));
}

function tagged(tag: string, value: unknown): unknown {
  switch (tag) {
    case "func":
      return FUNCTIONS[String(value)];
    case "main.Person":
      return person(value as Json, false);
    case "*main.Person":
      return value === null || value === undefined ? goNil(PERSON) : person(value as Json, true);
    case "main.Mode":
      return new GoNamed(MODE, goInt(Number(value), "int32"));
    case "main.Kind":
      return new GoNamed(KIND, value);
    default:
      break;
  }
  if (!tag.startsWith("[]") && !tag.startsWith("map[")) {
    return goInt(BigInt(String(value)), tag as GoIntType);
  }
  return value === null || value === undefined ? goNil(tag) : collection(tag, value);
}

function collection(tag: string, value: unknown): unknown {
  const member = (one: unknown) => tag.endsWith("int") ? goInt(Number(one)) : one;
  return Array.isArray(value) ? goTyped(value.map(member), tag) : goTyped(
    Object.fromEntries(Object.entries(value as Json).map(([key, one]) => [key, member(one)])),
    tag,
  );
}

/** Untagged members of a person have the types of its fields. */
function person(json: Json, isPointer: boolean): GoStruct {
  const types: Readonly<Record<string, string>> = {
    Age: "int",
    Tags: "[]string",
    Labels: "map[string]string",
    Mode: "main.Mode",
    Kind: "main.Kind",
    Friend: "*main.Person",
  };
  const fields = Object.entries(json).map(([name, value]) => {
    const type = types[name];
    return [name, type === undefined ? goValues(value) : tagged(type, value)] as const;
  });
  return goStruct(PERSON, Object.fromEntries(fields), { isPointer });
}
