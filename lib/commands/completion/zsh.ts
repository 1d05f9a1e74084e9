/** Completion for zsh: a function for compinit. */
import {
  type CommandRow,
  firstWords,
  groupWords,
  secondWords,
  shellQuoted,
  type Value,
} from "./words.ts";

/** The script. */
export function zshCompletion(rows: readonly CommandRow[]): string {
  const starts = rows.map(({ name }) =>
    `    ${shellQuoted(`${name} `)}*) command=${shellQuoted(name)} ;;`
  );
  const groups = groupWords(rows).map((first) =>
    `    ${shellQuoted(first)}) ${describe("command", secondWords(rows, first))}; return ;;`
  );
  return `#compdef signet
# zsh completion for signet; made by: signet completion zsh
_signet() {
  local current=\${words[CURRENT]} prev=\${words[CURRENT-1]} command='' typed='' at
  local -a offered
  for ((at = 2; at < CURRENT; at++)); do
    [[ \${words[at]} == -* ]] && break
    typed+="\${words[at]} "
  done
  case "$typed" in
${starts.join("\n")}
  esac
  if [[ -z $typed ]]; then
    if [[ $current != -* && $prev != -* ]]; then ${
    describe("command", firstWords(rows))
  }; return; fi
    command=${shellQuoted(rows[0]!.name)}
  fi
  if [[ -z $command ]]; then case "\${typed% }" in
${groups.join("\n")}
  esac; return; fi
  if [[ $current == --*=* ]]; then prev=\${current%%=*}; compset -P '*='; fi
  case "$command $prev" in
${rows.flatMap(valueCases).join("\n")}
  esac
  if [[ $current == -* ]]; then case "$command" in
${rows.map(flagCase).join("\n")}
  esac; return; fi
  case "$command" in
${rows.flatMap(operandCase).join("\n")}
  esac
}
if [[ \${funcstack[1]} == _signet ]]; then _signet "$@"; else compdef _signet signet; fi
`;
}

function describe(what: string, list: readonly (readonly [string, string])[]): string {
  const items = list.map(([word, help]) => shellQuoted(`${word}:${help}`));
  return `offered=(${items.join(" ")}); _describe ${what} offered`;
}

function action(value: Value): string {
  switch (value.kind) {
    case "file":
      return "_files";
    case "words":
      return `compadd -- ${value.words.map(shellQuoted).join(" ")}`;
    default:
      return ":";
  }
}

function valueCases({ name, flags }: CommandRow): readonly string[] {
  return flags.flatMap(({ flag, short, value }) => {
    if (value.kind === "none") return [];
    const patterns = [flag, ...(short === undefined ? [] : [short])];
    const pattern = patterns.map((word) => shellQuoted(`${name} ${word}`)).join("|");
    return [`    ${pattern}) ${action(value)}; return ;;`];
  });
}

function flagCase({ name, flags }: CommandRow): string {
  const list = flags.map(({ flag, help }) => [flag, help] as const);
  return `    ${shellQuoted(name)}) ${describe("flag", list)} ;;`;
}

function operandCase({ name, operand }: CommandRow): readonly string[] {
  return operand === undefined ? [] : [`    ${shellQuoted(name)}) ${action(operand)} ;;`];
}
