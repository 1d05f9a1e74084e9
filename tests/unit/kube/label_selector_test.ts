/** Label selectors as the API server reads them. */
import assert from "node:assert/strict";
import { matchesLabels, readSelector, selectorFault, selects } from "signet/kube/mod.ts";

const expression = (key: string, operator: string, ...values: string[]) => ({
  matchExpressions: [{ key, operator, values }],
});

Deno.test("matchesLabels() wants every label and every condition", async (t) => {
  const labels = { env: "prod", "example.com/team": "a" };
  const rows: readonly (readonly [string, object, boolean])[] = [
    ["nothing", {}, true],
    ["a label", { matchLabels: { env: "prod" } }, true],
    ["one of two", { matchLabels: { env: "prod", other: "x" } }, false],
    ["In", expression("env", "In", "test", "prod"), true],
    ["In without the label", expression("other", "In", "x"), false],
    ["NotIn", expression("env", "NotIn", "prod"), false],
    ["NotIn without the label", expression("other", "NotIn", "x"), true],
    ["Exists", expression("example.com/team", "Exists"), true],
    ["no prototype has labels", expression("constructor", "Exists"), false],
    ["DoesNotExist", expression("env", "DoesNotExist"), false],
    ["DoesNotExist without the label", expression("other", "DoesNotExist"), true],
    ["both kinds", { matchLabels: { env: "prod" }, ...expression("env", "NotIn", "prod") }, false],
  ];
  for (const [name, selector, wanted] of rows) {
    await t.step(name, () => {
      const read = readSelector(selector)!;
      assert.equal(selectorFault(read), undefined);
      assert.equal(matchesLabels(read, labels), wanted);
      assert.equal(selects(read, labels), wanted && name !== "nothing");
    });
  }
});

Deno.test("readSelector() and selectorFault() refuse what the API server refuses", async (t) => {
  const rows: readonly (readonly [string, unknown, RegExp])[] = [
    ["a list", [], /no form/],
    ["null", null, /no form/],
    ["a number for a value", { matchLabels: { a: 1 } }, /no form/],
    [
      "values that are a text",
      { matchExpressions: [{ key: "a", operator: "In", values: "b" }] },
      /no form/,
    ],
    ["no operator", { matchExpressions: [{ key: "a" }] }, /no form/],
    ["an operator of fields", expression("a", "Gt", "1"), /"Gt" should be In, NotIn/],
    ["In of nothing", expression("a", "In"), /In wants values/],
    ["Exists with a value", expression("a", "Exists", "b"), /Exists takes no values/],
    ["an empty name", expression("", "Exists"), /"" is no name/],
    ["a name with a space", { matchLabels: { "a b": "c" } }, /"a b" is no name/],
    ["two slashes", { matchLabels: { "a/b/c": "d" } }, /is no name/],
    ["a long name", { matchLabels: { ["a".repeat(64)]: "b" } }, /is no name/],
    ["a domain in capitals", { matchLabels: { "Example.com/a": "b" } }, /is no name/],
    ["a value with a slash", expression("a", "In", "b", "c/d"), /In: "c\/d" is no value/],
    ["a long value", { matchLabels: { a: "b".repeat(64) } }, /is no value/],
  ];
  for (const [name, value, message] of rows) {
    await t.step(name, () => {
      const selector = readSelector(value);
      const said = selector === undefined ? "no form" : selectorFault(selector) ?? "nothing";
      assert.match(said, message);
    });
  }
  assert.equal(
    selectorFault(readSelector({ matchLabels: { "example.com/a_b.c": "" } })!),
    undefined,
  );
});
