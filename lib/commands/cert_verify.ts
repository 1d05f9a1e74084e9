/** `signet cert verify`: would a peer of the mesh accept this certificate, and if not, which check fails? */
import { isSignetError, messageOf, parseGoDuration, SignetError } from "../base/mod.ts";
import { BadValue, choiceOption, type Option, pathOption, textOption } from "../config/mod.ts";
import { selectProvider } from "../crypto/mod.ts";
import { decodeCertificate, decodeCrl } from "../x509/mod.ts";
import { readCommandLine } from "./arguments.ts";
import { EXIT } from "./errors.ts";
import { readBlocks } from "./inspect/file.ts";
import { formatFields, type Output, outputOption, printOutput, safeText } from "./output.ts";
import type { Command } from "./port.ts";
import { type Check, verifyAsPeer } from "./verify_as_peer.ts";

/** Parses `--at`: a time, or a duration from now with a sign. */
export const atOption: Option<{ readonly fromNowMs: number } | { readonly atMs: number }> = {
  flag: "at",
  fallback: "+0s",
  kind: "time",
  help: "when: 2026-12-31T00:00:00Z, or from now: +24h, -1h",
  parse(text) {
    const fromNowMs = /^[+-]/.test(text) ? parseGoDuration(text) : undefined;
    if (fromNowMs !== undefined) return { fromNowMs };
    const isTime = /^\d{4}-\d\d-\d\d(T\d\d:\d\d(:\d\d(\.\d+)?)?(Z|[+-]\d\d:\d\d))?$/.test(text);
    const atMs = isTime ? Date.parse(text) : NaN;
    if (!Number.isNaN(atMs)) return { atMs };
    throw new BadValue("should be a time such as 2026-12-31T00:00:00Z, or +24h from now");
  },
};

const OPTIONS = {
  ca: pathOption({ flag: "ca", fallback: "", help: "file with the trusted roots, PEM or DER" }),
  crl: pathOption({
    flag: "crl",
    fallback: "",
    help: "file with revocation lists; then every issuer of the chain needs one, as for Envoy",
  }),
  identity: textOption({
    flag: "identity",
    fallback: "",
    help: "SPIFFE ID, DNS name or address that it must have; empty takes any workload's SPIFFE ID",
  }),
  purpose: choiceOption({
    flag: "purpose",
    fallback: "workload",
    help: "what it is to be used as; workload is client and server, as istiod asks",
  }, ["workload", "client", "server", "any"]),
  at: atOption,
  output: outputOption,
};

/** The command. */
export const certVerifyCommand: Command = {
  name: "cert verify",
  group: "certificates",
  summary: "check a certificate and its chain as a peer of the mesh would",
  usage: "cert verify FILE --ca ROOTS [FLAGS]",
  text:
    `FILE holds the certificate and its intermediates, the certificate first. The checks are made in this order, and the first that fails is
named: validity, chain, purpose, revocation (with --crl), identity. The exit code is 1 when one fails.`,
  options: OPTIONS,
  operands: [{ name: "FILE", kind: "file" }],
  examples: [
    {
      what: "would the mesh accept this workload?",
      line: "signet cert verify demo/cert-chain.pem --ca demo/root-cert.pem",
    },
    {
      what: "will it still in twelve hours, as this workload?",
      line:
        "signet cert verify demo/cert-chain.pem --ca demo/root-cert.pem --at +12h --identity spiffe://cluster.local/ns/default/sa/demo",
    },
    {
      what: "the control plane's own certificate, by its name",
      line:
        "signet cert verify cert-chain.pem --ca root-cert.pem --purpose server --identity istiod.istio-system.svc",
    },
  ],
  async run(args, host) {
    const { values, positionals } = readCommandLine(certVerifyCommand, args, {
      host,
      options: OPTIONS,
      required: ["ca"],
    });
    const path = positionals[0]!;
    const { provider: crypto } = await selectProvider("auto");
    const { at } = values;
    const checks = await verifyAsPeer({
      chain: await decodeFile(path, "CERTIFICATE", decodeCertificate),
      roots: await decodeFile(values.ca, "CERTIFICATE", decodeCertificate),
      crls: values.crl === "" ? undefined : await decodeFile(values.crl, "X509 CRL", decodeCrl),
      identity: values.identity,
      purpose: values.purpose,
      atMs: "atMs" in at ? at.atMs : host.clock.nowMs() + at.fromNowMs,
      verifySignature: (key, scheme, data, signature) =>
        crypto.verify(key, scheme, data, signature),
    });
    printOutput(host, values.output, outputOf(path, checks));
    const failed = checks.find(({ status }) => status === "failed");
    if (failed === undefined) return EXIT.done;
    throw new SignetError(
      "commands.failed",
      `Cannot accept ${path}: ${failed.name}: ${safeText(failed.detail)}`,
    );
  },
};

/** Both forms of the result. */
export function outputOf(path: string, checks: readonly Check[]): Output {
  const accepted = checks.every(({ status }) => status !== "failed");
  const width = Math.max(...checks.map(({ status }) => status.length));
  return {
    document: {
      file: path,
      accepted,
      failedCheck: checks.find(({ status }) => status === "failed")?.name ?? null,
      checks: checks.map(({ name, status, detail }) => ({ name, status, detail })),
    },
    lines: [
      `${safeText(path)}: ${accepted ? "accepted" : "REFUSED"}`,
      ...formatFields(
        checks.map(({ name, status, detail }) => [name, `${status.padEnd(width)}  ${detail}`]),
        { indent: 2 },
      ),
    ],
  };
}

/** Every block of one label, decoded; at least one. @throws {SignetError} `commands.failed`, naming the file and the block. */
async function decodeFile<T>(
  path: string,
  label: string,
  decode: (der: Uint8Array) => T,
): Promise<readonly T[]> {
  const { name, blocks } = await readBlocks(path);
  const wanted = blocks.filter((block) => block.label === undefined || block.label === label);
  if (wanted.length === 0) {
    throw new SignetError("commands.failed", `Cannot use ${name}: it holds no ${label} block`);
  }
  return wanted.map(({ der }, at) => {
    try {
      return decode(der);
    } catch (cause) {
      if (!isSignetError(cause)) throw cause;
      throw new SignetError(
        "commands.failed",
        `Cannot use ${name}, ${label} ${at + 1}: ${messageOf(cause)}`,
        { cause },
      );
    }
  });
}
