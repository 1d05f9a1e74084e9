import assert from "node:assert/strict";

import { openSink } from "signet/telemetry/mod.ts";
import { tempDir } from "../../support/process.ts";

Deno.test("openSink() counts the lines that a full disk takes away, and goes on with the other targets", async () => {
  await using dir = await tempDir();
  const path = `${dir.path}/log`;
  using sink = openSink(["/dev/full", path]);
  sink.write("one");
  sink.write("two");
  sink.flush();
  assert.equal(sink.dropped(), 2);
  sink.write("three");
  sink.flush();
  assert.equal(sink.dropped(), 3);
  assert.equal(await Deno.readTextFile(path), "one\ntwo\nthree\n");
});
