/** `signet version`. */
import { VERSION, versionText } from "../config/mod.ts";
import { readCommandLine } from "./arguments.ts";
import { EXIT } from "./errors.ts";
import { outputOption, printOutput } from "./output.ts";
import type { Command } from "./port.ts";

const OPTIONS = { output: outputOption };

/** The command. */
export const versionCommand: Command = {
  name: "version",
  group: "tools",
  summary: "print the version",
  usage: "version [FLAGS]",
  text: "Prints <version>-<git revision>-<status>.",
  options: OPTIONS,
  examples: [{ what: "the version and the revision it was built from", line: "signet version" }],
  async run(args, host) {
    const { values } = readCommandLine(versionCommand, args, { host, options: OPTIONS });
    printOutput(host, values.output, {
      document: { version: VERSION, build: versionText() },
      lines: [versionText()],
    });
    return await Promise.resolve(EXIT.done);
  },
};
