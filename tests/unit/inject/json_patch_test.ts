import assert from "node:assert/strict";
import fc from "fast-check";
import { diffDocuments, escapePointer } from "signet/inject/json_patch.ts";
import { applyPatch } from "../../support/json_patch.ts";

Deno.test("diffDocuments() says as little as it can", () => {
  const rows: readonly (readonly [before: unknown, after: unknown, patch: unknown])[] = [
    [{ a: 1 }, { a: 1 }, []],
    [{ a: 1 }, { a: 2 }, [{ op: "replace", path: "/a", value: 2 }]],
    [{}, { "a/b~c": 1 }, [{ op: "add", path: "/a~1b~0c", value: 1 }]],
    [{ a: 1 }, {}, [{ op: "remove", path: "/a" }]],
    [{ a: [1, 2, 3] }, { a: [1] }, [{ op: "remove", path: "/a/2" }, {
      op: "remove",
      path: "/a/1",
    }]],
    [{ a: [1] }, { a: [2, 3] }, [
      { op: "add", path: "/a/1", value: 3 },
      { op: "replace", path: "/a/0", value: 2 },
    ]],
    [{ a: null }, { a: {} }, [{ op: "replace", path: "/a", value: {} }]],
    [{ a: [] }, { a: {} }, [{ op: "replace", path: "/a", value: {} }]],
  ];
  for (const [before, after, patch] of rows) assert.deepEqual(diffDocuments(before, after), patch);
  assert.equal(escapePointer("~1/"), "~01~1");
});

Deno.test("diffDocuments() makes the one document of the other", () => {
  const value = fc.object({
    key: fc.oneof(fc.constantFrom("a", "b", "/", "~", "", "__proto__", "~1", "0"), fc.string()),
    maxDepth: 3,
    values: [fc.integer(), fc.string(), fc.constant(null), fc.boolean()],
  });
  fc.assert(
    fc.property(value, value, (one, other) => {
      const before = JSON.parse(JSON.stringify(one)) as unknown;
      const after = JSON.parse(JSON.stringify(other)) as unknown;
      const patch = diffDocuments(before, after);
      assert.equal(
        JSON.stringify(sorted(applyPatch(before, patch))),
        JSON.stringify(sorted(after)),
      );
    }),
    { numRuns: 2_000, seed: 11 },
  );
});

/** The value as lists of pairs in order of their names, so that a name like `__proto__` is compared too. */
function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted);
  if (typeof value !== "object" || value === null) return value;
  return Object.entries(value).map(([name, held]) => [name, sorted(held)])
    .sort(([one], [other]) => String(one) < String(other) ? -1 : 1);
}
