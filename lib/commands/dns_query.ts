/** `signet dns query NAME [TYPE]`: one question over DNS over TLS, and all that its answer says. */
import { parseIpAddress, quote, SignetError } from "../base/mod.ts";
import {
  BadValue,
  boolOption,
  durationOption,
  parseDialAddress,
  pathOption,
  textOption,
} from "../config/mod.ts";
import { randomBytes } from "../crypto/mod.ts";
import {
  type DotReply,
  type DotServer,
  queryDot,
  reverseName,
  statusOf,
  typeName,
  typeNumber,
} from "../dns/mod.ts";
import { readCommandLine } from "./arguments.ts";
import { outputOfReply } from "./dns_reply.ts";
import { EXIT, usageError } from "./errors.ts";
import { readKeyFile } from "./key_files.ts";
import { outputOption, printOutput } from "./output.ts";
import type { Command } from "./port.ts";

const OPTIONS = {
  server: textOption({ flag: "server", fallback: "", help: "host:port of the server" }),
  ca: pathOption({
    flag: "ca",
    fallback: "",
    help: "PEM file with the roots that the server is checked against; empty takes the platform's",
  }),
  cert: pathOption({
    flag: "cert",
    fallback: "",
    help: "certificate chain to ask with, as a workload does; needs --key",
  }),
  key: pathOption({ flag: "key", fallback: "", help: "its key; needs --cert" }),
  serverName: textOption({
    flag: "serverName",
    fallback: "",
    help: "name or address in the server's certificate; empty takes the host of --server",
  }),
  dnssec: boolOption({
    flag: "dnssec",
    fallback: "false",
    help: "ask for DNSSEC records (the DO bit)",
  }),
  timeout: durationOption({
    flag: "timeout",
    fallback: "5s",
    help: "time for the connection and the answer",
  }, { minMs: 1, maxMs: 600_000 }),
  output: outputOption,
};

/** The command. */
export const dnsQueryCommand: Command = {
  name: "dns query",
  group: "dns",
  summary: "ask a server for a name over DNS over TLS",
  usage: "dns query NAME [TYPE] --server HOST:PORT [FLAGS]",
  text:
    `Opens one connection, asks once, with EDNS and padding, and prints the answer: its code and flags, extended errors, records,
and how long it took. NAME is taken as it stands, without search domains; for an address its reverse name is asked, TYPE PTR.
TYPE is A unless given; TYPE65 means the type of that number. With --cert and --key it asks as the workload of that certificate, whose
namespace decides what it sees. An answer with a code other than NOERROR is printed, and is a failure.`,
  options: OPTIONS,
  operands: [
    { name: "NAME", kind: "text" },
    {
      name: "TYPE",
      kind: ["A", "AAAA", "CNAME", "SRV", "PTR", "TXT", "MX", "NS", "SOA", "HTTPS"],
      isOptional: true,
    },
  ],
  examples: [
    {
      what: "a name of the mesh, on the server's own machine",
      line:
        "signet dns query db.example --server localhost:15053 --ca ./var/lib/signet/ca/current/root-cert.pem",
    },
    {
      what: "the same as a workload sees it",
      line:
        "signet dns query reviews AAAA --server localhost:15053 --ca demo/root-cert.pem --cert demo/cert-chain.pem --key demo/key.pem",
    },
  ],
  async run(args, host) {
    const { values, positionals } = readCommandLine(dnsQueryCommand, args, {
      host,
      options: OPTIONS,
      required: ["server"],
    });
    const question = { ...questionOf(positionals), dnssecOk: values.dnssec };
    const server = await serverOf(values);
    const { clock } = host;
    const reply = await queryDot(server, question, {
      clock,
      randomBytes,
      timeoutMs: values.timeout,
    });
    printOutput(host, values.output, outputOfReply(reply, { ...question, server: values.server }));
    return judge(reply, `${question.name} ${typeName(question.type)}`);
  },
};

function judge({ message }: DotReply, asked: string): number {
  const status = statusOf(message);
  if (status === "NOERROR") return EXIT.done;
  throw new SignetError("commands.failed", `Cannot resolve ${asked}: the server says ${status}`);
}

function questionOf(
  [name = "", type]: readonly string[],
): { readonly name: string; readonly type: number } {
  const octets = parseIpAddress(name);
  const number = typeNumber(type ?? (octets === undefined ? "A" : "PTR"));
  if (number === undefined) {
    throw usageError(
      [`TYPE: ${quote(type ?? "")} should be the name of a type, or TYPE and its number`],
      "dns query",
    );
  }
  return { name: octets === undefined ? name : reverseName(octets), type: number };
}

async function serverOf(
  { server, serverName, ca, cert, key }: {
    readonly server: string;
    readonly serverName: string;
    readonly ca: string;
    readonly cert: string;
    readonly key: string;
  },
): Promise<DotServer> {
  if ((cert === "") !== (key === "")) {
    throw usageError([`${cert === "" ? "--cert" : "--key"} is missing`], "dns query");
  }
  const addr = parseServer(server);
  const hint = "give the path of a PEM file";
  return {
    addr,
    serverName: serverName || addr.hostname,
    rootsPem: ca === "" ? undefined : await readKeyFile(ca, hint),
    identity: cert === ""
      ? undefined
      : { certChainPem: await readKeyFile(cert, hint), keyPem: await readKeyFile(key, hint) },
  };
}

function parseServer(text: string): DotServer["addr"] {
  try {
    return parseDialAddress(text);
  } catch (thrown) {
    if (!(thrown instanceof BadValue)) throw thrown;
    throw usageError([`--server: ${quote(text)} ${thrown.message}`], "dns query");
  }
}
