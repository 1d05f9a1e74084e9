// deno-lint-ignore-file no-console -- a script prints
/**
 * Runs the phases of `test_phases.ts` and ends with one plain line: `N passed, N failed`.
 *
 * The exit code is 1 when anything failed, a phase ended badly or a phase ran no test. With `CI=true` a missing peer or a missing
 * Deno is a failure; on a laptop it is skipped aloud. Everything that a phase prints is kept in `dist/test_logs/`.
 *
 * Usage: `scripts/deno task test [PHASE]... [-- ARGUMENT OF deno test]...`, for example `task test unit -- --filter CSR`
 */
import { parseJunit, type TestCounts, type TestFailure } from "./junit.ts";
import { type Phase, PHASES, type ProgramPhase, type TestPhase } from "./test_phases.ts";

const LOGS = "dist/test_logs";
const EXECUTABLE = "dist/signet";
const BUNDLE = "dist/signet.js";
/** A phase that takes longer hangs. */
const PHASE_TIMEOUT_MS = 25 * 60_000;
/** A line that says what is still running, so that silence is not taken for a hang. */
const HEARTBEAT_MS = 30_000;
const TAIL_LINES = 60;
/** Programs run side by side, one a core; a phase of tests keeps all cores busy by itself. */
const CORES = Math.max(2, navigator.hardwareConcurrency);
const inCi = Deno.env.get("CI") === "true";

interface Ran {
  readonly code: number;
  readonly output: string;
}

/** What the command line asked for. */
interface Request {
  readonly wanted: readonly string[];
  readonly extra: readonly string[];
}

async function main(request: Request): Promise<number> {
  const asked = PHASES.filter(({ name }) => isWanted(name, request.wanted));
  const needsProgram = asked.some((phase) => phase.kind === "tests" && phase.program !== undefined);
  const phases = PHASES.filter((phase) =>
    asked.includes(phase) || needsProgram && phase.kind === "program" && phase.compiles
  );
  if (phases.length === 0) {
    console.error(`No such phase: ${request.wanted.join(", ")}. Phases: ${names()}`);
    return 2;
  }
  await Deno.mkdir(LOGS, { recursive: true });
  const total = { passed: 0, failed: 0, skipped: 0 };
  const add = (counts: TestCounts) => {
    total.passed += counts.passed;
    total.failed += counts.failures.length;
    total.skipped += counts.skipped;
  };
  if (phases.some((phase) => phase.kind === "tests" && phase.peers)) add(await preparePeers());
  for (const counts of await runAll(phases, request)) add(counts);
  const skipped = total.skipped > 0 ? `, ${total.skipped} skipped` : "";
  console.log(`${total.passed} passed, ${total.failed} failed${skipped}`);
  return total.failed === 0 ? 0 : 1;
}

/** Runs phases in their order: programs side by side, one a core; a phase of tests, which keeps every core busy, by itself. */
async function runAll(phases: readonly Phase[], request: Request): Promise<readonly TestCounts[]> {
  const all: TestCounts[] = [];
  const running = new Set<Promise<void>>();
  let isCompiled = true;
  const run = async (phase: Phase) => {
    const counts = await runPhase(phase, request);
    all.push(counts);
    if (phase.kind === "program" && phase.compiles && counts.passed === 0) isCompiled = false;
  };
  for (const phase of phases) {
    while (running.size >= (phase.kind === "tests" ? 1 : CORES)) await Promise.race(running);
    if (phase.kind === "tests" && phase.program === "executable" && !isCompiled) {
      announce(`SKIPPED for want of ${EXECUTABLE}: ${phase.name}`);
      continue;
    }
    const started = run(phase).finally(() => running.delete(started));
    running.add(started);
    if (phase.kind === "tests") await started;
  }
  await Promise.all(running);
  return all;
}

function names(): string {
  return PHASES.map(({ name }) => name).join(", ");
}

/** `unit` asks for the phase on the pinned Deno alone; `executable` and `static` for all that start so; nothing asks for all. */
function isWanted(name: string, wanted: readonly string[]): boolean {
  const group = ["static", "executable"];
  return wanted.length === 0 ||
    wanted.some((word) => name === word || group.includes(word) && name.startsWith(`${word} `));
}

/** Builds the real peers; without them CI fails here, and a laptop goes on. */
async function preparePeers(): Promise<TestCounts> {
  const { code } = await timed("peers", ["task", "--quiet", "peers"], {}, true);
  if (code === 0 || !inCi) return nothing();
  return oneFailure("peers", "scripts/peers.ts failed: CI needs every real peer");
}

async function runPhase(phase: Phase, { extra }: Request): Promise<TestCounts> {
  if (phase.deno !== undefined && !await hasDeno(phase.deno)) {
    if (inCi) return report(phase.name, oneFailure(phase.name, `Deno ${phase.deno} is missing`), 0);
    announce(`SKIPPED for want of Deno ${phase.deno}: ${phase.name}`);
    return { ...nothing(), skipped: 1 };
  }
  const from = performance.now();
  const counts = phase.kind === "tests" ? await runTests(phase, extra) : await runProgram(phase);
  return report(phase.name, counts, performance.now() - from);
}

async function runTests(phase: TestPhase, extra: readonly string[]): Promise<TestCounts> {
  const junit = `${LOGS}/${slug(phase.name)}.xml`;
  await Deno.remove(junit).catch(() => undefined);
  const args = [
    ...["test", "--no-prompt", "--shuffle", "--trace-leaks", "--reporter=pretty"],
    ...["--parallel", `--junit-path=${junit}`, ...extra, ...phase.options],
    ...await filesOf(phase),
  ];
  const jobs = { computing: CORES, waiting: CORES + 1, alone: 1 }[phase.sideBySide];
  const env = {
    DENO_JOBS: String(jobs),
    ...await programOf(phase),
  };
  const ran = await timed(phase.name, args, { ...env, ...denoOf(phase) });
  const xml = await Deno.readTextFile(junit).catch(() => "");
  return judge(phase.name, ran, parseJunit(xml));
}

/** Variables that tell tests what to start. */
async function programOf({ program }: TestPhase): Promise<Readonly<Record<string, string>>> {
  if (program === "executable") return { SIGNET_EXECUTABLE: await Deno.realPath(EXECUTABLE) };
  // Where nothing could be compiled the source does as well.
  if (program === undefined || !await exists(BUNDLE)) return {};
  return { SIGNET_BUNDLE: await Deno.realPath(BUNDLE) };
}

async function exists(path: string): Promise<boolean> {
  try {
    await Deno.stat(path);
    return true;
  } catch (thrown) {
    if (thrown instanceof Deno.errors.NotFound) return false;
    throw thrown;
  }
}

/** Paths for `deno test`, and what it is to leave out. */
async function filesOf(phase: TestPhase): Promise<readonly string[]> {
  const { paths, without = [], longRows } = phase;
  const long = longRows === undefined ? [] : await filesWithLongRows(paths);
  if (longRows === "only") return long;
  const ignored = [...without, ...long];
  return ignored.length === 0 ? paths : [`--ignore=${ignored.join()}`, ...paths];
}

async function filesWithLongRows(paths: readonly string[]): Promise<readonly string[]> {
  const long: string[] = [];
  for (const path of paths) {
    for await (const file of walk(path)) {
      if (/^longTestWithPeers\(/m.test(await Deno.readTextFile(file))) long.push(file);
    }
  }
  return long;
}

/** Test files below a folder. */
async function* walk(folder: string): AsyncGenerator<string> {
  for await (const { name, isDirectory } of Deno.readDir(folder)) {
    if (isDirectory) yield* walk(`${folder}/${name}`);
    else if (name.endsWith("_test.ts")) yield `${folder}/${name}`;
  }
}

/** Adds to what the report says what it cannot say: files that did not load, a crash, an empty run. */
function judge(name: string, ran: Ran, counts: TestCounts): TestCounts {
  const failures: TestFailure[] = [...counts.failures];
  for (const [, file] of ran.output.matchAll(/^(\S+) \(uncaught error\)/gm)) {
    failures.push({ name: file ?? "", detail: "the file threw outside of its tests" });
  }
  if (ran.code !== 0 && failures.length === 0) {
    failures.push({ name, detail: `ended with exit code ${ran.code}:\n${tail(ran.output)}` });
  }
  if (counts.passed + failures.length === 0) {
    failures.push({ name, detail: `ran no test:\n${tail(ran.output)}` });
  }
  return { ...counts, failures };
}

async function runProgram(phase: ProgramPhase): Promise<TestCounts> {
  const ran = await timed(phase.name, phase.args, denoOf(phase));
  if (ran.code === 0) return { ...nothing(), passed: 1 };
  if (!inCi && phase.offline?.test(ran.output)) {
    announce(`SKIPPED for want of a download (see DENORT_BIN in CONTRIBUTING.md): ${phase.name}`);
    return { ...nothing(), skipped: 1 };
  }
  return oneFailure(phase.name, `exit code ${ran.code}:\n${tail(ran.output)}`);
}

function report(name: string, counts: TestCounts, ms: number): TestCounts {
  for (const { name: test, detail } of counts.failures) {
    console.log(`\nFAILED ${name}: ${test}\n${indent(detail)}\n`);
  }
  const { passed, skipped, steps, failures } = counts;
  const more = (skipped > 0 ? `, ${skipped} skipped` : "") + (steps > 0 ? ` (${steps} steps)` : "");
  console.log(
    `  ${name}: ${passed} passed, ${failures.length} failed${more}, ${(ms / 1000).toFixed(1)} s`,
  );
  return counts;
}

/** Runs Deno, keeps its output in the log and passes on the lines that tests announce. */
async function timed(
  name: string,
  args: readonly string[],
  env: Readonly<Record<string, string>>,
  echo = false,
): Promise<Ran> {
  console.log(`${name} ...`);
  const from = performance.now();
  const beat = setInterval(() => {
    console.log(`  ${name}: running for ${Math.round((performance.now() - from) / 1000)} s`);
  }, HEARTBEAT_MS);
  const timeout = AbortSignal.timeout(PHASE_TIMEOUT_MS);
  try {
    const child = new Deno.Command("sh", {
      args: ["scripts/deno", ...args],
      env: { NO_COLOR: "1", ...env },
      stdin: "null",
      stdout: "piped",
      stderr: "piped",
      signal: timeout,
    }).spawn();
    const output: string[] = [];
    const keep = async (stream: ReadableStream<Uint8Array>) => {
      for await (const chunk of stream.pipeThrough(new TextDecoderStream())) {
        output.push(chunk);
        if (echo) {
          for (const line of chunk.split("\n")) if (line.trim()) console.log(`  ${line}`);
        }
        for (const [line] of chunk.matchAll(/^\*\*\* .*$/gm)) console.log(`  ${line}`);
      }
    };
    const [{ code }] = await Promise.all([child.status, keep(child.stdout), keep(child.stderr)]);
    const text = output.join("");
    await Deno.writeTextFile(`${LOGS}/${slug(name)}.log`, text);
    return { code: timeout.aborted ? code || 1 : code, output: text };
  } finally {
    clearInterval(beat);
  }
}

/** True when the launcher can run that version; it fetches it when it must. */
async function hasDeno(version: string): Promise<boolean> {
  const { success } = await new Deno.Command("sh", {
    args: ["scripts/deno", "--version"],
    env: { SIGNET_DENO_VERSION: version },
    stdin: "null",
    stdout: "null",
    stderr: "inherit",
  }).output();
  return success;
}

function denoOf(phase: Phase): Record<string, string> {
  return phase.deno === undefined ? {} : { SIGNET_DENO_VERSION: phase.deno };
}

function nothing(): TestCounts {
  return { passed: 0, failures: [], skipped: 0, steps: 0 };
}

function oneFailure(name: string, detail: string): TestCounts {
  return { ...nothing(), failures: [{ name, detail }] };
}

function announce(line: string): void {
  console.log(`\n*** ${line}\n`);
}

function slug(name: string): string {
  return name.replaceAll(/[^a-z0-9.]+/g, "_");
}

function tail(text: string): string {
  return text.trimEnd().split("\n").slice(-TAIL_LINES).join("\n");
}

function indent(text: string): string {
  return text.split("\n").map((line) => `    ${line}`).join("\n");
}

if (import.meta.main) {
  Deno.chdir(new URL("..", import.meta.url));
  const split = Deno.args.indexOf("--");
  const wanted = split < 0 ? Deno.args : Deno.args.slice(0, split);
  const extra = split < 0 ? [] : Deno.args.slice(split + 1);
  Deno.exit(await main({ wanted, extra }));
}
