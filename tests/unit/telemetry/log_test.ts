import assert from "node:assert/strict";
import { SignetError } from "signet/base/mod.ts";
import { createLogger, EVENT, type Logger, type LogLevel } from "signet/telemetry/mod.ts";
import { createFakeClock, type FakeClock } from "../../support/fake_clock.ts";

const START = Date.UTC(2026, 0, 2, 3, 4, 5, 678);

interface Stage {
  readonly logger: Logger;
  readonly lines: string[];
  readonly clock: FakeClock;
}

function stage(
  options: { readonly json?: boolean; readonly levels?: Readonly<Record<string, LogLevel>> } = {},
): Stage {
  const lines: string[] = [];
  const clock = createFakeClock(START);
  const config = { levels: options.levels ?? { default: "debug" }, json: options.json ?? false };
  const logger = createLogger(config, { clock, sink: (line) => void lines.push(line) });
  return { logger, lines, clock };
}

Deno.test("A text line has istiod's columns: time, level, scope, message, then fields", () => {
  const { logger, lines } = stage();
  logger.info(EVENT.listening, "Listening", {
    port: "grpc",
    number: 15012,
    tls: true,
    gone: undefined,
  });
  assert.deepEqual(lines, [
    "2026-01-02T03:04:05.678Z\tinfo\tdefault\tListening\tevent=listen.ready port=grpc number=15012 tls=true",
  ]);
});

Deno.test("A JSON line has the same facts, under istiod's names", () => {
  const { logger, lines } = stage({ json: true });
  logger.scoped("ca").warn(EVENT.caReady, "Ready", { names: ["a", "b"], n: 1, gone: undefined });
  assert.deepEqual(lines.map((line) => JSON.parse(line)), [{
    level: "warn",
    time: "2026-01-02T03:04:05.678Z",
    scope: "ca",
    event: "ca.ready",
    msg: "Ready",
    names: ["a", "b"],
    n: 1,
  }]);
});

const LEVELS = ["debug", "info", "warn", "error"] as const;

Deno.test("Each scope writes what its level allows, and default's where it has none", async (t) => {
  const rows: readonly (readonly [LogLevel, readonly string[]])[] = [
    ["debug", ["debug", "info", "warn", "error"]],
    ["info", ["info", "warn", "error"]],
    ["warn", ["warn", "error"]],
    ["error", ["error"]],
    ["fatal", []],
    ["none", []],
  ];
  for (const [level, expected] of rows) {
    await t.step(level, () => {
      for (const levels of [{ default: level }, { default: "debug", ca: level }] as const) {
        const { logger, lines } = stage({ levels });
        const ca = logger.scoped("ca");
        for (const each of LEVELS) ca[each](EVENT.caReady, "x");
        assert.deepEqual(lines.map((line) => line.split("\t")[1]), expected);
        assert.deepEqual(LEVELS.filter((each) => ca.enabled(each)), expected);
      }
    });
  }
});

Deno.test("A scope of a scope goes by its own name", () => {
  const { logger, lines } = stage({ levels: { default: "error", audit: "info" } });
  logger.scoped("ca").scoped("audit").info(EVENT.certificateIssued, "x");
  logger.scoped("audit").scoped("ca").info(EVENT.certificateIssued, "x");
  assert.deepEqual(lines.map((line) => line.split("\t")[2]), ["audit"]);
});

Deno.test("Without a level for default, info is written and debug is not", () => {
  const { logger, lines } = stage({ levels: { ca: "none" } });
  logger.info(EVENT.caReady, "x");
  logger.debug(EVENT.caReady, "x");
  assert.equal(lines.length, 1);
});

/** What someone outside may put into a name, an address or a path. */
const HOSTILE: readonly string[] = [
  "two\nlines",
  "cr\rlf\r\n",
  "tab\tbed",
  'quote" event=forged.event',
  "space level=error",
  "\u001b[2J\u001b]0;title\u0007",
  "\u009b31m",
  "\u0085next",
  "\u2028line\u2029paragraph",
  "\0",
  "\ud800",
  "\u007f",
  "=",
  "",
];

Deno.test("No value from outside makes a second line, steers a terminal, or forges a field", async (t) => {
  for (const value of HOSTILE) {
    await t.step(JSON.stringify(value), () => {
      for (const json of [false, true]) {
        const { logger, lines } = stage({ json });
        logger.warn(EVENT.peerRefused, "Refused", { value, list: [value, value] });
        logger.warn(EVENT.peerRefused, `Refused ${value}`);
        logger.error(EVENT.callFailed, "Failed", {}, new Error(value));
        assert.equal(lines.length, 3);
        for (const line of lines) {
          // deno-lint-ignore no-control-regex -- the very thing that must not be there
          assert.doesNotMatch(line, /[\u0000-\u0008\u000a-\u001f\u007f-\u009f\u2028\u2029]/);
          assert.equal(line.match(/event=|"event"/g)?.filter((_, at) => at === 0).length, 1);
        }
        if (json) {
          assert.equal(
            JSON.parse(lines[0]!).value,
            value.toWellFormed() === value ? value : JSON.parse(lines[0]!).value,
          );
        } else assert.equal(lines[0]!.split("\t").length, 5);
      }
    });
  }
});

Deno.test("A JSON line gives every value back as it was", () => {
  const { logger, lines } = stage({ json: true });
  for (const value of HOSTILE) {
    logger.scoped(`s${lines.length}`).info(EVENT.caReady, "x", { value });
    assert.equal(JSON.parse(lines.at(-1)!).value, value);
  }
});

Deno.test("An error's record has its code, its message and the messages of its causes, at most five", () => {
  const { logger, lines } = stage({ json: true });
  let thrown: Error = new Error("cause 9");
  for (let n = 8; n >= 1; n--) thrown = new Error(`cause ${n}`, { cause: thrown });
  const error = new SignetError("ca.cert_gen_error", "Cannot sign: no", { cause: thrown });
  logger.error(EVENT.signingFailed, "Cannot sign", { caller: "a" }, error);
  const record = JSON.parse(lines[0]!);
  assert.equal(record.error, "Cannot sign: no");
  assert.equal(record["error.code"], "ca.cert_gen_error");
  assert.deepEqual(record.causes, ["cause 1", "cause 2", "cause 3", "cause 4"]);
  assert.equal(record.caller, "a");
  // What signet understands needs no stack; a bug does.
  assert.equal(record.stack, undefined);
});

Deno.test("A bug's record has its stack; what is no error is told as text", () => {
  const { logger, lines } = stage({ json: true });
  logger.error(EVENT.taskFailed, "x", {}, new TypeError("a bug"));
  logger.error(EVENT.taskFailed, "x", {}, "just words");
  logger.error(EVENT.taskFailed, "x");
  const [bug, words, nothing] = lines.map((line) => JSON.parse(line));
  assert.match(bug.stack, /TypeError: a bug\n/);
  assert.equal(bug["error.code"], undefined);
  assert.equal(words.error, "just words");
  assert.equal(words.stack, undefined);
  assert.equal(nothing.error, undefined);
});

Deno.test("A cause that is its own cause does not hang the log", () => {
  const { logger, lines } = stage();
  const error = new Error("round");
  error.cause = error;
  logger.error(EVENT.taskFailed, "x", {}, error);
  assert.equal(lines.length, 1);
});

const FLOOD = 50;

Deno.test("A flood of one event is cut at fifty a second, and told of in a later second", async () => {
  const { logger, lines, clock } = stage();
  for (let n = 0; n < 1000; n++) logger.info(EVENT.peerRefused, "Refused", { n });
  assert.equal(lines.length, FLOOD);
  await clock.advance(1000);
  logger.info(EVENT.peerRefused, "Refused", { n: 1000 });
  assert.equal(lines.length, FLOOD + 2);
  assert.match(
    lines[FLOOD]!,
    /\twarn\t.*event=log\.suppressed of=tls\.peer_refused suppressed=950$/,
  );
  assert.match(lines[FLOOD + 1]!, / n=1000$/);
  // It was told once.
  await clock.advance(1000);
  logger.info(EVENT.peerRefused, "Refused");
  assert.equal(lines.length, FLOOD + 3);
});

Deno.test("A flood of one event leaves others, and the same event of other scopes, alone", () => {
  const { logger, lines } = stage();
  for (let n = 0; n < 100; n++) logger.info(EVENT.peerRefused, "Refused");
  logger.info(EVENT.callFailed, "Failed");
  logger.scoped("grpc").info(EVENT.peerRefused, "Refused");
  assert.equal(lines.length, FLOOD + 2);
});

Deno.test("Audit records are never cut", () => {
  const { logger, lines } = stage();
  const audit = logger.scoped("audit");
  for (let n = 0; n < 1000; n++) audit.info(EVENT.certificateIssued, "Issued");
  assert.equal(lines.length, 1000);
});

Deno.test("Records below the level do not count towards a flood", () => {
  const { logger, lines } = stage({ levels: { default: "info" } });
  for (let n = 0; n < 1000; n++) logger.debug(EVENT.peerRefused, "Refused");
  logger.info(EVENT.peerRefused, "Refused");
  assert.equal(lines.length, 1);
});

Deno.test("A clock that goes back does not silence the log", () => {
  const { logger, lines, clock } = stage();
  for (let n = 0; n < 100; n++) logger.info(EVENT.peerRefused, "Refused");
  clock.jump(-3_600_000);
  logger.info(EVENT.peerRefused, "Refused");
  assert.equal(lines.length, FLOOD + 2);
});
