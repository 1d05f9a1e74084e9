/** Requests are read one ahead, and everybody who waits is woken. */
import assert from "node:assert/strict";
import { createInbox } from "../../../lib/xds/inbox.ts";

Deno.test("createInbox() reads one request ahead of the reader, no more", async () => {
  let read = 0;
  async function* requests() {
    for (;;) yield { number: ++read };
  }
  using inbox = createInbox(requests());
  await inbox.wait();
  await new Promise((resolve) => setTimeout(resolve, 0));
  assert.equal(read, 1);
  assert.equal(inbox.take()?.number, 1);
  assert.equal(inbox.take(), undefined);
  await inbox.wait();
  assert.equal(inbox.take()?.number, 2);
});

Deno.test("createInbox() gives the last request before the end, and an error once", async () => {
  async function* requests() {
    yield { number: 1 };
    await Promise.resolve();
    throw new TypeError("Lost");
  }
  using inbox = createInbox(requests());
  await inbox.wait();
  assert.equal(inbox.isEnded, false);
  assert.equal(inbox.take()?.number, 1);
  while (inbox.isEnded === false) {
    await inbox.wait();
    assert.throws(() => inbox.take(), /Lost/);
  }
  assert.equal(inbox.take(), undefined);
});

Deno.test("createInbox() lets go of its requests when it is disposed", async () => {
  let isOver = false;
  async function* requests() {
    try {
      for (;;) yield {};
    } finally {
      isOver = true;
    }
  }
  {
    using inbox = createInbox(requests());
    await inbox.wait();
  }
  await new Promise((resolve) => setTimeout(resolve, 0));
  assert.equal(isOver, true);
});
