/** Copies of lists against an API server of paper: what happens at the edges that a real one seldom shows. */
import assert from "node:assert/strict";
import { SignetError } from "signet/base/mod.ts";
import {
  createReflector,
  type KubeClient,
  type KubeDocument,
  metaOf,
  type Reflector,
  type WatchEvent,
} from "signet/kube/mod.ts";
import {
  BACK_OFF_MS,
  MAX_OBJECTS,
  PAGE_OBJECTS,
  SMALLEST_PAGE_OBJECTS,
} from "../../../lib/kube/reflector.ts";
import { createFakeClock, type FakeClock } from "../../support/fake_clock.ts";

const object = (name: string, resourceVersion: string): KubeDocument => ({
  metadata: { name, namespace: "a", resourceVersion },
});
const listOf = (resourceVersion: string, items: readonly KubeDocument[], more = "") => ({
  metadata: { resourceVersion, continue: more },
  items,
});
const refused = (status: number) =>
  new SignetError("kube.refused", "Cannot watch", { fields: { status } });

type Answer = KubeDocument | Error;
type Watched = readonly WatchEvent[] | Error;

interface Paper {
  readonly reflector: Reflector<string>;
  readonly seen: string[];
  readonly failures: unknown[];
  readonly asked: string[];
  /** Objects of a page that were asked for, list by list. */
  readonly limits: number[];
  readonly clock: FakeClock;
}

/** Answers lists and watches in turn; the last watch stays open. */
function paper(lists: readonly Answer[], watches: readonly Watched[]): Paper {
  const clock = createFakeClock(0);
  const [seen, failures, asked]: [string[], unknown[], string[]] = [[], [], []];
  const limits: number[] = [];
  const client: KubeClient = {
    server: "https://paper",
    request({ query }) {
      asked.push(`list ${query?.["continue"] ?? ""}`.trim());
      limits.push(Number(query?.["limit"]));
      const answer = lists[asked.filter((one) => one.startsWith("list")).length - 1];
      return answer instanceof Error ? Promise.reject(answer) : Promise.resolve(answer!);
    },
    async *watch({ query, signal }) {
      asked.push(`watch ${query?.["resourceVersion"]}`);
      const events = watches[asked.filter((one) => one.startsWith("watch")).length - 1];
      if (events instanceof Error) throw events;
      if (events !== undefined) return yield* events;
      await new Promise((_, reject) =>
        signal!.addEventListener("abort", () => reject(signal!.reason))
      );
    },
    [Symbol.dispose]() {},
  };
  const reflector = createReflector({
    path: "/things",
    keep: (thing) => metaOf(thing).resourceVersion,
    onChange: (key, kept) => void seen.push(`${key}=${kept}`),
    onFailure: (thrown) => void failures.push(thrown),
  }, { client, clock, random: () => 0.5 });
  return { reflector, seen, failures, asked, limits, clock };
}

Deno.test("createReflector() lists page by page, then watches from the list's version", async () => {
  const { reflector, asked, seen, clock } = paper([
    listOf("5", [object("one", "1")], "next"),
    listOf("7", [object("two", "2")]),
  ], []);
  await using _ = reflector;
  await reflector.synced;
  await clock.advance(0);
  assert.deepEqual(asked, ["list", "list next", "watch 7"]);
  assert.deepEqual(seen, ["a/one=1", "a/two=2"]);
});

Deno.test("createReflector() resumes a watch that ended from the last version, bookmarks included", async () => {
  const { reflector, asked, seen, failures, clock } = paper([listOf("5", [])], [
    [{ type: "ADDED", object: object("one", "6") }],
    [{ type: "BOOKMARK", object: object("", "90") }],
    [{ type: "DELETED", object: object("one", "91") }],
  ]);
  await using _ = reflector;
  await reflector.synced;
  await clock.advance(0);
  assert.deepEqual(asked, ["list", "watch 5", "watch 6", "watch 90", "watch 91"]);
  assert.deepEqual(seen, ["a/one=6", "a/one=undefined"]);
  assert.deepEqual(failures, []);
});

Deno.test("createReflector() lists anew when its version is forgotten, and tells the difference alone", async () => {
  for (
    const forgotten of [
      refused(410),
      [{ type: "ERROR", object: { code: 410, message: "too old resource version" } }] as const,
    ]
  ) {
    const { reflector, asked, seen, failures, clock } = paper([
      listOf("5", [object("same", "1"), object("gone", "2"), object("other", "3")]),
      listOf("9", [object("same", "1"), object("other", "8"), object("new", "9")]),
    ], [forgotten]);
    await using _ = reflector;
    await reflector.synced;
    seen.length = 0;
    await clock.advance(0);
    await clock.advance(BACK_OFF_MS.longest);
    assert.deepEqual(asked, ["list", "watch 5", "list", "watch 9"]);
    assert.deepEqual(seen, ["a/gone=undefined", "a/other=8", "a/new=9"]);
    assert.deepEqual([...reflector.objects.keys()].sort(), ["a/new", "a/other", "a/same"]);
    assert.deepEqual(failures, []);
  }
});

Deno.test("createReflector() starts the list anew when a page of it has expired", async () => {
  const { reflector, asked, clock } = paper(
    [listOf("5", [object("one", "1")], "next"), refused(410), listOf("6", [])],
    [],
  );
  await using _ = reflector;
  await clock.advance(0);
  await clock.advance(BACK_OFF_MS.longest);
  await reflector.synced;
  assert.deepEqual(asked.slice(0, 3), ["list", "list next", "list"]);
  assert.equal(reflector.objects.size, 0);
});

Deno.test("createReflector() tries again after growing waits, each failure told, and ends in the middle of one", async () => {
  const down = new SignetError("kube.unavailable", "Cannot list");
  const { reflector, failures, asked, clock } = paper(Array.from({ length: 100 }, () => down), []);
  await clock.advance(0);
  assert.equal(failures.length, 1);
  await clock.advance(60_000);
  assert.ok(asked.length > 20 && asked.length < 40, `${asked.length} tries in a minute`);
  assert.equal(failures.length, asked.length);
  assert.ok(clock.longestTimerMs <= BACK_OFF_MS.longest);
  await reflector[Symbol.asyncDispose]();
  assert.equal(clock.waiting, 0);
});

Deno.test("createReflector() follows on after a failure of any kind", async () => {
  const { reflector, asked, failures, clock } = paper([listOf("5", [])], [
    new RangeError("Maximum call stack size exceeded"),
    [{ type: "ADDED", object: object("one", "6") }],
  ]);
  await using _ = reflector;
  await reflector.synced;
  await clock.advance(0);
  await clock.advance(BACK_OFF_MS.longest);
  assert.deepEqual(failures.map(String), ["RangeError: Maximum call stack size exceeded"]);
  assert.deepEqual(asked, ["list", "watch 5", "watch 5", "watch 6"]);
  assert.equal(reflector.objects.get("a/one"), "6");
});

Deno.test("createReflector() gives up a list that has no end", async () => {
  const half = Array.from({ length: MAX_OBJECTS / 2 + 1 }, (_, n) => object(String(n), "1"));
  const other = half.map((_, n) => object(`x${n}`, "1"));
  const { reflector, failures, clock } = paper([listOf("5", half, "more"), listOf("5", other)], []);
  await using _ = reflector;
  await clock.advance(0);
  assert.match(String(failures[0]), /has more than 200000 objects/);
  assert.equal(reflector.objects.size, 0);
});

Deno.test("createReflector() asks for smaller pages when an answer is too large, until one fits", async () => {
  const tooLarge = new SignetError("kube.bad_answer", "Cannot read the API server's answer");
  const { reflector, limits, failures, seen, clock } = paper([
    ...Array.from({ length: 9 }, () => tooLarge),
    listOf("5", [object("one", "1")], "next"),
    listOf("5", [object("two", "2")]),
    listOf("9", [object("two", "2")]),
  ], [refused(410)]);
  await using _ = reflector;
  await clock.advance(0);
  await clock.advance(60_000);
  const least = SMALLEST_PAGE_OBJECTS;
  assert.deepEqual(limits.slice(0, 8), [PAGE_OBJECTS, 250, 125, 62, 31, 15, 7, least]);
  assert.deepEqual(limits.slice(8), [least, least, least, PAGE_OBJECTS]);
  assert.equal(failures.length, 9);
  assert.deepEqual(seen, ["a/one=1", "a/two=2", "a/one=undefined"]);
});

Deno.test("createReflector() takes an answer that is no list for a failure, not for an empty list", async () => {
  const lists = [listOf("5", [object("one", "1")]), {}, { items: [] }, listOf("6", [])];
  const { reflector, failures, seen, clock } = paper(lists, [refused(410)]);
  await using _ = reflector;
  await clock.advance(0);
  assert.deepEqual(seen, ["a/one=1"]);
  await clock.advance(60_000);
  assert.equal(failures.length, 2);
  assert.match(String(failures[0]), /it is no list/);
  assert.deepEqual(seen, ["a/one=1", "a/one=undefined"]);
});
