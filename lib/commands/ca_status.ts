/** `signet ca status`: which CA signs, from where, until when, and what its rotation will do next; server running or not. */
import { decodeCrls, pluggedInRevision, renewalDueMs, signingCertificate } from "../ca/mod.ts";
import { OPTIONS as SERVER_OPTIONS } from "../config/mod.ts";
import type { CaSet, InForceReport, PluggedInSet } from "../store/mod.ts";
import { describeName } from "../x509/mod.ts";
import { readCommandLine } from "./arguments.ts";
import {
  CA_FILE_OPTIONS,
  type CaFiles,
  describeCertificates,
  type DescribedCertificate,
  findCaFiles,
  isPluggedIn,
  refuseSecret,
} from "./ca_files.ts";
import { EXIT } from "./errors.ts";
import { type Field, formatFields, type Json, outputOption, printOutput } from "./output.ts";
import type { Command } from "./port.ts";

const DAY_MS = 86_400_000;
const OPTIONS = {
  ...CA_FILE_OPTIONS,
  rootCheckInterval: SERVER_OPTIONS.rootCheckInterval,
  rootGracePercentile: SERVER_OPTIONS.rootGracePercentile,
  output: outputOption,
};

/** The command. */
export const caStatusCommand: Command = {
  name: "ca status",
  group: "ca",
  summary: "which CA signs, from where, until when, and what its rotation does next",
  usage: "ca status [FLAGS]",
  text:
    `Reads the plugged-in CA of ROOT_CA_DIR when there is one, else the state directory's, and asks a running server by its
files what it has in force. The rotation's variables are read from the environment, as the server reads them from its own.`,
  options: OPTIONS,
  examples: [
    { what: "for people", line: "signet ca status" },
    { what: "for programs", line: "signet ca status --output json" },
  ],
  async run(args, host) {
    const { values } = readCommandLine(caStatusCommand, args, { host, options: OPTIONS });
    const files = await findCaFiles(values);
    const report = await files.store.report.read();
    refuseSecret(report);
    const plugged = await isPluggedIn(files, report);
    const found = plugged ? await pluggedInFacts(files) : await storedFacts(files, {
      gracePercentile: values.rootGracePercentile,
      isOff: values.rootCheckInterval <= 0,
    });
    const nowMs = host.clock.nowMs();
    const server = serverFacts(report, found.revision);
    printOutput(host, values.output, {
      document: {
        origin: plugged ? "plugged-in" : "self-signed",
        location: report?.location ?? found.location,
        server: server.document,
        ...found.document,
      },
      lines: formatFields([
        ["CA", `${plugged ? "plugged in from" : "self-signed, in"} ${found.location}`],
        ["server", server.line],
        ...certificateFields(found.certificates, nowMs),
        ...found.fields,
      ]),
    });
    return EXIT.done;
  },
};

interface Facts {
  readonly location: string;
  readonly revision: string | undefined;
  readonly document: { readonly [field: string]: Json };
  readonly certificates: Certificates;
  readonly fields: readonly Field[];
}

interface Certificates {
  readonly signing: readonly DescribedCertificate[];
  readonly chain: readonly DescribedCertificate[];
  readonly roots: readonly DescribedCertificate[];
}

async function pluggedInFacts({ pluggedIn, store }: CaFiles): Promise<Facts> {
  const set = await pluggedIn?.read();
  const location = pluggedIn?.location ?? store.location;
  const certificates = describeSet(set);
  const crls = set === undefined ? [] : describeCrls(set);
  return {
    location,
    revision: set === undefined ? undefined : pluggedInRevision(set),
    certificates,
    document: { form: set?.form ?? null, set: null, ...certificates, crls, rotation: null },
    fields: [
      ["form", set === undefined ? "none: the files are gone" : set.form],
      ["CRL", ...(crls.length === 0 ? ["none"] : crls.map(crlLine))],
      ["rotation", "none: replace the files, signet takes them up"],
    ],
  };
}

async function storedFacts(
  { store }: CaFiles,
  rules: { readonly gracePercentile: number; readonly isOff: boolean },
): Promise<Facts> {
  const revision = await store.revision();
  const set = await store.load();
  const certificates = describeSet(set);
  const rotation = set === undefined ? undefined : rotationFacts(set, rules);
  return {
    location: store.location,
    revision,
    certificates,
    document: {
      form: null,
      set: revision ?? null,
      ...certificates,
      crls: [],
      rotation: rotation?.document ?? null,
    },
    fields: [
      ["set", revision ?? "none yet: the first start makes a root"],
      ["CRL", "none"],
      ["rotation", ...(rotation === undefined ? [] : [rotation.line])],
    ],
  };
}

function describeSet(set: Omit<CaSet, "rotation"> | undefined): Certificates {
  return {
    signing: describeCertificates(set?.caCertPem ?? "").slice(0, 1),
    chain: describeCertificates(set?.certChainPem ?? ""),
    roots: describeCertificates(set?.rootCertPem ?? ""),
  };
}

function rotationFacts(
  set: CaSet,
  rules: { readonly gracePercentile: number; readonly isOff: boolean },
): { readonly document: { readonly [field: string]: Json }; readonly line: string } {
  const { rotation } = set;
  if (rotation !== undefined) {
    const due = new Date(rotation.dueMs).toISOString();
    const started = new Date(rotation.startedMs).toISOString();
    return {
      document: { phase: rotation.phase, started, due },
      line: rotation.phase === "announced"
        ? `announced: a root with a new key is among the roots, and signs from ${due}`
        : `switched: the new key signs, the old root is withdrawn at ${due}`,
    };
  }
  const due = new Date(renewalDueMs(signingCertificate(set), rules.gracePercentile)).toISOString();
  return {
    document: { phase: null, started: null, due: rules.isOff ? null : due },
    line: rules.isOff
      ? "off (CITADEL_SELF_SIGNED_ROOT_CERT_CHECK_INTERVAL): renew by signet ca rotate"
      : `none under way; a new certificate for the same key is due at ${due}`,
  };
}

type DescribedCrl = {
  readonly issuer: string;
  readonly revoked: number;
  readonly thisUpdate: string;
  readonly nextUpdate: string | null;
};

function describeCrls({ crlPem, crlPath }: PluggedInSet): readonly DescribedCrl[] {
  if (crlPem === undefined) return [];
  return decodeCrls(crlPem, crlPath).map((crl) => ({
    issuer: describeName(crl.issuer),
    revoked: crl.revoked,
    thisUpdate: new Date(crl.thisUpdateMs).toISOString(),
    nextUpdate: crl.nextUpdateMs === undefined ? null : new Date(crl.nextUpdateMs).toISOString(),
  }));
}

function crlLine({ issuer, revoked, nextUpdate }: DescribedCrl): string {
  return `of ${issuer}, ${revoked} revoked, next update ${nextUpdate ?? "not said"}`;
}

function serverFacts(
  report: InForceReport | undefined,
  revision: string | undefined,
): { readonly document: Json; readonly line: string } {
  if (report === undefined) {
    const document = { running: false, set: null, inForce: false, refused: null };
    return { document, line: "not running" };
  }
  const { refused } = report;
  const isCurrent = report.revision === revision;
  const line = refused !== undefined
    ? `running; it has what was before in force, and refused this: ${refused}`
    : isCurrent
    ? "running, has this in force"
    : "running, has what was before in force";
  return {
    document: {
      running: true,
      set: report.revision ?? null,
      inForce: isCurrent && refused === undefined,
      refused: refused ?? null,
    },
    line,
  };
}

function certificateFields(
  { signing, chain, roots }: Certificates,
  nowMs: number,
): readonly Field[] {
  const line = ({ subject, publicKey, sha256, notAfter }: DescribedCertificate) => {
    const days = Math.floor((Date.parse(notAfter) - nowMs) / DAY_MS);
    const left = days < 0 ? "expired" : `${days} days left`;
    return `${subject}, ${publicKey}, until ${notAfter} (${left}), SHA-256 ${sha256}`;
  };
  return [
    ["signing", ...signing.map(line)],
    ["chain", ...(chain.length === 0 ? ["none"] : chain.map(line))],
    ["roots", ...roots.map(line)],
  ];
}
