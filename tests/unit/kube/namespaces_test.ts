/** Which namespaces the mesh takes, while their labels and the selectors change. */
import assert from "node:assert/strict";
import { followNamespaces, type LabelSelector, readSelector } from "signet/kube/mod.ts";
import { createFakeClock } from "../../support/fake_clock.ts";
import { createPaperApi } from "../../support/paper_api.ts";
import { settle } from "../../support/xds_server.ts";

const PATH = "/api/v1/namespaces";
const selector = (matchLabels: Readonly<Record<string, string>>): LabelSelector =>
  readSelector({ matchLabels })!;
const MESH = selector({ mesh: "yes" });
const PROD = selector({ env: "prod" });

/** Follows namespaces of paper; `told` are names of `onChange`, and `*` for `onSelection`. */
function createWorld(selectors: readonly LabelSelector[]) {
  const api = createPaperApi();
  const clock = createFakeClock(0);
  const [told, failures]: [string[], unknown[]] = [[], []];
  const namespaces = followNamespaces(selectors, {
    ...{ client: api.client, clock, random: () => 0.5 },
    onFailure: (thrown) => void failures.push(thrown),
  });
  namespaces.onChange((name) => void told.push(name));
  namespaces.onSelection(() => void told.push("*"));
  return {
    ...{ api, clock, namespaces, failures },
    pass: () => settle(clock),
    label(name: string, labels: Readonly<Record<string, string>>) {
      api.put(PATH, { name, labels });
      return settle(clock);
    },
    selected: (...names: string[]) => names.filter((name) => namespaces.isSelected(name)),
    takeTold: () => told.splice(0),
  };
}

Deno.test("followNamespaces() takes every namespace without selectors, and asks for none", async () => {
  const world = createWorld([]);
  await using _ = world.namespaces;
  await world.pass();
  assert.equal(world.namespaces.isSelective, false);
  assert.deepEqual(world.selected("a", "nobody"), ["a", "nobody"]);
  assert.deepEqual(world.api.listed, []);
});

Deno.test("followNamespaces() takes what one of the selectors matches, as labels change", async () => {
  const world = createWorld([MESH, PROD]);
  await using _ = world.namespaces;
  world.api.put(PATH, { name: "a", labels: { mesh: "yes" } });
  world.api.put(PATH, { name: "b", labels: { env: "prod" } });
  world.api.put(PATH, { name: "c" });
  assert.deepEqual(world.selected("a", "b", "c"), [], "none before they are known");
  await Promise.all([world.namespaces.whole(), world.pass()]);
  assert.deepEqual(world.selected("a", "b", "c", "nobody"), ["a", "b"]);
  assert.deepEqual(world.takeTold(), ["a", "b", "*"]);
  await world.label("c", { mesh: "yes" });
  assert.deepEqual(world.takeTold(), ["c", "*"]);
  await world.label("a", { mesh: "no" });
  assert.deepEqual(world.takeTold(), ["a", "*"]);
  await world.label("a", { mesh: "never" });
  assert.deepEqual(world.takeTold(), ["a"], "other labels, and the selection is what it was");
  await world.label("a", { mesh: "never" });
  assert.deepEqual(world.takeTold(), [], "nothing that is kept changed");
  assert.deepEqual(world.selected("a", "b", "c"), ["b", "c"]);
  world.api.remove(PATH, { name: "b" });
  await world.pass();
  assert.deepEqual(world.takeTold(), ["b", "*"]);
  assert.deepEqual(world.selected("a", "b", "c"), ["c"]);
});

Deno.test("followNamespaces() takes other selectors while it runs, once it knows the namespaces", async () => {
  const world = createWorld([]);
  await using _ = world.namespaces;
  world.api.put(PATH, { name: "a", labels: { mesh: "yes" } });
  world.api.put(PATH, { name: "b" });
  world.api.away.add(PATH);
  world.namespaces.select([MESH]);
  await world.pass();
  assert.equal(world.failures.length, 1);
  assert.deepEqual(world.selected("a", "b"), ["a", "b"], "what was in force stays meanwhile");
  world.api.away.delete(PATH);
  await world.clock.advance(5_000);
  await world.pass();
  assert.deepEqual(world.selected("a", "b"), ["a"]);
  assert.deepEqual(world.takeTold(), ["b", "*"]);
  world.namespaces.select([readSelector({})!]);
  assert.deepEqual(world.selected("a", "b", "nobody"), ["a", "b"], "an empty one matches all");
  assert.deepEqual(world.takeTold(), ["b", "*"]);
  world.namespaces.select([]);
  assert.deepEqual(world.selected("a", "b", "nobody"), ["a", "b", "nobody"]);
  assert.deepEqual(world.takeTold(), ["*"]);
});
