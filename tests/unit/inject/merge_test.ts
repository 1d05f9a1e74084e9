import assert from "node:assert/strict";
import { copyOf, type Draft } from "signet/inject/document.ts";
import { mergeDocuments, mergeReason } from "signet/inject/merge.ts";
import { POD } from "signet/inject/pod_types.ts";

function merged(original: unknown, patch: unknown): unknown {
  const result = mergeDocuments(POD, copyOf(original) as Draft, copyOf(patch) as Draft);
  return JSON.parse(JSON.stringify(result)) as unknown;
}

const spec = (value: unknown) => ({ spec: value });
const first = (container: unknown) => spec({ containers: [container] });

/** Results as `kubectl patch` gives them; with Istio's templates the webhook itself is asked in `tests/integration/istio`. */
const ROWS: readonly (readonly [claim: string, before: unknown, patch: unknown, after: unknown])[] =
  [
    ["members are merged", { a: { b: 1, c: 2 } }, { a: { c: 3 } }, { a: { b: 1, c: 3 } }],
    ["null deletes", { a: 1, b: 2 }, { a: null, c: null }, { b: 2 }],
    ["nulls of what is new are nothing", {}, { a: { b: null, c: [{ d: null }] } }, {
      a: { c: [{}] },
    }],
    ["another type replaces", { a: [1] }, { a: { b: 1 } }, { a: { b: 1 } }],
    ["unknown lists are replaced", { a: [1, 2] }, { a: [3] }, { a: [3] }],
    [
      "containers by name, the patch's first",
      spec({ containers: [{ name: "a", image: "1" }, { name: "b" }] }),
      spec({ containers: [{ name: "c" }, { name: "b", image: "2" }] }),
      spec({ containers: [{ name: "c" }, { name: "a", image: "1" }, { name: "b", image: "2" }] }),
    ],
    [
      "mounts by path",
      first({ name: "a", volumeMounts: [{ name: "v", mountPath: "/x" }] }),
      first({
        name: "a",
        volumeMounts: [{ name: "w", mountPath: "/x" }, { name: "v", mountPath: "/y" }],
      }),
      first({
        name: "a",
        volumeMounts: [{ name: "w", mountPath: "/x" }, { name: "v", mountPath: "/y" }],
      }),
    ],
    [
      "ports by number, of both protocols",
      first({ name: "a", ports: [{ containerPort: 53, protocol: "UDP" }] }),
      first({ name: "a", ports: [{ containerPort: 53, name: "dns" }] }),
      first({ name: "a", ports: [{ containerPort: 53, protocol: "UDP", name: "dns" }] }),
    ],
    [
      "arguments are one value",
      first({ name: "a", args: ["1", "2"] }),
      first({ name: "a", args: ["3"] }),
      first({ name: "a", args: ["3"] }),
    ],
    [
      "tolerations too",
      spec({ tolerations: [{ key: "a" }] }),
      spec({ tolerations: [{ key: "b" }] }),
      spec({ tolerations: [{ key: "b" }] }),
    ],
    [
      "finalizers are gathered",
      { metadata: { finalizers: ["a", "b"] } },
      { metadata: { finalizers: ["b", "c"] } },
      { metadata: { finalizers: ["a", "b", "c"] } },
    ],
    ["an object is replaced", { a: { b: 1 } }, { a: { $patch: "replace", c: 2 } }, { a: { c: 2 } }],
    ["an object is emptied", { a: { b: 1 } }, { a: { $patch: "delete" } }, { a: {} }],
    [
      "an item goes",
      spec({ volumes: [{ name: "a" }, { name: "b" }] }),
      spec({ volumes: [{ $patch: "delete", name: "a" }] }),
      spec({ volumes: [{ name: "b" }] }),
    ],
    [
      "a list is replaced",
      spec({ volumes: [{ name: "a" }] }),
      spec({ volumes: [{ $patch: "replace" }, { name: "c" }] }),
      spec({ volumes: [{ name: "c" }] }),
    ],
    [
      "other sources of a volume go",
      spec({ volumes: [{ name: "a", emptyDir: {} }] }),
      spec({
        volumes: [{ name: "a", $retainKeys: ["name", "hostPath"], hostPath: { path: "/" } }],
      }),
      spec({ volumes: [{ name: "a", hostPath: { path: "/" } }] }),
    ],
    ["directives for what is not there are nothing", {}, {
      a: { $patch: "delete" },
      b: [{ $patch: "replace" }],
    }, { b: [] }],
  ];

Deno.test("mergeDocuments() merges as Kubernetes does", async (t) => {
  for (const [claim, before, patch, after] of ROWS) {
    await t.step(claim, () => assert.deepEqual(merged(before, patch), after));
  }
});

Deno.test("mergeDocuments() refuses what it cannot merge", () => {
  const rows: readonly (readonly [before: unknown, patch: unknown, reason: RegExp])[] = [
    [
      spec({ volumes: [{ name: "a" }] }),
      spec({ volumes: [{ emptyDir: {} }] }),
      /declared merge key: name/,
    ],
    [spec({ volumes: [{ name: "a" }] }), spec({ volumes: ["a"] }), /no object/],
    [{ a: {} }, { a: { $patch: "merge" } }, /unknown patch type: merge/],
    [
      spec({ volumes: [{ name: "a" }] }),
      spec({ volumes: [{ $patch: "x", name: "a" }] }),
      /unknown patch type: x/,
    ],
    [{ a: {} }, { "$setElementOrder/a": [] }, /\$setElementOrder\/a is not supported/],
    [{ a: 1 }, { $retainKeys: ["b"], a: 2 }, /invalid patch format of retainKeys/],
  ];
  for (const [before, patch, reason] of rows) {
    try {
      merged(before, patch);
      assert.fail(`${reason} should be refused`);
    } catch (thrown) {
      assert.match(mergeReason(thrown), reason);
    }
  }
});

Deno.test("mergeDocuments() takes __proto__ for a name", () => {
  const before = JSON.parse('{"__proto__":{"a":1},"metadata":{}}') as unknown;
  const patch = JSON.parse('{"__proto__":{"b":2},"metadata":{"__proto__":{"c":3}}}') as unknown;
  mergeDocuments(POD, copyOf(before) as Draft, copyOf(patch) as Draft);
  assert.deepEqual([({} as Draft)["b"], ({} as Draft)["c"]], [undefined, undefined]);
});
