import assert from "node:assert/strict";

import { testWithPeers } from "../../support/peers.ts";
import { run } from "../../support/process.ts";
import { type Listener, startSignet } from "../../support/server.ts";

/** h2spec 2.2.1 has this many cases with `--strict`; fewer were not run. */
const MIN_CASES = 146;
const known = (await Deno.readTextFile(new URL("known_failures.txt", import.meta.url)))
  .split("\n").filter((line) => line.trim() !== "" && !line.startsWith("#"))
  .map((line) => line.split(" -- ")[0]!);

interface Case {
  readonly name: string;
  readonly verdict: "passed" | "failed" | "skipped";
  readonly detail: string;
}

/** The cases of h2spec's JUnit report. */
function casesOf(xml: string): Case[] {
  const cases: Case[] = [];
  for (
    const [, attributes = "", , body = ""] of xml.matchAll(
      /<testcase ([^>]*?)(\/>|>([\s\S]*?)<\/testcase>)/g,
    )
  ) {
    const attribute = (name: string) =>
      new RegExp(` ?${name}="([^"]*)"`).exec(attributes)?.[1] ?? "";
    const verdict = /<(failure|error)/.test(body)
      ? "failed"
      : body.includes("<skipped")
      ? "skipped"
      : "passed";
    cases.push({
      name: `${attribute("package")}: ${attribute("classname")}`,
      verdict,
      detail: body,
    });
  }
  return cases;
}

const PORTS: Readonly<Record<string, readonly [Listener, readonly string[]]>> = {
  "in plaintext": ["grpc", []],
  "over TLS": ["secureGrpc", ["--tls", "--insecure"]],
};

testWithPeers("h2spec finds nothing but what is listed", ["h2spec"], async (t, peers) => {
  await using server = await startSignet();
  for (const [name, [listener, flags]] of Object.entries(PORTS)) {
    await t.step(name, async () => {
      const report = `${server.cwd}/${listener}.xml`;
      const target = ["--host", "127.0.0.1", "--port", String(server.ports[listener])];
      const args = ["--strict", "--timeout", "5", "--junit-report", report, ...target, ...flags];
      await run(peers.h2spec, args, { timeoutMs: 300_000 });
      const cases = casesOf(await Deno.readTextFile(report));
      assert.ok(cases.length >= MIN_CASES, `only ${cases.length} cases were run`);
      assert.deepEqual(cases.filter(({ verdict }) => verdict === "skipped"), []);
      const failed = cases.filter(({ verdict }) => verdict === "failed");
      assert.deepEqual(
        failed.map((one) => one.name).sort(),
        [...known].sort(),
        JSON.stringify(failed),
      );
    });
  }
});
