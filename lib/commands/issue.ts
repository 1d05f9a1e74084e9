/** `signet issue`: signs in process with the CA's key, server running or not. Whoever may read that key may do it. */
import { formatGoDuration, SignetError } from "../base/mod.ts";
import { type Ca, createCa } from "../ca/mod.ts";
import {
  choiceOption,
  durationOption,
  OPTIONS as SERVER_OPTIONS,
  pathOption,
  textOption,
} from "../config/mod.ts";
import { selectProvider } from "../crypto/mod.ts";
import { formatWorkloadIdentity, parseWorkloadIdentity } from "../spiffe/mod.ts";
import { fileCaStore, pluggedInCa } from "../store/mod.ts";
import { createLogger } from "../telemetry/mod.ts";
import { decodeCertificate, decodeFirstPem, describeName } from "../x509/mod.ts";
import { readCommandLine } from "./arguments.ts";
import { refuseSecret } from "./ca_files.ts";
import { EXIT, usageError } from "./errors.ts";
import { issuedOutput } from "./issued.ts";
import { absolutePath, writeKeyFiles } from "./key_files.ts";
import { outputOption, printOutput } from "./output.ts";
import type { Command, CommandHost } from "./port.ts";
import { keyTypeOption, makeWorkloadCsr } from "./workload_csr.ts";

const OPTIONS = {
  identity: textOption({
    flag: "identity",
    fallback: "",
    help: "spiffe://<trust domain>/ns/<namespace>/sa/<service account>",
  }),
  out: pathOption({
    flag: "out",
    fallback: "",
    help: "folder for key.pem, cert-chain.pem and root-cert.pem; old ones are replaced",
  }),
  ttl: durationOption({
    flag: "ttl",
    fallback: "24h",
    help: "lifetime, at most MAX_WORKLOAD_CERT_TTL",
  }, { minMs: 1000 }),
  keyType: keyTypeOption,
  foreignTrustDomain: choiceOption(
    {
      flag: "foreignTrustDomain",
      fallback: "refuse",
      help: "whether the identity may be of another trust domain than the root's O",
    },
    ["refuse", "allow"],
  ),
  stateDir: SERVER_OPTIONS.stateDir,
  rootCaDir: SERVER_OPTIONS.rootCaDir,
  maxWorkloadCertTtl: SERVER_OPTIONS.maxWorkloadCertTtl,
  cryptoProvider: SERVER_OPTIONS.cryptoProvider,
  output: outputOption,
};

/** The command. */
export const issueCommand: Command = {
  name: "issue",
  group: "certificates",
  summary: "sign a certificate in process with the CA's key",
  usage: "issue --identity spiffe://TRUST_DOMAIN/ns/NAMESPACE/sa/ACCOUNT --out DIR [FLAGS]",
  text:
    `Makes a key, signs its certificate with the CA's key, and writes both with the root into DIR. The CA is the plugged-in one
of ROOT_CA_DIR when that is there, else that of the state directory.
No server is needed, and a running one is not disturbed. An audit record goes to standard error.`,
  options: OPTIONS,
  examples: [{
    what: "a first certificate for a workload, in ./demo",
    line: "signet issue --identity spiffe://cluster.local/ns/default/sa/demo --out ./demo",
  }],
  async run(args, host) {
    const { values } = readCommandLine(issueCommand, args, {
      host,
      options: OPTIONS,
      required: ["identity", "out"],
    });
    const identity = checkIdentity(values.identity);
    checkTtl(values);
    const { provider: crypto } = await selectProvider(values.cryptoProvider);
    using ca = await openCa(values, { host, crypto });
    checkTrustDomain(identity, ca, values.foreignTrustDomain);
    const { keyPem, csrPem } = await makeWorkloadCsr(crypto, {
      keyType: values.keyType,
      identities: [identity],
    });
    const certChainPem = await ca.signWithCertChain({
      csrPem,
      identities: [identity],
      requestedTtlSeconds: BigInt(Math.floor(values.ttl / 1000)),
      caller: "signet issue",
    });
    await writeKeyFiles(values.out, { keyPem, certChainPem, rootCertPem: ca.bundle.rootCertsPem });
    const leaf = decodeCertificate(decodeFirstPem(certChainPem, { label: "CERTIFICATE" })!.der);
    const issuedBy = ca.location.replace(/\/ca$/, "");
    printOutput(
      host,
      values.output,
      issuedOutput(`issued ${identity}`, { leaf, directory: values.out, issuedBy }),
    );
    return EXIT.done;
  },
};

function checkIdentity(text: string): string {
  try {
    return formatWorkloadIdentity(parseWorkloadIdentity(text));
  } catch (thrown) {
    if (thrown instanceof SignetError) throw usageError([`--identity: ${thrown.message}`], "issue");
    throw thrown;
  }
}

/** The CA's own refusal is made for callers, who cannot change its maximum. */
function checkTtl({ ttl, maxWorkloadCertTtl }: IssueValues): void {
  if (ttl <= maxWorkloadCertTtl) return;
  const [asked, most] = [formatGoDuration(ttl), formatGoDuration(maxWorkloadCertTtl)];
  throw usageError(
    [`--ttl ${asked} is above ${most}: give less, or set MAX_WORKLOAD_CERT_TTL=${asked}`],
    "issue",
  );
}

type IssueValues = ReturnType<typeof readCommandLine<typeof OPTIONS>>["values"];
type Crypto = Awaited<ReturnType<typeof selectProvider>>["provider"];

/** The CA that a server would use, for signing alone: nothing is created, and records go to standard error. */
async function openCa(
  values: IssueValues,
  { host, crypto }: { readonly host: CommandHost; readonly crypto: Crypto },
): Promise<Ca> {
  const levels = { default: "warn", audit: "info" } as const;
  const logger = createLogger({ levels, json: false }, {
    clock: host.clock,
    sink: (line) => host.warn(line),
  });
  const store = fileCaStore(await absolutePath(values.stateDir));
  refuseSecret(await store.report.read());
  return await createCa({
    trustDomain: "",
    defaultWorkloadTtlMs: values.ttl,
    maxWorkloadTtlMs: values.maxWorkloadCertTtl,
    selfSignedRootTtlMs: 0,
    minRsaBits: 2048,
    rootKey: { type: "ec", curve: "P-256" },
    whenMissing: "fail",
    rotation: { checkIntervalMs: 0, gracePercentile: 20, jitter: false, rootTtlMs: 0 },
    pluggedIn: { reload: false, multiRoot: false },
  }, {
    clock: host.clock,
    crypto,
    logger,
    store,
    ...(values.rootCaDir === ""
      ? {}
      : { pluggedIn: pluggedInCa({ directory: values.rootCaDir, withCrl: false }) }),
  });
}

/** A typing mistake in the trust domain makes a certificate that no server takes; the `O` of a root of signet's own knows better. */
function checkTrustDomain(identity: string, ca: Ca, foreign: "refuse" | "allow"): void {
  const { trustDomain } = parseWorkloadIdentity(identity);
  const root = describeName(ca.bundle.caCertificate.subject);
  if (foreign === "allow" || ca.origin === "plugged-in" || root === `O=${trustDomain}`) return;
  throw usageError(
    [`--identity is of trust domain ${trustDomain}, the root is ${root}: correct it, or give --foreignTrustDomain allow`],
    "issue",
  );
}
