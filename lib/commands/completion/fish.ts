/** Completion for fish 3: one `complete` line for each thing that may be offered. */
import {
  type CommandRow,
  firstWords,
  type FlagRow,
  groupWords,
  secondWords,
  type Value,
} from "./words.ts";

/** The script. */
export function fishCompletion(rows: readonly CommandRow[]): string {
  const word = (condition: string) => ([name, help]: readonly [string, string]) =>
    `complete -c signet -f -n ${quoted(condition)} -a ${quoted(name)} -d ${quoted(help)}`;
  return [
    "# fish completion for signet; made by: signet completion fish",
    FUNCTIONS,
    "complete -c signet -f",
    ...firstWords(rows).map(word("__signet_typed ''")),
    ...groupWords(rows).flatMap((first) =>
      secondWords(rows, first).map(word(`__signet_typed '${first}'`))
    ),
    ...rows[0]!.flags.map((flag) => flagLine("__signet_typed ''", flag)),
    ...rows.flatMap(({ name, flags, operand }) => [
      ...flags.map((flag) => flagLine(`__signet_in '${name}'`, flag)),
      ...operandLine(`__signet_in '${name}'`, operand),
    ]),
    "",
  ].join("\n");
}

const FUNCTIONS = `function __signet_words
    for word in (commandline -opc)[2..-1]
        string match -q -- '-*' $word; and break
        echo $word
    end
end
function __signet_typed
    set -l typed (string join ' ' -- (__signet_words))
    test "$typed" = "$argv[1]"
end
function __signet_in
    set -l words (__signet_words)
    set -l names (string split ' ' -- $argv[1])
    set -l typed (string join ' ' -- $words[1..(count $names)])
    test "$typed" = "$argv[1]"
end`;

function flagLine(condition: string, { flag, short, help, value }: FlagRow): string {
  const letter = short === undefined ? "" : ` -s ${short.slice(1)}`;
  return `complete -c signet -n ${quoted(condition)} -l ${flag.slice(2)}${letter}${
    taking(value)
  } -d ${quoted(help)}`;
}

function taking(value: Value): string {
  switch (value.kind) {
    case "none":
      return "";
    case "file":
      return " -r -F";
    case "words":
      return ` -x -a ${quoted(value.words.join(" "))}`;
    default:
      return " -x";
  }
}

function operandLine(condition: string, operand: Value | undefined): readonly string[] {
  if (operand?.kind === "file") return [`complete -c signet -n ${quoted(condition)} -F`];
  if (operand?.kind !== "words") return [];
  const words = quoted(operand.words.join(" "));
  return [`complete -c signet -f -n ${quoted(condition)} -a ${words}`];
}

function quoted(text: string): string {
  return `'${text.replaceAll("\\", "\\\\").replaceAll("'", "\\'")}'`;
}
