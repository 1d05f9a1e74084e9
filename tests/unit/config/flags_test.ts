import assert from "node:assert/strict";
import { parseFlags } from "../../../lib/config/flags.ts";
import { closestWord, editDistance } from "../../../lib/config/edit_distance.ts";
import { boolOption, listOption, textOption } from "../../../lib/config/option.ts";

const TABLE = {
  name: textOption({ flag: "name", short: "n", aliases: ["Name"], fallback: "", help: "a name" }),
  color: boolOption({ flag: "with_color", fallback: "false", help: "a switch" }),
  scopes: listOption({ flag: "scopes", fallback: "", help: "a list" }),
  hidden: textOption({ variable: "HIDDEN", fallback: "", help: "no flag" }),
};

function parse(args: readonly string[], unknown: "warn" | "fault" = "warn") {
  const { texts, positionals, unknown: left, faults, help } = parseFlags(args, TABLE, { unknown });
  return { texts: Object.fromEntries(texts), positionals, unknown: left, faults, help };
}

const NOTHING = { texts: {}, positionals: [], unknown: [], faults: [], help: false };

Deno.test("parseFlags() reads every spelling of a flag that Go's pflag reads", async (t) => {
  const rows: readonly (readonly [readonly string[], Record<string, string>])[] = [
    [[], {}],
    [["--name", "x"], { name: "x" }],
    [["--name=x"], { name: "x" }],
    [["--name="], { name: "" }],
    [["--name=a=b"], { name: "a=b" }],
    [["-n", "x"], { name: "x" }],
    [["-nx"], { name: "x" }],
    [["--Name", "x"], { name: "x" }],
    [["--name", "x", "--name", "y"], { name: "y" }],
    [["--with_color"], { color: "true" }],
    [["--with_color=false"], { color: "false" }],
    [["--with_color=F"], { color: "F" }],
    // As pflag: the word after a flag is its value, whatever it looks like.
    [["--name", "--with_color"], { name: "--with_color" }],
    [["--scopes", "a,b"], { scopes: "a,b" }],
    [["--scopes", "a", "--scopes", "b,c"], { scopes: "a,b,c" }],
  ];
  for (const [args, texts] of rows) {
    await t.step(args.join(" "), () => assert.deepEqual(parse(args), { ...NOTHING, texts }));
  }
});

Deno.test("parseFlags() tells arguments from flags", async (t) => {
  const rows: readonly (readonly [readonly string[], readonly string[]])[] = [
    [["a", "b"], ["a", "b"]],
    [["--name", "x", "a"], ["a"]],
    [["a", "--name", "x", "b"], ["a", "b"]],
    // A switch takes no word after it.
    [["--with_color", "false"], ["false"]],
    [["--", "--name", "x"], ["--name", "x"]],
    [["-"], ["-"]],
    [[""], [""]],
  ];
  for (const [args, positionals] of rows) {
    await t.step(args.join(" "), () => assert.deepEqual(parse(args).positionals, positionals));
  }
});

Deno.test("parseFlags() leaves unknown flags out with their values, each told once", async (t) => {
  const rows: readonly (readonly [readonly string[], readonly string[], readonly string[]])[] = [
    [["--frobnicate"], ["--frobnicate"], []],
    [["--frobnicate", "3"], ["--frobnicate"], []],
    [["--frobnicate=3"], ["--frobnicate"], []],
    [["--frobnicate=3", "word"], ["--frobnicate"], ["word"]],
    [["--frobnicate", "--frobnicate"], ["--frobnicate"], []],
    [["--frobnicate", "--elsewhere", "x"], ["--frobnicate", "--elsewhere"], []],
    [["-x"], ["-x"], []],
    [["--__proto__", "x"], ["--__proto__"], []],
    [["--constructor=x"], ["--constructor"], []],
    [["--HIDDEN", "x"], ["--HIDDEN"], []],
  ];
  for (const [args, unknown, positionals] of rows) {
    await t.step(args.join(" "), () => {
      assert.deepEqual(parse(args), { ...NOTHING, unknown, positionals });
    });
  }
});

Deno.test("parseFlags() takes an unknown flag within two edits of a known one for a typing mistake", async (t) => {
  const rows: readonly (readonly [string, string])[] = [
    ["--nam", "--name"],
    ["--nmae", "--name"],
    ["--names", "--name"],
    ["--namespaces", ""],
    ["--with-color", "--with_color"],
    ["--withcolor", "--with_color"],
    ["--scope=x", "--scopes"],
    ["--with_colour", "--with_color"],
    ["--no-with_color", ""],
    // Two letters are within two edits of almost everything.
    ["--na", ""],
  ];
  for (const [flag, meant] of rows) {
    await t.step(flag, () => {
      const name = flag.split("=")[0];
      const expected = meant === ""
        ? []
        : [`unknown flag ${JSON.stringify(name)}: did you mean ${meant}?`];
      for (const rule of ["warn", "fault"] as const) {
        const { faults } = parse([flag], rule);
        if (meant === "" && rule === "fault") {
          assert.deepEqual(faults, [`unknown flag ${JSON.stringify(name)}: see --help`]);
        } else assert.deepEqual(faults, expected);
      }
    });
  }
});

Deno.test("parseFlags() tells every fault at once", () => {
  const { faults } = parse(["--nam=x", "--scope", "a", "--name"]);
  assert.deepEqual(faults, [
    'unknown flag "--nam": did you mean --name?',
    'unknown flag "--scope": did you mean --scopes?',
    "--name: it needs a value",
  ]);
});

Deno.test("parseFlags() finds --help and -h among anything else, but not behind --", () => {
  for (const args of [["--help"], ["-h"], ["--nam", "-h"], ["x", "--help", "y"]]) {
    assert.equal(parse(args).help, true, args.join(" "));
  }
  assert.equal(parse(["--", "--help"]).help, false);
  assert.equal(parse(["--name", "--help"]).help, false);
});

Deno.test("editDistance() counts edits up to its limit", async (t) => {
  const rows: readonly (readonly [string, string, number])[] = [
    ["", "", 0],
    ["a", "a", 0],
    ["", "ab", 2],
    ["ab", "", 2],
    ["abc", "abd", 1],
    ["abc", "acb", 2],
    ["abc", "xabc", 1],
    ["kitten", "sitting", 3],
    ["a", "abcdef", 3],
    ["same", "some", 1],
  ];
  for (const [left, right, distance] of rows) {
    await t.step(`${left} and ${right}`, () => {
      assert.equal(editDistance(left, right, 2), distance);
      assert.equal(editDistance(right, left, 2), distance);
    });
  }
});

Deno.test("closestWord() gives the closest, not the first, and nothing that is three edits away", () => {
  const words = ["httpAddr", "httpsAddr", "grpcAddr"];
  assert.equal(closestWord("httpsAdr", words), "httpsAddr");
  assert.equal(closestWord("httpAdr", words), "httpAddr");
  assert.equal(closestWord("httpsAddr", words), "httpsAddr");
  assert.equal(closestWord("httpAddrxyz", words), undefined);
  assert.equal(closestWord("", words), undefined);
  assert.equal(closestWord("x", []), undefined);
});
