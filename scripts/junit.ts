/**
 * Reads the JUnit XML that `deno test --junit-path` writes: the one report of Deno's that is made for programs.
 *
 * A step of a test is a `testcase` of its own there, named `test > step`. Tests are counted, steps are kept apart.
 */

/** What one run of tests came to. */
export interface TestCounts {
  /** Tests that passed. */
  readonly passed: number;
  /** Tests that failed, one entry each: its name and what it said. */
  readonly failures: readonly TestFailure[];
  /** Tests that did not run. */
  readonly skipped: number;
  /** Steps inside the tests, for information. */
  readonly steps: number;
}

/** One failed test, or a phase that ended badly. */
export interface TestFailure {
  /** File and name. */
  readonly name: string;
  /** The error, with the errors of its steps. */
  readonly detail: string;
}

interface Case {
  readonly file: string;
  readonly name: string;
  readonly outcome: "passed" | "failed" | "skipped";
  readonly detail: string;
}

const CASE_REGEXP = /<testcase ([^>]*?)(?:\/>|>([\s\S]*?)<\/testcase>)/g;
const ATTRIBUTE_REGEXP = /([a-z]+)="([^"]*)"/g;

/** Counts the tests of a report. */
export function parseJunit(xml: string): TestCounts {
  const cases = [...xml.matchAll(CASE_REGEXP)].map(([, head = "", body = ""]) =>
    readCase(head, body)
  );
  const tests: Case[] = [];
  const steps: Case[] = [];
  const names = new Set(cases.map(({ file, name }) => `${file}\n${name}`));
  for (const one of cases) (isStep(one, names) ? steps : tests).push(one);
  return {
    passed: tests.filter(({ outcome }) => outcome === "passed").length,
    skipped: tests.filter(({ outcome }) => outcome === "skipped").length,
    failures: tests.filter(({ outcome }) => outcome === "failed").map((test) =>
      failure(test, steps)
    ),
    steps: steps.length,
  };
}

function readCase(head: string, body: string): Case {
  const attributes = Object.fromEntries(
    [...head.matchAll(ATTRIBUTE_REGEXP)].map(([, key, value]) => [key, unescapeXml(value ?? "")]),
  );
  const failed = /<(?:failure|error)\b([^>]*)>([\s\S]*)/.exec(body);
  const outcome = failed ? "failed" : body.includes("<skipped") ? "skipped" : "passed";
  const text = failed?.[2]?.replace(/<\/(?:failure|error)>\s*$/, "").trim();
  const message = /message="([^"]*)"/.exec(failed?.[1] ?? "")?.[1] ?? "";
  return {
    file: attributes["classname"] ?? "",
    name: attributes["name"] ?? "",
    outcome,
    detail: unescapeXml(text || message),
  };
}

/** A step's name starts with the whole name of another case of its file. */
function isStep({ file, name }: Case, names: ReadonlySet<string>): boolean {
  for (let at = name.indexOf(" > "); at >= 0; at = name.indexOf(" > ", at + 1)) {
    if (names.has(`${file}\n${name.slice(0, at)}`)) return true;
  }
  return false;
}

function failure(test: Case, steps: readonly Case[]): TestFailure {
  const inner = steps.filter(({ file, name, outcome }) =>
    outcome === "failed" && file === test.file && name.startsWith(`${test.name} > `)
  );
  const details = inner.map(({ name, detail }) => `${name.slice(test.name.length + 3)}: ${detail}`);
  return { name: `${test.file} ${test.name}`, detail: [test.detail, ...details].join("\n") };
}

function unescapeXml(text: string): string {
  return text.replaceAll("&lt;", "<").replaceAll("&gt;", ">").replaceAll("&quot;", '"')
    .replaceAll("&apos;", "'").replaceAll("&#39;", "'").replaceAll("&amp;", "&");
}
