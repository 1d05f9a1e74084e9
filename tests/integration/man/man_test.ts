import assert from "node:assert/strict";

import { COMMANDS } from "signet/commands/mod.ts";
import { formatManPage } from "../../../scripts/man_page.ts";
import { testWithPeers } from "../../support/peers.ts";
import { run, tempDir } from "../../support/process.ts";

testWithPeers(
  "mandoc finds nothing to complain of in the manual page, and shows every option of every command",
  [
    "mandoc",
  ],
  async (_t, { mandoc }) => {
    await using dir = await tempDir();
    const page = `${dir.path}/signet.1`;
    const input = { commands: COMMANDS, version: "1.2.3", date: "2026-01-31" };
    await Deno.writeTextFile(page, formatManPage(input));
    const lint = await run(mandoc, ["-Tlint", "-Wstyle", page]);
    assert.equal(lint.stdout + lint.stderr, "");
    assert.equal(lint.code, 0);
    const { stdout } = await run(mandoc, ["-Tascii", "-Owidth=120", page]);
    // Bold in a terminal is each letter twice with a backspace between.
    const shown = stdout.replaceAll(/.[\b]/g, "");
    assert.match(shown, /signet 1\.2\.3 +2026-01-31 +SIGNET\(1\)/);
    for (const { name, options, ownOptions, examples } of COMMANDS) {
      const sections = shown.split(/\n {3}(?=signet )/).filter((part) =>
        part.startsWith("signet ")
      );
      const section = sections.find((part) => part.startsWith(`signet ${name}\n`));
      assert.ok(section !== undefined, name);
      for (const { flag, variable } of Object.values(ownOptions ?? options)) {
        const wanted = flag === undefined ? variable! : `--${flag}`;
        assert.ok(section.includes(wanted), `${name}: ${wanted}`);
      }
      assert.equal(
        section.includes("signet discovery --help lists them"),
        ownOptions !== undefined,
        name,
      );
      for (const { line } of examples) assert.ok(section.includes(line), line);
    }
  },
);
