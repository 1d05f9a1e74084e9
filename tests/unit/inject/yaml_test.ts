import assert from "node:assert/strict";
import fc from "fast-check";
import { BUILTIN_TEMPLATE } from "signet/inject/builtin_template.ts";
import { parseAnyYaml, parseYaml } from "signet/inject/yaml.ts";
import { OUTSIDE, parseBlockYaml } from "signet/inject/yaml_block.ts";
import { resolvePlain } from "signet/inject/yaml_scalar.ts";
import { writeYaml } from "signet/inject/yaml_write.ts";
import { isSignetError } from "signet/base/mod.ts";

/** Texts of the usual forms. */
const USUAL: readonly string[] = [
  "",
  "a: b",
  "a: b\nc:\n  d: e\n  f: [1, 2]\n",
  "- a\n- b: c\n  d: e\n-\n- - x\n  - y\n",
  "a:\n- b\n- c\nd: 1\n",
  "a:\n  - b\n  - c: {d: e, f: [g]}\n    h: i\n",
  "a: |\n  one\n    two\n\n  three\n\n\nb: |-\n  x\n  # no comment\nc: |+\n  y\n\nd: e\n",
  "- |\n  x\n- |-\n    y\n",
  "a: 'it''s'\nb: \"q\\\"\\n\\u00e9\"\n'c d': e\n\"f\": g\n",
  "# c\na: b # d\n\n#e\nc: #f\n  g: h\n  # i\nj: k#l\n",
  'annotations: {\n    istio.io/rev: "default",\n    a: "b",\n  }\nspec:\n',
  "a: {}\nb: []\nc: {d: , e: null}\nf: [a, \"b\", 'c',]\n",
  'a: {"b":"c","d":[1,2.5,true]}\nb: -1\nc: 1.5\nd: -x\n',
  'args:\n- -p\n- "-q"\n- --log=a:b\n- $(A).b\n- /a/b\n',
  "a: 0x10\nb: 010\nc: 1_000\nd: 1e3\ne: .5\nf: +7\ng: 0b11\nh: 08\ni: 1.\nj: 12:30:45\nk: 2001-01-01\n",
  "a: yes\nb: No\nc: on\nd: ~\ne: null\nf: TRUE\ng: y\nh: truee\n",
  "a:\nb:\n  c:\nd: x\n",
  "x: a b  c   \ny: a: b\n",
  "a: b\na: c\n",
  "a: [\n  b, # c\n  d\n]\n",
  "a:   \n    b:   c\n    d:\n       - e\n",
];

/** Texts of other forms, which only the package reads, or nobody. */
const UNUSUAL: readonly string[] = [
  "a: &x b\nc: *x\n",
  "a: >\n  folded\n  text\n",
  "a: one\n  two\n",
  "? a\n: b\n",
  "---\na: b\n",
  "a: !!str 5\n",
  "<<: {a: b}\nc: d\n",
  'a: "b\n  c"\n',
  "a: |2\n   x\n",
  "a:\tb\n",
  "1: a\ntrue: b\n",
  "a: b\n  c: d\n",
  "a: [b\n",
  "a: 'b\n",
  "a: b\n- c\n",
  "%YAML 1.1\n---\na: b\n",
  "a: @b\n",
  "\ta: b\n",
  "a: {b c: d}\r\n",
];

function byPackage(text: string): unknown {
  try {
    return { value: parseAnyYaml(text) };
  } catch (thrown) {
    if (!isSignetError(thrown, "inject.bad_yaml")) throw thrown;
    return thrown.message;
  }
}

Deno.test("parseBlockYaml() reads the usual forms as the package does", async (t) => {
  for (const text of USUAL.filter((text) => !text.includes("a: b\ny"))) {
    await t.step(JSON.stringify(text), () => {
      const read = parseBlockYaml(text);
      if (read !== OUTSIDE) assert.deepEqual({ value: read }, byPackage(text));
    });
  }
  const outside = USUAL.filter((text) => parseBlockYaml(text) === OUTSIDE);
  // A colon in a plain scalar is an error, an item in an item's line is rare: both are for the package.
  assert.deepEqual(outside.length <= 2, true, JSON.stringify(outside));
});

Deno.test("parseBlockYaml() leaves other forms to the package", async (t) => {
  for (const text of UNUSUAL) {
    await t.step(JSON.stringify(text), () => assert.equal(parseBlockYaml(text), OUTSIDE));
  }
});

Deno.test("parseBlockYaml() never reads a changed text otherwise than the package", () => {
  const texts = [...USUAL, ...UNUSUAL, BUILTIN_TEMPLATE.replace(/\{\{.*?\}\}/g, "x")];
  const piece = fc.constantFrom(
    ...["\n", " ", "  ", "-", "- ", ":", ": ", "#", " #", '"', "'", "{", "}", "[", "]", ",", "|"],
    ...["|-\n", "a", "0", "~", "*", "&", "!", "\t", "%", "\n\n", "?", "<<", "\\", ">"],
  );
  const change = fc.tuple(fc.nat(), fc.nat(3), piece);
  let isRead = 0;
  fc.assert(
    fc.property(fc.constantFrom(...texts), fc.array(change, { maxLength: 4 }), (text, changes) => {
      let changed = text;
      for (const [place, length, inserted] of changes) {
        const at = place % (changed.length + 1);
        changed = changed.slice(0, at) + inserted + changed.slice(at + length);
      }
      const read = parseBlockYaml(changed);
      if (read === OUTSIDE) return;
      isRead++;
      const expected = byPackage(changed);
      // Go's library does not ask how far a flow collection is indented.
      if (typeof expected === "string" && expected.includes("sufficiently indented")) return;
      assert.deepEqual({ value: read }, expected);
    }),
    {
      numRuns: Number(Deno.env.get("YAML_RUNS") ?? 3_000),
      seed: Number(Deno.env.get("YAML_SEED") ?? 7),
    },
  );
  assert.ok(isRead > 500, `${isRead} of the texts were read`);
});

Deno.test("resolvePlain() takes scalars for what Go's library takes them for", () => {
  const rows: readonly (readonly [string, unknown])[] = [
    ["", null],
    ["~", null],
    ["yes", true],
    ["Off", false],
    ["yEs", "yEs"],
    ["12", 12],
    ["-7", -7],
    ["+7", 7],
    ["010", 8],
    ["0o17", 15],
    ["08", 8],
    ["0x1F", 31],
    ["-0b11", -3],
    ["1_000", 1000],
    ["1.5", 1.5],
    [".5", 0.5],
    ["1e3", 1000],
    ["1e", "1e"],
    ["12:30", "12:30"],
    ["2001-01-01", "2001-01-01"],
    ["1.2.3", "1.2.3"],
    ["-", "-"],
    ["a", "a"],
  ];
  for (const [text, value] of rows) assert.deepEqual(resolvePlain(text), value, text);
});

Deno.test("writeYaml() writes what reads as the same value", () => {
  const value = fc.jsonValue({ maxDepth: 4 });
  fc.assert(
    fc.property(value, (json) => {
      const plain = JSON.parse(JSON.stringify(json)) as unknown;
      assert.deepEqual(JSON.parse(JSON.stringify(parseYaml(writeYaml(plain)))), plain);
    }),
    { numRuns: 500, seed: 3 },
  );
});

Deno.test("parseYaml() takes an alias for the latest node of its name", () => {
  const text = "a: &x {b: &y 1, h: *y}\nc: &y 2\nd: *x\ne: *y\nf: &x 3\ng: *x\n";
  assert.deepEqual(
    JSON.parse(JSON.stringify(parseYaml(text))),
    { a: { b: 1, h: 1 }, c: 2, d: { b: 1, h: 1 }, e: 2, f: 3, g: 3 },
  );
});

Deno.test("parseYaml() reads thousands of aliases", () => {
  const { b } = parseYaml(`a: &a x\nb: [${"*a,".repeat(9_900)}]\n`) as { b: unknown[] };
  assert.equal(b.length, 9_900);
});

Deno.test("parseYaml() bounds depth and aliases", () => {
  const bad = (text: string) =>
    assert.throws(() => parseYaml(text), (thrown) => isSignetError(thrown, "inject.bad_yaml"));
  bad("[".repeat(5_000) + "]".repeat(5_000));
  bad("a: ".repeat(200) + "b");
  bad(Array.from({ length: 200 }, (_, at) => `${" ".repeat(at)}a:`).join("\n") + " b");
  bad("a: *b\nb: &b c\n");
  const level = (at: number) => `a${at}: &a${at} [${`*a${at - 1},`.repeat(20)}]`;
  bad(["a0: &a0 [x,x]", ...Array.from({ length: 8 }, (_, at) => level(at + 1))].join("\n"));
});
