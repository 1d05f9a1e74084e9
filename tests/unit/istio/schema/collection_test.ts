import assert from "node:assert/strict";
import { list, map, object, type ObjectRules } from "signet/istio/schema/collection.ts";
import { below, fault, formatPath, rootCursor, type Schema } from "signet/istio/schema/port.ts";
import {
  choice,
  duration,
  flag,
  int32,
  nullable,
  optional,
  text,
} from "signet/istio/schema/scalar.ts";

/** What a schema makes of a value, and what it says: `kind path: reason`. */
function read<T>(schema: Schema<T, unknown>, value: unknown): { value: T; said: string[] } {
  const said: string[] = [];
  const say = (kind: string) => (path: readonly (string | number)[], reason: string) =>
    void said.push(`${kind} ${formatPath(path)}: ${reason}`);
  const at = rootCursor({
    budget: { left: 0 },
    fault: say("fault"),
    warning: say("warning"),
    unknownField: say("unknown"),
  });
  return { value: schema.read(value, below(at, "spec")), said };
}

const FIELDS = {
  name: text(),
  count: int32(),
  wait: duration(),
  mode: choice("OFF", "ON"),
  limit: nullable(int32()),
  exact: optional(text()),
  prefix: optional(text()),
  tags: list(text()),
  labels: map(text()),
  inner: object({ deep: flag() }),
};
const RULES: ObjectRules<keyof typeof FIELDS> = {
  required: ["name"],
  oneOf: [["exact", "prefix"]],
  aliases: { wait_time: "wait" },
};
const SCHEMA = object(FIELDS, RULES);
const ZEROS = {
  ...{ name: "a", count: 0, wait: undefined, mode: "OFF", limit: undefined, exact: undefined },
  ...{ prefix: undefined, tags: [], labels: {}, inner: undefined },
};

Deno.test("object() fills fields that are not written with what they are when missing", () => {
  assert.deepEqual(read(SCHEMA, { name: "a" }), { value: ZEROS, said: [] });
});

Deno.test("object() reads every field, and another spelling of one", () => {
  const { value, said } = read(SCHEMA, {
    ...{ name: "a", count: 2, wait_time: "1.5s", mode: "ON", limit: null, exact: "" },
    ...{ tags: ["x"], labels: { k: "v" }, inner: {} },
  });
  assert.deepEqual(said, []);
  assert.deepEqual(value, {
    ...{ name: "a", count: 2, wait: 1500, mode: "ON", limit: undefined, exact: "" },
    ...{ prefix: undefined, tags: ["x"], labels: { k: "v" }, inner: { deep: false } },
  });
});

Deno.test("object() says what is wrong by field", async (t) => {
  const table: readonly (readonly [unknown, readonly string[]])[] = [
    [{}, ["fault spec.name: is missing"]],
    [[], ["fault spec: is a list, should be a mapping", "fault spec.name: is missing"]],
    [{ name: "a", nmae: "b" }, [
      "unknown spec.nmae: is not a field here; fields are name, count, wait, mode, limit, exact, prefix, tags, labels, inner",
    ]],
    [{ name: null }, ["fault spec.name: is null: give it a value, or leave it out"]],
    [{ name: 1 }, ['fault spec.name: is "1", should be a text; put it in quotes']],
    [{ name: "a", count: 1.5 }, [
      'fault spec.count: is "1.5", should be a whole number from -2147483648 to 2147483647',
    ]],
    [{ name: "a", wait: 5 }, [
      'fault spec.wait: is "5", should be a duration such as 1.5s, 300ms or 1h30m',
    ]],
    [{ name: "a", wait: "1us" }, ["fault spec.wait: duration must be greater than 1ms"]],
    [{ name: "a", wait: "1500us" }, [
      "fault spec.wait: only durations to ms precision are supported",
    ]],
    [{ name: "a", wait: "1s", wait_time: "1s" }, [
      "fault spec.wait_time: and wait are one field: give one",
    ]],
    [{ name: "a", mode: "on" }, ['fault spec.mode: is "on", should be one of OFF, ON']],
    [{ name: "a", exact: "a", prefix: "b" }, [
      "fault spec.prefix: and exact exclude each other: give one",
    ]],
    [{ name: "a", tags: "x" }, ['fault spec.tags: is "x", should be a list']],
    [{ name: "a", tags: ["x", null] }, [
      "fault spec.tags[1]: is null, should be a text; put it in quotes",
    ]],
    [{ name: "a", labels: { k: {} } }, [
      "fault spec.labels.k: is a mapping, should be a text; put it in quotes",
    ]],
    [{ name: "a", inner: { deep: "yes" } }, [
      'fault spec.inner.deep: is "yes", should be true or false',
    ]],
  ];
  for (const [value, said] of table) {
    await t.step(JSON.stringify(value), () => assert.deepEqual(read(SCHEMA, value).said, said));
  }
});

Deno.test("object() gives the JSON form back: zeros left out, what must be there or says something kept", () => {
  const table: readonly (readonly [Record<string, unknown>, Record<string, unknown>])[] = [
    [{ name: "" }, { name: "" }],
    [{ name: "a", count: 0, mode: "OFF", tags: [], labels: {} }, { name: "a" }],
    [{ name: "a", wait: "90s" }, { name: "a", wait: "1m30s" }],
    [{ name: "a", limit: 0, exact: "", inner: {} }, { name: "a", limit: 0, exact: "", inner: {} }],
    [{ name: "a", tags: [""], labels: { k: "" } }, { name: "a", tags: [""], labels: { k: "" } }],
  ];
  for (const [written, expected] of table) {
    const { value } = read(SCHEMA, written);
    assert.deepEqual(SCHEMA.write(value), expected);
    assert.deepEqual(read(SCHEMA, expected).value, value);
  }
});

Deno.test("map() and object() take names that JavaScript knows for names", () => {
  const written = JSON.parse('{"__proto__": "a", "constructor": "b", "toString": "c"}') as unknown;
  const { value, said } = read(map(text()), written);
  assert.deepEqual(said, []);
  assert.deepEqual(Object.entries(value), [["__proto__", "a"], ["constructor", "b"], [
    "toString",
    "c",
  ]]);
  assert.deepEqual(
    read(object({ name: text() }), written).said.map((line) => line.slice(0, 24)),
    [
      "unknown spec.__proto__: i",
      "unknown spec.constructor:",
      "unknown spec.toString: is",
    ].map((line) => line.slice(0, 24)),
  );
});

Deno.test("list() and map() are bounded, by 10,000 where nothing else is said", () => {
  const many = Array.from({ length: 10_001 }, (_, at) => `k${at}`);
  assert.deepEqual(read(list(text()), many), {
    value: [],
    said: ["fault spec: has 10001 elements, at most 10000 are read"],
  });
  assert.deepEqual(read(map(text()), Object.fromEntries(many.map((key) => [key, ""]))), {
    value: {},
    said: ["fault spec: has 10001 entries, at most 10000 are read"],
  });
  assert.deepEqual(read(list(text(), { min: 1, max: 2 }), []).said, [
    "fault spec: has 0 elements, should have at least 1",
  ]);
  assert.deepEqual(read(text(), "x".repeat(4097)).said, [
    "fault spec: has 4097 characters, at most 4096 are read",
  ]);
});

Deno.test("fault() says nothing of an undefined reason", () => {
  const said: string[] = [];
  const say = (_path: unknown, reason: string) => void said.push(reason);
  const at = rootCursor({ budget: { left: 0 }, fault: say, warning: say, unknownField: say });
  fault(at, undefined);
  fault(at, "something");
  assert.deepEqual(said, ["something"]);
});
