/** `signet cert inspect`: what stands in a file, in the words of a mesh. */
import { isSignetError, SignetError } from "../base/mod.ts";
import { pathOption } from "../config/mod.ts";
import { selectProvider } from "../crypto/mod.ts";
import { decodeCertificate } from "../x509/mod.ts";
import { readCommandLine } from "./arguments.ts";
import { EXIT } from "./errors.ts";
import { type Inspected, inspectFile } from "./inspect/describe.ts";
import type { KeyMatchCandidate } from "./inspect/key.ts";
import type { InspectedFile } from "./inspect/blocks.ts";
import { readBlocks } from "./inspect/file.ts";
import { formatFields, type Output, outputOption, printOutput, safeText } from "./output.ts";
import type { Command } from "./port.ts";

const OPTIONS = {
  cert: pathOption({
    flag: "cert",
    fallback: "",
    help:
      "certificate that a key in FILE should belong to; empty takes the one beside it (key.pem: cert-chain.pem, ca-key.pem: ca-cert.pem, X.key: X.crt)",
  }),
  output: outputOption,
};

/** The command. */
export const certInspectCommand: Command = {
  name: "cert inspect",
  group: "certificates",
  summary: "say what a certificate, chain, CSR, CRL or key is, and who would refuse it",
  usage: "cert inspect FILE [FLAGS]",
  text:
    `Reads PEM or DER; - is standard input. Of a private key only its kind is told, and the certificate that it belongs to.
What peers of a mesh would refuse is a line "refused" with the peer and the reason. The exit code is 1 when a block cannot be read.`,
  options: OPTIONS,
  operands: [{ name: "FILE", kind: "file" }],
  examples: [
    {
      what: "a workload's certificate and its chain",
      line: "signet cert inspect demo/cert-chain.pem",
    },
    {
      what: "does the key belong to the certificate beside it?",
      line: "signet cert inspect demo/key.pem",
    },
    {
      what: "how many seconds are left",
      line: "signet cert inspect demo/cert-chain.pem --output json | jq '.blocks[0].secondsLeft'",
    },
  ],
  async run(args, host) {
    const { values, positionals } = readCommandLine(certInspectCommand, args, {
      host,
      options: OPTIONS,
    });
    const path = positionals[0]!;
    const file = await readBlocks(path);
    const { provider: crypto } = await selectProvider("auto");
    const blocks = await inspectFile(file, {
      crypto,
      nowMs: host.clock.nowMs(),
      beside: await candidatesBeside(path, values.cert),
    });
    const unread = blocks.find(({ isRead }) => !isRead);
    // People are told of a file of which nothing can be said in the one line of the error.
    const saysMore = blocks.some(({ isRead, fields }) => isRead || fields.length > 0);
    if (saysMore || values.output === "json") {
      printOutput(host, values.output, outputOf(file, blocks));
    }
    if (unread !== undefined) throw cannotRead(file, unread);
    return EXIT.done;
  },
};

function cannotRead({ name, blocks }: InspectedFile, { number, findings }: Inspected): SignetError {
  const where = blocks.length === 1 ? name : `block ${number} of ${name}`;
  return new SignetError("commands.failed", `Cannot use ${where}: ${findings[0]?.reason ?? ""}`);
}

/** Both forms of the result. */
export function outputOf(
  { name }: Pick<InspectedFile, "name">,
  blocks: readonly Inspected[],
): Output {
  return {
    document: {
      file: name,
      blocks: blocks.map(({ number, document, findings }) => ({
        number,
        ...document,
        findings: findings.map(({ severity, by, reason }) => ({ severity, by, reason })),
      })),
    },
    lines: blocks.flatMap(({ number, title, fields, findings }, at) => [
      ...(at === 0 ? [] : [""]),
      `${safeText(name)}: ${number} of ${blocks.length}: ${safeText(title)}`,
      ...formatFields([
        ...fields,
        ...findings.map(({ severity, by, reason }) => [severity, `${by}: ${reason}`] as const),
      ], { indent: 2 }),
    ]),
  };
}

/** Names of the certificate that stands beside a key, by the name of the key. */
export function certificateNamesBeside(path: string): readonly string[] {
  const slash = path.lastIndexOf("/") + 1;
  const [folder, name] = [path.slice(0, slash), path.slice(slash)];
  const base = /^(.*?)(?:[-_.]key)?(?:\.key|\.pem|\.der)?$/.exec(name)?.[1] ?? name;
  const names = [
    ...(name === "key.pem" ? ["cert-chain.pem", "cert.pem"] : []),
    ...["-cert.pem", ".crt", ".pem", ".cert.pem"].map((ending) => `${base}${ending}`),
  ];
  return names.filter((candidate) => candidate !== name).map((candidate) => folder + candidate);
}

/** The first certificate of the file that was named, or of the first that is there. */
async function candidatesBeside(
  path: string,
  named: string,
): Promise<readonly KeyMatchCandidate[]> {
  if (named !== "") return [await firstCertificate(named)];
  if (path === "-") return [];
  for (const beside of certificateNamesBeside(path)) {
    try {
      return [await firstCertificate(beside)];
    } catch (thrown) {
      if (!isSignetError(thrown)) throw thrown; // Not there, or no certificate: the next name.
    }
  }
  return [];
}

async function firstCertificate(path: string): Promise<KeyMatchCandidate> {
  const { blocks } = await readBlocks(path);
  const block = blocks.find(({ label }) => label === undefined || label === "CERTIFICATE");
  return { where: path, spki: decodeCertificate(block?.der ?? new Uint8Array()).publicKey.spki };
}
