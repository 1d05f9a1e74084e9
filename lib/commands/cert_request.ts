/** `signet cert request`: a workload's renewal over :15012, with the certificate that it has. */
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
import { keyFilePath, readKeyFile, writeKeyFiles } from "./key_files.ts";
import type { Command } from "./port.ts";
import { keyTypeOption, makeWorkloadCsr } from "./workload_csr.ts";

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
  keyType: keyTypeOption,
  cryptoProvider: SERVER_OPTIONS.cryptoProvider,
};

/** The command. */
export const certRequestCommand: Command = {
  name: "cert request",
  group: "certificates",
  summary: "ask a running server over mutual TLS for the next certificate",
  usage: "cert request --server HOST:PORT --out DIR [FLAGS]",
  text:
    `Makes a new key, asks with the certificate in DIR (or --identityDir), and writes key, certificate and roots into DIR.
The old files stay until the answer has been checked.`,
  options: OPTIONS,
  examples: [{
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
    const old = await readIdentity(values.identityDir || values.out);
    const { provider: crypto } = await selectProvider(values.cryptoProvider);
    const { keyPem, csrPem } = await makeWorkloadCsr(crypto, {
      keyType: values.keyType,
      identities: uriNames(old.leaf),
    });
    await using client = await connectHttp2({
      addr,
      serverName: values.serverName || addr.hostname,
      rootsPem: old.rootsPem,
      identity: old,
      clock: host.clock,
      timeoutMs: CONNECT_TIMEOUT_MS,
    });
    const answer = await requestCertificate(client, {
      csrPem,
      validitySeconds: BigInt(Math.floor(values.ttl / 1000)),
      authority: values.server,
    });
    const leaf = await checkAnswer(answer, { keyPem, crypto, nowMs: host.clock.nowMs() });
    await writeKeyFiles(values.out, {
      keyPem,
      certChainPem: answer.chainPems.join(""),
      rootCertPem: answer.rootsPem,
    });
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

interface Identity {
  readonly keyPem: string;
  readonly certChainPem: string;
  readonly rootsPem: string;
  readonly leaf: Certificate;
}

async function readIdentity(directory: string): Promise<Identity> {
  const hint = "signet issue makes the first key and certificate";
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
