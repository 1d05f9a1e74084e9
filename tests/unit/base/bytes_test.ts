/** Text that comes in chunks. */
import assert from "node:assert/strict";
import { readText, utf8 } from "signet/base/mod.ts";

async function* chunks(...all: Uint8Array[]): AsyncGenerator<Uint8Array> {
  for (const chunk of all) yield await Promise.resolve(chunk);
}

Deno.test("readText() joins what was cut inside a character, and takes nothing for an empty text", async () => {
  const bytes = utf8("a\u20acb");
  const cut = chunks(bytes.subarray(0, 2), bytes.subarray(2));
  assert.equal(await readText(cut, { maxBytes: bytes.length }), "a\u20acb");
  assert.equal(await readText(null, { maxBytes: 0 }), "");
});

Deno.test("readText() stops taking chunks where the bound is passed", async () => {
  let taken = 0;
  async function* endless() {
    for (;;) {
      taken++;
      yield await Promise.resolve(utf8("1234"));
    }
  }
  await assert.rejects(readText(endless(), { maxBytes: 8 }), {
    name: "RangeError",
    message: /more than 8 bytes/,
  });
  assert.equal(taken, 3);
});

Deno.test("readText() refuses malformed UTF-8 where it is told to, at the end of the text too", async () => {
  for (const bytes of [[0xff], [0x61, 0xe2, 0x82]]) {
    const malformed = () => chunks(Uint8Array.from(bytes));
    await assert.rejects(readText(malformed(), { maxBytes: 8, fatal: true }), TypeError);
    assert.match(await readText(malformed(), { maxBytes: 8 }), /\ufffd/);
  }
});
