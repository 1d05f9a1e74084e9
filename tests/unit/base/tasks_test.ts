import assert from "node:assert/strict";
import { createTaskGroup } from "signet/base/mod.ts";

function group() {
  const failures: (readonly [string, unknown])[] = [];
  const tasks = createTaskGroup({ onError: (name, thrown) => void failures.push([name, thrown]) });
  return { tasks, failures };
}

Deno.test("createTaskGroup() runs tasks and waits for them when it is disposed", async () => {
  const { tasks, failures } = group();
  const order: string[] = [];
  tasks.run("slow", async (signal) => {
    await new Promise<void>((resolve) => signal.addEventListener("abort", () => resolve()));
    await Promise.resolve();
    order.push("task ended");
  });
  await tasks[Symbol.asyncDispose]();
  order.push("group ended");
  assert.deepEqual(order, ["task ended", "group ended"]);
  assert.deepEqual(failures, []);
});

Deno.test("createTaskGroup() tells of a task's failure once, by its name, and the others go on", async () => {
  const { tasks, failures } = group();
  const bug = new TypeError("a bug");
  let ended = false;
  tasks.run("bad", () => Promise.reject(bug));
  tasks.run("thrower", () => {
    throw bug;
  });
  tasks.run("good", async () => {
    await Promise.resolve();
    ended = true;
  });
  await new Promise((resolve) => setTimeout(resolve, 0));
  assert.deepEqual(failures.map(([name]) => name).sort(), ["bad", "thrower"]);
  for (const [, thrown] of failures) assert.equal(thrown, bug);
  assert.equal(ended, true);
  assert.equal(tasks.signal.aborted, false);
  await tasks[Symbol.asyncDispose]();
});

Deno.test("createTaskGroup() that is ending takes the rejections of its tasks for their end", async () => {
  const { tasks, failures } = group();
  tasks.run(
    "waiting",
    (signal) =>
      new Promise((_, reject) => signal.addEventListener("abort", () => reject(signal.reason))),
  );
  await tasks[Symbol.asyncDispose]();
  assert.equal(tasks.signal.aborted, true);
  assert.equal(tasks.signal.reason.name, "AbortError");
  assert.deepEqual(failures, []);
});

Deno.test("createTaskGroup() may be disposed twice", async () => {
  const { tasks } = group();
  await tasks[Symbol.asyncDispose]();
  await tasks[Symbol.asyncDispose]();
});
