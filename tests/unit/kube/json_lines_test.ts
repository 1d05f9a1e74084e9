/** A watch's stream in pieces. */
import assert from "node:assert/strict";
import { utf8 } from "signet/base/mod.ts";
import { MAX_LINE_CHARS, parseWatchEvent, splitLines } from "../../../lib/kube/json_lines.ts";

async function lines(...chunks: readonly (string | Uint8Array)[]): Promise<string[]> {
  const bytes = chunks.map((chunk) => typeof chunk === "string" ? utf8(chunk) : chunk);
  return await Array.fromAsync(splitLines(bytes));
}

Deno.test("splitLines() joins what was cut anywhere, also inside a character, and leaves a torn end out", async () => {
  const text = '{"a":"ä€😀"}\n{"b":1}\n';
  const bytes = utf8(text);
  const whole = ['{"a":"ä€😀"}', '{"b":1}'];
  for (let at = 0; at <= bytes.length; at++) {
    assert.deepEqual(await lines(bytes.slice(0, at), bytes.slice(at)), whole);
  }
  assert.deepEqual(await lines("a\nb\ntorn"), ["a", "b"]);
  assert.deepEqual(await lines(), []);
});

Deno.test("splitLines() gives up a line without an end", async () => {
  const chunk = "x".repeat(MAX_LINE_CHARS / 4);
  await assert.rejects(lines(chunk, chunk, chunk, chunk, chunk), { code: "kube.bad_answer" });
});

Deno.test("parseWatchEvent() takes watch events and nothing else", () => {
  assert.deepEqual(parseWatchEvent('{"type":"ADDED","object":{"a":1}}'), {
    type: "ADDED",
    object: { a: 1 },
  });
  for (const bad of ["", "{", "null", "[]", '{"type":"OTHER","object":{}}', '{"type":5}']) {
    assert.throws(() => parseWatchEvent(bad), { code: "kube.bad_answer" }, bad);
  }
});
