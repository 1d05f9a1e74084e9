/** The manual page, in man(7), from the tables of commands and options: what `--help` says, in one place, with files and exit codes. */
import {
  type Command,
  COMMAND_GROUPS,
  type CommandGroup,
  EXIT_CODES_TEXT,
  SERVER_OPTIONS_TEXT,
} from "../lib/commands/mod.ts";

/** Longest line of running text in the page's source. */
const MAX_LINE = 78;

/** An option of a command. */
type CommandOption = Command["options"][string];

/** What a page is made from. */
export interface ManPageInput {
  /** Every command; the first is what `signet` alone does. */
  readonly commands: readonly Command[];
  /** Signet's version. */
  readonly version: string;
  /** Day of that version, `YYYY-MM-DD`. */
  readonly date: string;
}

const DESCRIPTION = [
  "Signet is a workload certificate authority that speaks istiod's protocol: Istio's agents, Envoys and any gRPC client get X.509 " +
  "certificates with SPIFFE identities from it. It runs without Kubernetes, and keeps its self-signed root in its state directory.",
  "A flag wins over its variable, a variable over the mesh config file, that over the default. Signet alone is signet discovery.",
];

const FILES: readonly (readonly [string, string])[] = [
  [
    "<stateDir>/ca/current/",
    "the CA: ca-cert.pem, ca-key.pem, root-cert.pem, cert-chain.pem. Back it up; keep it private",
  ],
  ["<stateDir>/state.db", "the database of join tokens"],
  ["./etc/cacerts/", "a plugged-in CA, which wins over that of the state directory"],
  ["./var/run/secrets/istio-dns/", "key.pem and cert-chain.pem of signet's own certificate"],
  ["/etc/signet/signet.env", "settings of the systemd service, one NAME=value a line"],
];

/** Makes the page. */
export function formatManPage({ commands, version, date }: ManPageInput): string {
  const groups = Object.keys(COMMAND_GROUPS) as CommandGroup[];
  const lines = [
    `.TH SIGNET 1 "${date}" "signet ${text(version)}" "Signet"`,
    ".ad l",
    ".SH NAME",
    "signet \\- a workload certificate authority that speaks istiod's protocol",
    ".SH SYNOPSIS",
    ...commands.flatMap((
      { usage },
      at,
    ) => [...(at > 0 ? [".br"] : []), `.B signet ${text(usage)}`]),
    ".SH DESCRIPTION",
    ...paragraphs(DESCRIPTION),
    ".SH COMMANDS",
    ...groups.flatMap((group) => commands.filter((command) => command.group === group))
      .flatMap(commandLines),
    ".SH FILES",
    ...FILES.flatMap(([path, what]) => tagged(path, what)),
    ".SH EXIT STATUS",
    ...EXIT_CODES_TEXT.flatMap((line) => {
      const [, code = "", what = ""] = /^(\d+)\s+(.*)$/.exec(line) ?? [];
      return tagged(code, what);
    }),
  ];
  return `${lines.join("\n")}\n`;
}

function commandLines(command: Command): readonly string[] {
  const rows = Object.values(command.ownOptions ?? command.options);
  const used = rows.filter(hasEffect);
  const quiet = rows.filter((row) => !hasEffect(row)).map(displayName);
  return [
    `.SS signet ${text(command.name)}`,
    ...paragraphs([capital(command.summary), ...command.text.split("\n")]),
    ...used.flatMap(optionLines),
    ...(command.ownOptions === undefined ? [] : [".PP", prose(SERVER_OPTIONS_TEXT)]),
    ...(quiet.length > 0
      ? [".PP", prose(`Accepted, without effect in this version: ${quiet.join(", ")}.`)]
      : []),
    ...command.examples.flatMap(({ what, line }) => [
      ".PP",
      prose(`${capital(what)}:`),
      ".PP",
      ".nf",
      `.RS 4\n${text(line)}\n.RE`,
      ".fi",
    ]),
  ];
}

function hasEffect({ effect = "used" }: CommandOption): boolean {
  return effect === "used";
}

function displayName({ flag, variable }: CommandOption): string {
  return flag === undefined ? variable ?? "" : `--${flag}`;
}

function optionLines(option: CommandOption): readonly string[] {
  const { flag, short, variable, fallback, kind, isSwitch, help } = option;
  const value = isSwitch ? "" : ` ${kind}`;
  const name = flag === undefined
    ? variable ?? ""
    : `${short === undefined ? "" : `-${short}, `}--${flag}${value}`;
  const more = [
    ...(flag !== undefined && variable !== undefined ? [`variable ${variable}`] : []),
    ...(fallback === "" ? [] : [`default ${fallback}`]),
  ];
  return tagged(name, `${capital(help)}${more.length > 0 ? ` (${more.join("; ")})` : ""}.`);
}

function tagged(tag: string, what: string): readonly string[] {
  return [".TP", `.B ${text(tag)}`, prose(what)];
}

function paragraphs(parts: readonly string[]): readonly string[] {
  return parts.filter((part) => part !== "").flatMap((part, at) => [
    ...(at > 0 ? [".PP"] : []),
    prose(/[.:]$/.test(part) ? part : `${part}.`),
  ]);
}

function capital(words: string): string {
  return /^[a-z]+( |$)/.test(words) ? words.slice(0, 1).toUpperCase() + words.slice(1) : words;
}

/** Running text in lines that fit a terminal; a sentence begins a line. */
function prose(plain: string): string {
  const lines: string[] = [];
  for (const sentence of text(plain).split(/(?<=[.:]) (?=[A-Z])/)) {
    let line = "";
    for (const word of sentence.split(" ")) {
      if (line !== "" && line.length + 1 + word.length > MAX_LINE) {
        lines.push(line);
        line = "";
      }
      line += line === "" ? word : ` ${word}`;
    }
    lines.push(line);
  }
  return lines.map((line) => line.replace(/^[.']/, "\\&$&")).join("\n");
}

/** Plain text as roff wants it: backslashes, hyphens and what a line must not begin with. */
function text(plain: string): string {
  return plain.replaceAll("\\", "\\e").replaceAll("-", "\\-").replaceAll(/^[.']/gm, "\\&$&");
}
