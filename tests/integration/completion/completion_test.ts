import assert from "node:assert/strict";

import { type PeerName, testWithPeers } from "../../support/peers.ts";
import { run, tempDir } from "../../support/process.ts";
import { runSignet } from "../../support/server.ts";

/** Half-typed lines, with what must and what must not be offered. */
const LINES:
  readonly (readonly [line: string, offered: readonly string[], not: readonly string[]])[] = [
    ["signet ce", ["cert"], ["inspect", "--out"]],
    ["signet ", ["discovery", "cert", "issue", "completion"], ["inspect"]],
    ["signet cert ", ["inspect", "verify", "request"], ["discovery"]],
    ["signet cert request --keyT", ["--keyType"], ["inspect"]],
    ["signet cert request --keyType ", ["P-256", "RSA-4096"], ["--out"]],
    ["signet cert verify x --purpose ", ["workload", "client", "any"], ["P-256"]],
    ["signet cert inspect ./some", ["some file.pem"], ["cert"]],
    ["signet issue --out ./some", ["some file.pem"], ["cert"]],
    ["signet completion ", ["bash", "zsh", "fish"], ["cert"]],
    ["signet --crypt", ["--cryptoProvider"], ["cert"]],
    ["signet --cryptoProvider ", ["auto", "openssl", "webcrypto"], ["cert"]],
    ["signet discovery --http", ["--httpAddr"], ["cert"]],
  ];

/** Programs that load the script and print what is offered for `$1`. */
const DRIVERS = {
  bash: (script: string) =>
    `source ${script}; COMP_LINE=$1; read -ra COMP_WORDS <<< "$1"
     [[ $1 == *' ' ]] && COMP_WORDS+=('')
     COMP_CWORD=$((\${#COMP_WORDS[@]} - 1)); _signet; printf '%s\\n' "\${COMPREPLY[@]}"`,
  zsh: (script: string) =>
    `compdef() { }; _describe() { print -rl -- \${(P)2} }; _files() { print -rl -- \${~words[CURRENT]}* }
     compset() { }; compadd() { shift; print -rl -- "$@" }
     source ${script}; words=(\${(z)1}); [[ $1 == *' ' ]] && words+=('')
     CURRENT=$#words; _signet`,
  fish: (script: string) => `source ${script}; complete -C "$argv[1]"`,
} as const;

for (const shell of ["bash", "zsh", "fish"] as const satisfies readonly PeerName[]) {
  testWithPeers(
    `signet completion ${shell} offers commands, flags, choices and files in a real ${shell}`,
    [shell],
    async (t, peers) => {
      await using dir = await tempDir();
      await Deno.writeTextFile(`${dir.path}/some file.pem`, "");
      const printed = await runSignet(["completion", shell]);
      assert.equal(printed.code, 0, printed.stderr);
      const script = `${dir.path}/signet.${shell}`;
      await Deno.writeTextFile(script, printed.stdout);
      for (const [line, offered, not] of LINES) {
        await t.step(line, async () => {
          const driver = DRIVERS[shell](script);
          const flags = { bash: ["--norc"], zsh: ["-f"], fish: ["--no-config"] }[shell];
          const name = shell === "fish" ? [] : [shell];
          const { stdout, stderr } = await run(
            peers[shell],
            [...flags, "-c", driver, ...name, line],
            { cwd: dir.path },
          );
          assert.equal(stderr, "");
          const words = stdout.split("\n").map((word) =>
            word.split(/[:\t]/)[0]!.replaceAll("\\", "").replace(/^\.\//, "")
          );
          for (const word of offered) assert.ok(words.includes(word), `${word} not in ${stdout}`);
          for (const word of not) assert.ok(!words.includes(word), `${word} in ${stdout}`);
        });
      }
    },
  );
}

Deno.test("signet completion of an unknown shell is one line with exit code 2", async () => {
  const { code, stderr } = await runSignet(["completion", "tcsh"]);
  assert.equal(code, 2);
  assert.match(stderr, /^signet: [^\n]*SHELL should be one of bash, zsh, fish\n$/);
});
