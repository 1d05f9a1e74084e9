import assert from "node:assert/strict";
import { AddressPlaces } from "../../../lib/transport/places.ts";

/** A connection whose end a test decides. */
function connection() {
  const ends: (() => void)[] = [];
  return {
    once: (_event: "close", listener: () => void) => void ends.push(listener),
    close: () => ends.forEach((end) => end()),
  };
}

Deno.test("AddressPlaces gives each address so many places, again when connections end, and keeps nothing of one that has gone", () => {
  const places = new AddressPlaces(2);
  const [first, second, third] = [connection(), connection(), connection()];
  assert.ok(places.take("a", first));
  assert.ok(places.take("a", second));
  assert.ok(!places.take("a", third));
  assert.ok(places.take("b", third), "another address has its own");
  first.close();
  assert.ok(places.take("a", connection()));
  assert.ok(!places.take("a", connection()), "a refused one took none");
  assert.equal(places.size, 2);
  third.close();
  assert.equal(places.size, 1);
});
