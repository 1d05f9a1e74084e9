/** `signet cert request`: a workload's certificate from :15012, the first with a token, the next with the one that it has; once or for good. */
import { parseIpAddress, quote } from "../base/mod.ts";
import {
  BadValue,
  boolOption,
  durationOption,
  type ListenAddress,
  OPTIONS as SERVER_OPTIONS,
  parseDialAddress,
  pathOption,
  textOption,
} from "../config/mod.ts";
import { type CryptoProvider, randomBytes, selectProvider, sha256 } from "../crypto/mod.ts";
import { createLogger } from "../telemetry/mod.ts";
import type { Certificate } from "../x509/mod.ts";
import { readCommandLine } from "./arguments.ts";
import { EXIT, usageError } from "./errors.ts";
import { checkJoinOptions, JOIN_OPTIONS, readJoining } from "./join.ts";
import { issuedOutput } from "./issued.ts";
import { hasKeyFiles, type KeyFolder, openKeyFolder } from "./key_files.ts";
import {
  type Asker,
  askWithCertificate,
  askWithToken,
  describeRoots,
  obtainCertificate,
  type Obtained,
  type ObtainHost,
  readIdentity,
  uriNames,
} from "./obtain_certificate.ts";
import { outputOption, printOutput } from "./output.ts";
import type { Command, CommandHost } from "./port.ts";
import { type Held, keepRenewed } from "./renewal.ts";
import { listenForSignals } from "./signals.ts";
import { keyTypeOption } from "./workload_csr.ts";

const OPTIONS = {
  server: textOption({ flag: "server", fallback: "localhost:15012", help: "host:port of the CA" }),
  out: pathOption({
    flag: "out",
    fallback: "",
    help: "folder for key.pem, cert-chain.pem and root-cert.pem; old ones are replaced",
  }),
  identityDir: pathOption({
    flag: "identityDir",
    fallback: "",
    help: "folder with the files to ask with; empty takes --out",
  }),
  serverName: textOption({
    flag: "serverName",
    fallback: "",
    help: "name in the server's certificate; empty takes the host of --server",
  }),
  ttl: durationOption({
    flag: "ttl",
    fallback: "0s",
    help: "lifetime to ask for; 0s takes the server's default",
  }, { minMs: 0 }),
  ...JOIN_OPTIONS,
  keyType: keyTypeOption,
  renew: boolOption({
    flag: "renew",
    fallback: "false",
    help: "stay, and renew at half of each certificate's life until SIGTERM",
  }),
  logAsJson: SERVER_OPTIONS.logAsJson,
  cryptoProvider: SERVER_OPTIONS.cryptoProvider,
  output: outputOption,
};

/** The command. */
export const certRequestCommand: Command = {
  name: "cert request",
  group: "certificates",
  summary: "ask a running server for the first certificate, the next one, or all to come",
  usage: "cert request --server HOST:PORT --out DIR [FLAGS]",
  text:
    `Makes a new key, asks with the certificate in DIR (or --identityDir), and writes key, certificate and roots into DIR.
The server is checked against the roots in that folder, and against those of --ca when its certificate comes from another CA.
With --token or --tokenFile it asks with the token instead, once the server is verified by --ca or --caFingerprint; the key is
kept in DIR until the answer has come, so that the same command can be run again. The old files stay until the answer has been checked;
then one rename puts all three in place of the old ones.
With --renew it stays until SIGTERM: a token is used while DIR has no certificate; the next ones come at about half of each one's
life, with back-off when that fails, and with the roots of that time. It starts no programs. docs/renewal.md says how readers follow.
With --renew, --output json is what --log_as_json is: one JSON object a line.`,
  options: OPTIONS,
  examples: [{
    what: "the first certificate, with a join token; the server printed its root's fingerprint",
    line:
      `signet cert request --server ca.example:15012 --out ./demo --tokenFile ./token --caFingerprint ${
        "00".repeat(32)
      }`,
  }, {
    what: "the next certificate for the one in ./demo",
    line: "signet cert request --server localhost:15012 --out ./demo",
  }, {
    what: "a certificate that never expires while this runs",
    line: "signet cert request --server ca.example:15012 --out /etc/workload --renew",
  }],
  async run(args, host) {
    const { values } = readCommandLine(certRequestCommand, args, {
      host,
      options: OPTIONS,
      required: ["server", "out"],
    });
    const addr = parseServer(values.server);
    checkJoinOptions(values, "cert request");
    const serverName = checkServerName(values.serverName || addr.hostname, addr);
    const server = { addr, serverName, clock: host.clock };
    const { provider: crypto } = await selectProvider(values.cryptoProvider);
    if (!joins(values)) await chooseAsker(values, server, crypto); // Nothing to ask with is said before anything is written.
    using folder = await openKeyFolder(values.out);
    const obtain = async (more: Pick<ObtainHost, "signal"> = {}): Promise<Obtained> => {
      const asker = await chooseAsker(values, { ...server, ...more }, crypto);
      const { ttl: ttlMs, keyType } = values;
      const obtained = await obtainCertificate(
        asker,
        { ...server, authority: values.server, ttlMs, keyType },
        { clock: host.clock, crypto, ...more },
      );
      await folder.write(obtained.files);
      await asker.forgetKey?.();
      return obtained;
    };
    const json = values.logAsJson || values.output === "json";
    if (values.renew) await renew(folder, obtain, { host, json });
    else printOnce(host, values, (await obtain()).leaf);
    return EXIT.done;
  },
};

type Values = ReturnType<typeof readCommandLine<typeof OPTIONS>>["values"];

function joins({ token, tokenFile }: Values): boolean {
  return token !== "" || tokenFile !== "";
}

/** With what to ask now: while it is renewed, a folder that has a certificate needs neither the token nor another folder any more. */
async function chooseAsker(
  values: Values,
  server: Parameters<typeof readJoining>[1],
  crypto: CryptoProvider,
): Promise<Asker> {
  const { out, identityDir, renew, ca } = values;
  if (renew && await hasKeyFiles(out)) return await askWithCertificate(out, { ca, crypto });
  const joining = await readJoining(values, server, "cert request");
  return joining === undefined
    ? await askWithCertificate(identityDir || out, { ca, crypto })
    : await askWithToken(joining, values, crypto);
}

function printOnce(host: CommandHost, { out, output, server }: Values, leaf: Certificate): void {
  const until = new Date(leaf.notAfterMs).toISOString();
  const headline = `got a certificate for ${uriNames(leaf).join(", ")}, valid until ${until}`;
  printOutput(
    host,
    output,
    issuedOutput(headline, { leaf, directory: out, issuedBy: server }),
  );
}

async function renew(
  { directory }: KeyFolder,
  obtain: (more: Pick<ObtainHost, "signal">) => Promise<Obtained>,
  { host, json }: { readonly host: CommandHost; readonly json: boolean },
): Promise<void> {
  using signalled = listenForSignals();
  await keepRenewed({
    async current() {
      if (!await hasKeyFiles(directory)) return undefined;
      const { leaf, rootsPem } = await readIdentity(directory);
      return heldOf(leaf, rootsPem);
    },
    async obtain(signal) {
      const { leaf, files } = await obtain({ signal });
      return heldOf(leaf, files.rootCertPem);
    },
  }, {
    clock: host.clock,
    random: () => new DataView(randomBytes(4).buffer).getUint32(0) / 2 ** 32,
    logger: createLogger({ levels: { default: "info" }, json }, {
      clock: host.clock,
      sink: (line) => host.print(line),
    }),
    signal: signalled.aborted,
  });
}

function heldOf(leaf: Certificate, rootsPem: string): Held {
  return {
    fingerprint: sha256(leaf.raw).toHex(),
    notBeforeMs: leaf.notBeforeMs,
    notAfterMs: leaf.notAfterMs,
    roots: describeRoots(rootsPem),
  };
}

/** The runtime checks a certificate's addresses against the one that it connects to, and against no other. */
function checkServerName(name: string, addr: ListenAddress): string {
  if (name === addr.hostname || parseIpAddress(name) === undefined) return name;
  throw usageError([
    `--serverName: ${quote(name)} should be a name; an address is checked when --server has it`,
  ], "cert request");
}

function parseServer(text: string): ListenAddress {
  try {
    return parseDialAddress(text);
  } catch (thrown) {
    if (thrown instanceof BadValue) {
      throw usageError([`--server: ${quote(text)} ${thrown.message}`], "cert request");
    }
    throw thrown;
  }
}
