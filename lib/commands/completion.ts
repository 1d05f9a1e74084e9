/** `signet completion`: scripts for shells, made from the table of commands. */
import { readCommandLine } from "./arguments.ts";
import { bashCompletion } from "./completion/bash.ts";
import { fishCompletion } from "./completion/fish.ts";
import { completionRows } from "./completion/words.ts";
import { zshCompletion } from "./completion/zsh.ts";
import { EXIT, usageError } from "./errors.ts";
import type { Command } from "./port.ts";

const SHELLS = {
  bash: bashCompletion,
  zsh: zshCompletion,
  fish: fishCompletion,
} as const;

/** Names of the shells. */
export const SHELL_NAMES = Object.keys(SHELLS) as readonly (keyof typeof SHELLS)[];

/** The command. */
export const completionCommand: Command = {
  name: "completion",
  group: "tools",
  summary: "print the completion script of bash, zsh or fish",
  usage: "completion SHELL",
  text: "Commands, flags, the words that flags take, and files are completed.",
  options: {},
  operands: [{ name: "SHELL", kind: SHELL_NAMES }],
  examples: [
    { what: "bash, for this session", line: "source <(signet completion bash)" },
    {
      what: "zsh, for good",
      line: "signet completion zsh > /usr/local/share/zsh/site-functions/_signet",
    },
    {
      what: "fish, for good",
      line: "signet completion fish > ~/.config/fish/completions/signet.fish",
    },
  ],
  async run(args, host) {
    const { positionals } = readCommandLine(completionCommand, args, { host, options: {} });
    const shell = SHELL_NAMES.find((name) => name === positionals[0]);
    if (shell === undefined) {
      throw usageError([`SHELL should be one of ${SHELL_NAMES.join(", ")}`], "completion");
    }
    host.print(SHELLS[shell](completionRows(host.commands)).trimEnd());
    return await Promise.resolve(EXIT.done);
  },
};
