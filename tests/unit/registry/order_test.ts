import assert from "node:assert/strict";
import { merged, withChanged } from "../../../lib/registry/order.ts";
import { serviceOf } from "../../support/services.ts";

const hosts = (services: readonly { readonly host: string }[]) => services.map(({ host }) => host);

Deno.test("merged() keeps the order of two lists, a cluster's service before others of its host", () => {
  const kubernetes = [serviceOf("b.example", { registry: "Kubernetes" }), serviceOf("d.example")];
  const external = ["a.example", "b.example", "c.example", "e.example"].map((host) =>
    serviceOf(host)
  );
  const all = merged(kubernetes, external);
  assert.deepEqual(hosts(all), [..."abbcde"].map((letter) => `${letter}.example`));
  assert.equal(all[1], kubernetes[0]);
  assert.equal(merged([], external), external);
  assert.equal(merged(external, []), external);
});

Deno.test("withChanged() replaces, takes out and adds, and keeps every other object", () => {
  const list = ["a", "c", "e"].map((host) => serviceOf(host));
  const changed = new Map([
    ["c", serviceOf("c", { name: "new" })],
    ["e", undefined],
    ["d", serviceOf("d")],
    ["x", undefined],
  ]);
  const now = withChanged(list, changed);
  assert.deepEqual(hosts(now), ["a", "c", "d"]);
  assert.equal(now[0], list[0]);
  assert.equal(now[1]!.name, "new");
});
