/** `signet cert request`: a workload's certificate from :15012, the first with a token, the next with the certificate that it has. */
import { isSignetError, SignetError } from "../base/mod.ts";
import {
  BadValue,
  durationOption,
  type ListenAddress,
  OPTIONS as SERVER_OPTIONS,
  parseDialAddress,
  pathOption,
  textOption,
} from "../config/mod.ts";
import { type CryptoProvider, parsePrivateKeyPem, selectProvider } from "../crypto/mod.ts";
import { type CertificateResponse, requestCertificate } from "../grpc/mod.ts";
import { connectHttp2 } from "../transport/mod.ts";
import {
  type Certificate,
  decodeCertificate,
  decodePem,
  EXT_KEY_USAGE,
  verifyChain,
} from "../x509/mod.ts";
import { readCommandLine } from "./arguments.ts";
import { EXIT, usageError } from "./errors.ts";
import { JOIN_OPTIONS, type Joining, readJoining } from "./join.ts";
import { keepJoiningKey, keyFilePath, readKeyFile, writeKeyFiles } from "./key_files.ts";
import type { Command } from "./port.ts";
import { type KeyTypeName, keyTypeOption, makeWorkloadCsr } from "./workload_csr.ts";

const CONNECT_TIMEOUT_MS = 10_000;
/** Clocks of two machines differ; istiod backdates leaves by two minutes, so only the far side needs slack. */
const CLOCK_SLACK_MS = 60_000;

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
  cryptoProvider: SERVER_OPTIONS.cryptoProvider,
};

/** The command. */
export const certRequestCommand: Command = {
  name: "cert request",
  group: "certificates",
  summary: "ask a running server for the first certificate, or for the next one",
  usage: "cert request --server HOST:PORT --out DIR [FLAGS]",
  text:
    `Makes a new key, asks with the certificate in DIR (or --identityDir), and writes key, certificate and roots into DIR.
With --token or --tokenFile it asks with the token instead, once the server is verified by --ca or --caFingerprint; the key is
kept in DIR until the answer has come, so that the same command can be run again. The old files stay until the answer has been checked.`,
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
  }],
  async run(args, host) {
    const { values } = readCommandLine(certRequestCommand, args, {
      host,
      options: OPTIONS,
      required: ["server", "out"],
    });
    const addr = parseServer(values.server);
    const server = { addr, serverName: values.serverName || addr.hostname, clock: host.clock };
    const { provider: crypto } = await selectProvider(values.cryptoProvider);
    const joining = await readJoining(values, server, "cert request");
    const asker = joining === undefined
      ? await askWithCertificate(values.identityDir || values.out)
      : await askWithToken(joining, values, crypto);
    const { keyPem, csrPem } = await makeWorkloadCsr(crypto, {
      keyType: values.keyType,
      identities: asker.names,
      keyPem: asker.keyPem,
    });
    await using client = await connectHttp2({
      ...server,
      rootsPem: asker.rootsPem,
      identity: asker.identity,
      timeoutMs: CONNECT_TIMEOUT_MS,
    });
    const answer = await requestCertificate(client, {
      csrPem,
      validitySeconds: BigInt(Math.floor(values.ttl / 1000)),
      authority: values.server,
      ...(joining && { bearerToken: joining.token }),
    });
    const leaf = await checkAnswer(answer, { keyPem, crypto, nowMs: host.clock.nowMs() });
    await writeKeyFiles(values.out, {
      keyPem,
      certChainPem: answer.chainPems.join(""),
      rootCertPem: answer.rootsPem,
    });
    await asker.forgetKey?.();
    host.print(
      `got a certificate for ${uriNames(leaf).join(", ")}, valid until ${
        new Date(leaf.notAfterMs).toISOString()
      }`,
      `  key          ${keyFilePath(values.out, "keyPem")}`,
      `  certificate  ${keyFilePath(values.out, "certChainPem")}`,
      `  root         ${keyFilePath(values.out, "rootCertPem")}`,
    );
    return EXIT.done;
  },
};

function parseServer(text: string): ListenAddress {
  try {
    return parseDialAddress(text);
  } catch (thrown) {
    if (thrown instanceof BadValue) {
      throw usageError([`--server: ${JSON.stringify(text)} ${thrown.message}`], "cert request");
    }
    throw thrown;
  }
}

/** With what a server is asked. */
interface Asker {
  /** Roots that it is checked against, PEM. */
  readonly rootsPem: string;
  /** Our certificate and key; none with a token. */
  readonly identity: { readonly certChainPem: string; readonly keyPem: string } | undefined;
  /** Names for the CSR, which the server reads for form alone. */
  readonly names: readonly string[];
  /** The key to ask for; a new one when absent. */
  readonly keyPem?: string;
  /** Removes what was kept for asking again. */
  readonly forgetKey?: () => Promise<void>;
}

async function askWithCertificate(directory: string): Promise<Asker> {
  const identity = await readIdentity(directory);
  return { rootsPem: identity.rootsPem, identity, names: uriNames(identity.leaf) };
}

async function askWithToken(
  { rootsPem }: Joining,
  { out, keyType }: { readonly out: string; readonly keyType: KeyTypeName },
  crypto: CryptoProvider,
): Promise<Asker> {
  const make = async () => (await makeWorkloadCsr(crypto, { keyType, identities: [] })).keyPem;
  const { keyPem, forget } = await keepJoiningKey(out, keyType, make);
  return { rootsPem, identity: undefined, names: [], keyPem, forgetKey: forget };
}

interface Identity {
  readonly keyPem: string;
  readonly certChainPem: string;
  readonly rootsPem: string;
  readonly leaf: Certificate;
}

async function readIdentity(directory: string): Promise<Identity> {
  const hint = "signet token create and --tokenFile, or signet issue, make the first certificate";
  const read = (key: "keyPem" | "certChainPem" | "rootCertPem") =>
    readKeyFile(keyFilePath(directory, key), hint);
  const certChainPem = await read("certChainPem");
  return {
    certChainPem,
    keyPem: await read("keyPem"),
    rootsPem: await read("rootCertPem"),
    leaf: firstCertificate(certChainPem, keyFilePath(directory, "certChainPem")),
  };
}

function firstCertificate(pem: string, where: string): Certificate {
  const [first] = decodeAll(pem, where);
  if (first === undefined) {
    throw new SignetError("commands.failed", `Cannot use ${where}: it holds no certificate`);
  }
  return first;
}

function decodeAll(pem: string, where: string): readonly Certificate[] {
  try {
    return decodePem(pem, { label: "CERTIFICATE" }).map(({ der }) => decodeCertificate(der));
  } catch (thrown) {
    if (!isSignetError(thrown)) throw thrown;
    throw new SignetError("commands.failed", `Cannot use ${where}: ${thrown.message}`, {
      cause: thrown,
    });
  }
}

function uriNames(certificate: Certificate): readonly string[] {
  return certificate.subjectAltNames.filter(({ type }) => type === "uri").map(({ value }) => value);
}

/** The certificate is for the key that was made, and chains to the roots that came with it. */
async function checkAnswer(
  { chainPems, rootsPem }: CertificateResponse,
  { keyPem, crypto, nowMs }: {
    readonly keyPem: string;
    readonly crypto: CryptoProvider;
    readonly nowMs: number;
  },
): Promise<Certificate> {
  const where = "the server's answer";
  const [leaf, ...intermediates] = decodeAll(chainPems.join(""), where);
  const roots = decodeAll(rootsPem, where);
  using key = await crypto.importPrivateKey(parsePrivateKeyPem(keyPem));
  if (leaf === undefined || leaf.publicKey.spki.toHex() !== key.spki.toHex()) {
    throw new SignetError(
      "commands.failed",
      `Cannot use ${where}: the certificate is not for the key that was sent`,
    );
  }
  await verifyChain({
    leaf,
    intermediates,
    roots,
    nowMs: Math.max(nowMs, Math.min(leaf.notBeforeMs, nowMs + CLOCK_SLACK_MS)),
    extKeyUsages: [EXT_KEY_USAGE.clientAuth],
    verifySignature: (publicKey, scheme, data, signature) =>
      crypto.verify(publicKey, scheme, data, signature),
  });
  return leaf;
}
