/** Completion for bash 4 and later, without the bash-completion package. */
import {
  type CommandRow,
  firstWords,
  groupWords,
  secondWords,
  shellQuoted,
  type Value,
} from "./words.ts";

/** The script. */
export function bashCompletion(rows: readonly CommandRow[]): string {
  const server = rows[0]!.name;
  const words = (list: readonly (readonly [string, string])[]) => list.map(([word]) => word);
  const starts = rows.map(({ name }) =>
    `    ${shellQuoted(`${name} `)}*) command=${shellQuoted(name)} ;;`
  );
  const groups = groupWords(rows).map((first) =>
    `    ${shellQuoted(first)}) ${offer(words(secondWords(rows, first)))}; return ;;`
  );
  return `# bash completion for signet; made by: signet completion bash
_signet_words() { mapfile -t COMPREPLY < <(compgen -W "$1" -- "$cur"); }
_signet_files() {
  compopt -o filenames 2>/dev/null
  mapfile -t COMPREPLY < <(compgen -f -- "$cur")
}
_signet() {
  local cur=\${COMP_WORDS[COMP_CWORD]} prev=\${COMP_WORDS[COMP_CWORD-1]} command='' typed='' at
  COMPREPLY=()
  if [[ $cur == '=' ]]; then cur=''
  elif [[ $prev == '=' ]]; then prev=\${COMP_WORDS[COMP_CWORD-2]}; fi
  for ((at = 1; at < COMP_CWORD; at++)); do
    [[ \${COMP_WORDS[at]} == -* ]] && break
    typed+="\${COMP_WORDS[at]} "
  done
  case "$typed" in
${starts.join("\n")}
  esac
  case "$command$typed" in
    '') if [[ $cur != -* && $prev != -* ]]; then ${
    offer(words(firstWords(rows)))
  }; return; fi; command=${shellQuoted(server)} ;;
  esac
  if [[ -z $command ]]; then case "\${typed% }" in
${groups.join("\n")}
  esac; fi
  case "$command $prev" in
${rows.flatMap(valueCases).join("\n")}
  esac
  if [[ $cur == -* ]]; then case "$command" in
${rows.map(flagCase).join("\n")}
  esac; return; fi
  case "$command" in
${rows.flatMap(operandCase).join("\n")}
  esac
}
complete -F _signet signet
`;
}

function offer(words: readonly string[]): string {
  return `_signet_words ${shellQuoted(words.join(" "))}`;
}

function action(value: Value): string {
  switch (value.kind) {
    case "file":
      return "_signet_files";
    case "words":
      return offer(value.words);
    default:
      return ":";
  }
}

function valueCases({ name, flags }: CommandRow): readonly string[] {
  return flags.flatMap(({ flag, short, value }) => {
    if (value.kind === "none") return [];
    const patterns = [flag, ...(short === undefined ? [] : [short])];
    const pattern = patterns.map((word) => shellQuoted(`${name} ${word}`)).join(" | ");
    return [`    ${pattern}) ${action(value)}; return ;;`];
  });
}

function flagCase({ name, flags }: CommandRow): string {
  return `    ${shellQuoted(name)}) ${offer(flags.map(({ flag }) => flag))} ;;`;
}

function operandCase({ name, operand }: CommandRow): readonly string[] {
  return operand === undefined ? [] : [`    ${shellQuoted(name)}) ${action(operand)} ;;`];
}
