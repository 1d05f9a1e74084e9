/** The list of commands, and the help of one. */
import { formatHelp, VERSION } from "../config/mod.ts";
import { type Command, COMMAND_GROUPS, type CommandGroup } from "./port.ts";

/** What exit codes mean, for help and the manual. */
export const EXIT_CODES_TEXT = [
  "0  done",
  "1  failed; one line on standard error says what and why",
  "2  the command line or the configuration is wrong; one line says how to mend it",
] as const;

/** Where the options are that a command shares with the server, for help and the manual. */
export const SERVER_OPTIONS_TEXT =
  "It takes every flag and variable of the server: signet discovery --help lists them.";

/** The text of `signet --help`; of the commands whose names begin with `prefix` when one is given. */
export function formatOverview(commands: readonly Command[], prefix = ""): string {
  const listed = commands.filter(({ name }) => name.startsWith(prefix));
  const width = Math.max(...listed.map(({ name }) => name.length));
  const groups = Object.keys(COMMAND_GROUPS) as CommandGroup[];
  const sections = groups.flatMap((group) => {
    const rows = listed.filter((command) => command.group === group);
    if (rows.length === 0) return [];
    const lines = rows.map(({ name, summary }) => `  ${name.padEnd(width)}  ${summary}`);
    return ["", `${COMMAND_GROUPS[group]}:`, ...lines];
  });
  return [
    `signet ${VERSION}: a workload certificate authority that speaks istiod's protocol`,
    "",
    `Usage: signet ${prefix === "" ? "[COMMAND]" : `${prefix.trimEnd()} COMMAND`} [FLAGS]`,
    ...sections,
    "",
    "signet alone is signet discovery. Each command has --help, with examples.",
    "",
    "Exit codes:",
    ...EXIT_CODES_TEXT.map((line) => `  ${line}`),
  ].join("\n");
}

/** The help of one command. */
export function formatCommandHelp(
  { usage, text, options, ownOptions, examples }: Command,
): string {
  const help = { usage: `signet ${usage}`, text, options: ownOptions ?? options, examples };
  const others = ownOptions === undefined ? "" : `\n\n${SERVER_OPTIONS_TEXT}`;
  return formatHelp(help).trimEnd() + others;
}
