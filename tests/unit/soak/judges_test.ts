// What judges a soak must itself be able to say no.
import assert from "node:assert/strict";
import { watchLog } from "../../soak/log_watch.ts";
import { growthOfLastThird, tenths } from "../../soak/memory.ts";

Deno.test("growthOfLastThird() sees what grows to the end, and not what has levelled off", () => {
  const steady = Array.from({ length: 120 }, (_, at) => Math.min(at, 60) + 100);
  assert.equal(growthOfLastThird(steady), 1);
  const leak = Array.from({ length: 120 }, (_, at) => at + 100);
  assert.ok(growthOfLastThird(leak) > 1.1);
  const spike = steady.with(119, 10_000);
  assert.equal(growthOfLastThird(spike), 1);
  assert.throws(() => growthOfLastThird([1, 2, 3]), RangeError);
  assert.deepEqual(tenths(Array.from({ length: 10 }, (_, at) => at)).at(-1), 9);
});

Deno.test("watchLog() finds secrets, however the text is cut, and counts warnings by event", () => {
  const secret = "ab".repeat(32);
  const keyLine = "M".repeat(64);
  const line = (level: string, text: string) =>
    `{"level":"${level}","event":"some.event","text":"${text}"}\n`;
  const watched = (text: string) => {
    const log = watchLog();
    log.addTokenSecret(secret);
    log.addKey(`-----BEGIN X-----\n${keyLine}\nshort\n-----END X-----\n`);
    for (const char of text) log.take(char, "stdout");
    return log;
  };
  const clean = watched(line("info", "cd".repeat(32)) + line("debug", "short"));
  assert.deepEqual([clean.lines(), clean.faults(), [...clean.events()]], [2, [], []]);
  for (const bad of [secret, `sjt_0123456789abcdef_${secret}`, keyLine, "PRIVATE KEY"]) {
    assert.equal(watched(line("info", bad)).faults().length, 1, bad);
  }
  const warned = watched(line("warn", "a") + line("warn", "b") + line("error", "c") + "oops\n");
  assert.deepEqual(
    [...warned.events()],
    [["warn some.event", 2], ["error some.event", 1], ["no JSON", 1]],
  );
});

Deno.test("watchLog() keeps the two streams apart", () => {
  const log = watchLog();
  log.take('{"level":"info",', "stdout");
  log.take('{"level":"error","event":"e"}\n', "stderr");
  log.take('"event":"i"}\n', "stdout");
  assert.deepEqual([...log.events()], [["error e", 1]]);
});
