/** Templates made by chance: most of them run, some end in an error, and each has one right answer. */
import type { TemplateCase } from "./case.ts";

/** Numbers from 0 to before 1, the same for a seed. */
export type Chance = () => number;

/** The generator mulberry32. */
export function chanceOf(seed: number): Chance {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}

const DATA = {
  s: "some Text",
  e: "",
  f: 1.5,
  z: 0,
  t: true,
  o: false,
  n: null,
  i: { $: "int", v: 7 },
  i64: { $: "int64", v: "-9" },
  u8: { $: "uint8", v: 250 },
  l: ["a", "b", "c"],
  x: ["a", 1, null, { k: "v" }, ["q"], false],
  y: [],
  m: { a: 1, b: "two", c: { d: { e: "deep" } } },
  q: {},
  tags: { $: "[]string", v: ["p", "r"] },
  labels: { $: "map[string]string", v: { app: "web", v: "1" } },
  counts: { $: "map[string]int", v: { one: 1 } },
  nilTags: { $: "[]string", v: null },
  nilLabels: { $: "map[string]string", v: null },
  p: { $: "main.Person", v: { Name: "Ada", Age: 3, Tags: ["t"], Labels: { l: "m" }, Mode: 1 } },
  pp: { $: "*main.Person", v: { Name: "Bo", Friend: { Name: "Cy" } } },
  np: { $: "*main.Person", v: null },
  mode: { $: "main.Mode", v: 0 },
};
/** Operands by what they mostly are. */
const OPERANDS: Readonly<Record<string, readonly string[]>> = {
  text: [
    ...[".s", ".e", ".m.b", ".labels.app", ".p.Name", ".pp.Friend.Name", ".p.Hello"],
    ...['"lit"', '""', "`raw \\n`", '"b"', '"a,b"', ".np.GetName", ".pp.GetName", ".m.c.d.e"],
  ],
  number: [".i", ".i64", ".u8", ".f", ".z", "1", "0", "-3", "2.5", "0x1F", "'x'", ".m.a", ".p.Age"],
  whole: ["0", "1", "2", "3", ".i", "-1", ".p.Age", "(len .l)"],
  flag: [".t", ".o", "true", "false", "(eq 1 1)", "(empty .e)"],
  list: [".l", ".x", ".y", ".tags", ".nilTags", ".p.Tags", "(list 1 2)", '(splitList "," "a,b")'],
  map: [".m", ".q", ".m.c", "(dict)", '(dict "k" 1 "a" .s)', ".m.c.d"],
  labels: [".labels", ".nilLabels", ".counts", ".p.Labels"],
  odd: [
    ...[".n", ".missing", ".missing.deeper", "nil", ".np", ".p", ".pp", ".mode", ".p.Mode"],
    ...[".labels.none", ".counts.none", ".pp.Friend.Friend", ".n.x", ".s.x", ".p.Nope", ".m.a.b"],
  ],
};
const KINDS = Object.keys(OPERANDS);
/** Functions with the kinds of their arguments. No merge: a map merged into itself ends the Go program, which prints it without end. */
const FUNCTIONS: readonly string[] = [
  ...["len list", "len text", "len map", "index list whole", "index map text", "index labels text"],
  ...["print any any", "printf text any", "println any", "not any", "and any any", "or any any"],
  ...["eq text text", "eq number number", "eq whole whole", "ne text text", "lt number number"],
  ...["le text text", "gt whole whole", "ge whole whole", "html any", "js text", "urlquery text"],
  ...[
    "default any any",
    "quote any any",
    "upper text",
    "lower text",
    "title text",
    "trunc whole text",
  ],
  ...["toJson any", "toPrettyJson map", "list any any", "dict text any", "first list", "last list"],
  ...["rest list", "append list any", "prepend list any", "join text list", "splitList text text"],
  ...["has any list", "empty any", "coalesce any any", "ternary any any flag", "typeOf any"],
  ...["kindOf any", "int any", "int64 any", "add number number", "sub number number"],
  ...["max number number", "min number number", "until whole", "get map text", "hasKey map text"],
  ...["squote any", "indent whole text", "nindent whole text", "replace text text text"],
  ...["contains text text", "hasPrefix text text", "deepEqual any any", "cat any any"],
  ...["reverse list", "uniq list", "compact list", "without list any", "concat list list"],
  ...[
    "pick map text",
    "omit map text",
    "sortAlpha list",
  ],
  ...["toString any", "float64 any", "round number whole", "floor number", "ceil number"],
  ...["mul number number", "div number number", "mod number number", "addf number number"],
  ...[
    "trim text",
    "trimSuffix text text",
    "trimAll text text",
    "repeat whole text",
    "snakecase text",
  ],
  ...["camelcase text", "b64enc text", "sha256sum text", "regexReplaceAll text text text"],
  ...["regexMatch text text", "substr whole whole text", "wrap whole text", "abbrev whole text"],
  ...["plural text text whole", "chunk whole list", "initial list", "toStrings list", "seq whole"],
  ...["fromJson text", "base text", "clean text", "swapcase text", "nospace text", "initials text"],
];

interface Maker {
  readonly chance: Chance;
  /** Variables in scope. */
  readonly variables: readonly string[];
  readonly inRange: boolean;
  readonly depth: number;
  /** True in a definition, which calls no other that could call it. */
  readonly isDefinition: boolean;
}

function oneOf<T>({ chance }: Maker, choices: readonly T[]): T {
  return choices[Math.floor(chance() * choices.length)] as T;
}

function operand(maker: Maker, kind: string): string {
  const roll = maker.chance();
  if (roll < 0.015) return oneOf(maker, OPERANDS.odd ?? []);
  if (roll < 0.03) return oneOf(maker, maker.variables);
  if (kind === "any" || roll < 0.04) return operand(maker, oneOf(maker, KINDS));
  if (roll < 0.8 || maker.depth > 3) {
    const known = oneOf(maker, OPERANDS[kind] ?? []);
    // Dot is something else inside ranges and withs; the root is what it was.
    return maker.chance() < 0.03 ? known : known.replaceAll(/(^|[( ])\.(?=[a-z])/g, "$1$.");
  }
  const inner = `(${call({ ...maker, depth: maker.depth + 1 }, false)})`;
  return maker.chance() < 0.05 ? `${inner}.k` : inner;
}

function call(maker: Maker, piped: boolean): string {
  const [name = "", ...kinds] = oneOf(maker, FUNCTIONS).split(" ");
  if (maker.chance() < 0.01) kinds.push("any");
  const wanted = piped ? kinds.slice(0, -1) : kinds;
  return [name, ...wanted.map((kind) => operand(maker, kind))].join(" ");
}

function pipeline(maker: Maker): string {
  const first = maker.chance() < 0.5 ? operand(maker, "any") : call(maker, false);
  const last = [
    "toString",
    "quote",
    "default 1",
    "print",
    "toJson",
    "len",
    'printf "%v"',
    "typeOf",
  ];
  return maker.chance() < 0.25 ? `${first} | ${oneOf(maker, last)}` : first;
}

function statements(maker: Maker): string {
  let [text, variables] = ["", maker.variables];
  for (let count = 1 + Math.floor(maker.chance() * 3); count > 0; count--) {
    const inner = { ...maker, variables, depth: maker.depth + 1 };
    const roll = maker.chance();
    if (roll < 0.15) text += oneOf(maker, ["text ", " \n ", "x", "a: b\n"]);
    else if (roll < 0.55 || maker.depth > 3) text += action(inner, pipeline(inner));
    else if (roll < 0.62) {
      const name = `$${oneOf(maker, ["a", "b", "c"])}`;
      text += action(inner, `${name} := ${pipeline(inner)}`);
      variables = [...variables, name];
    } else if (roll < 0.66) {
      text += action(inner, `${oneOf(inner, variables)} = ${pipeline(inner)}`);
    } else text += block(inner);
  }
  return text;
}

function action(maker: Maker, inside: string): string {
  const roll = maker.chance();
  if (roll < 0.1) return `{{- ${inside} -}}`;
  if (roll < 0.2) return `{{- ${inside}}}`;
  return `{{${inside}}}`;
}

function block(maker: Maker): string {
  const orElse = () => maker.chance() < 0.4 ? `{{else}}${statements(maker)}` : "";
  const roll = maker.chance();
  if (roll < 0.4) {
    const middle = maker.chance() < 0.2 ? `{{else if ${pipeline(maker)}}}${statements(maker)}` : "";
    return `{{if ${pipeline(maker)}}}${statements(maker)}${middle}${orElse()}{{end}}`;
  }
  if (roll < 0.6) return `{{with ${pipeline(maker)}}}${statements(maker)}${orElse()}{{end}}`;
  if (roll < 0.65) {
    return `{{template ${
      oneOf(maker, [maker.isDefinition ? '"two" 2' : '"one" $', '"two" .', '"two" 1'])
    }}}`;
  }
  if (roll < 0.68 && maker.inRange) return oneOf(maker, ["{{break}}", "{{continue}}"]);
  const over = oneOf(maker, [
    ...["$.l", "$.x", "$.m", "$.tags", "$.labels", "$.y", "3", "$.i"],
    operand(maker, "list"),
  ]);
  const body = { ...maker, inRange: true };
  if (maker.chance() < 0.5 || /^(3|\$\.i)$/.test(over)) {
    return `{{range ${over}}}${statements(body)}${orElse()}{{end}}`;
  }
  const named = { ...body, variables: [...maker.variables, "$i", "$v"] };
  return `{{range $i, $v := ${over}}}${statements(named)}${orElse()}{{end}}`;
}

/** A template by chance, with its data. */
export function randomCase(chance: Chance): TemplateCase {
  const maker: Maker = { chance, variables: ["$x"], inRange: false, depth: 0, isDefinition: false };
  const definitions =
    `{{define "one"}}{{$x := 1}}${statements({ ...maker, depth: 2, isDefinition: true })}{{end}}` +
    `{{define "two"}}<{{.}}>{{end}}`;
  const template = `${definitions}{{$x := .m}}` + statements(maker) + statements(maker);
  const missingKey = chance() < 0.15
    ? { missingKey: oneOf(maker, ["zero", "error"] as const) }
    : {};
  return { template, data: DATA, sprig: true, ...missingKey };
}
