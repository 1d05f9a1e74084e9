/**
 * `signet ca rotate`: the next set of the self-signed root, written as a whole beside a running server or without one. A running server
 * looks at the current set more than twice a second; the command waits until the server says that it has the new one in force.
 */
import { SignetError } from "../base/mod.ts";
import {
  announceRoot,
  keyIdOf,
  loadStoredSet,
  nextStep,
  renewRoot,
  signingCertificate,
} from "../ca/mod.ts";
import {
  boolOption,
  choiceOption,
  durationOption,
  type Option,
  OPTIONS as SERVER_OPTIONS,
} from "../config/mod.ts";
import { type CryptoProvider, type KeySpec, selectProvider } from "../crypto/mod.ts";
import type { CaSet } from "../store/mod.ts";
import type { Certificate } from "../x509/mod.ts";
import { readCommandLine } from "./arguments.ts";
import {
  CA_FILE_OPTIONS,
  type CaFiles,
  describeCertificates,
  findCaFiles,
  isPluggedIn,
  refuseOtherUser,
  refuseSecret,
  untilInForce,
} from "./ca_files.ts";
import { EXIT, usageError } from "./errors.ts";
import { outputOption, printOutput } from "./output.ts";
import type { Command, CommandHost } from "./port.ts";

/** Without leaves that are known of, new roots are announced for this long before they sign. */
const MIN_PROPAGATION_MS = 3_600_000;

const OPTIONS = {
  newKey: boolOption({
    flag: "new-key",
    fallback: "false",
    help: "begin a rotation to a root with a new key, in steps",
  }),
  now: boolOption({
    flag: "now",
    fallback: "false",
    help: "take the next step of that rotation now, whoever may not be ready for it",
  }),
  key: choiceOption(
    { flag: "key", fallback: "same", help: "kind of the new key; same as the old one's" },
    ["same", "P-256", "P-384", "RSA-2048", "RSA-3072", "RSA-4096"],
  ),
  propagation: optional(durationOption({
    flag: "propagation",
    fallback: "",
    help:
      "how long the new root is announced before it signs; by default until every leaf that is out has ended, and at least 1h",
  }, { minMs: 0 })),
  ttl: optional(durationOption({
    flag: "ttl",
    fallback: "",
    help: "lifetime of the new root; by default that of the old one",
  }, { minMs: 3_600_000, maxMs: 100 * 365 * 86_400_000 })),
  ...CA_FILE_OPTIONS,
  cryptoProvider: SERVER_OPTIONS.cryptoProvider,
  output: outputOption,
};

/** An option whose empty default means that the program decides. */
function optional(option: Option<number>): Option<number | undefined> {
  return { ...option, parse: (text) => text === "" ? undefined : option.parse(text) };
}

type RotateValues = ReturnType<typeof readCommandLine<typeof OPTIONS>>["values"];

/** The command. */
export const caRotateCommand: Command = {
  name: "ca rotate",
  group: "ca",
  summary: "renew the self-signed root, or rotate it to a new key",
  usage: "ca rotate [--new-key | --now] [FLAGS]",
  text:
    `Alone, it gives the root a new certificate for the same key: whatever was issued stays good, and nothing else changes.
With --new-key, three steps: the new root is announced among the roots; when every leaf that is out has ended, and so every
workload has renewed and got both roots, the new key signs; when the last leaf of the old key has ended, the old root is
withdrawn. A running server takes the steps when they are due; signet ca status shows them. No server is needed; a running
one has the change in force when the command ends. It runs as the user whose files they are, the server's.`,
  options: OPTIONS,
  examples: [
    { what: "a new certificate for the root's key", line: "signet ca rotate" },
    { what: "a new key, in steps", line: "signet ca rotate --new-key" },
    { what: "the next step at once", line: "signet ca rotate --now" },
  ],
  async run(args, host) {
    const { values } = readCommandLine(caRotateCommand, args, { host, options: OPTIONS });
    checkOptions(values);
    const files = await findCaFiles(values);
    await refusePluggedIn(files);
    await refuseOtherUser(files);
    const { provider: crypto } = await selectProvider(values.cryptoProvider);
    const rotated = await rotate(values, files, { crypto, host });
    const isServed = await untilInForce(files.store, rotated.revision, host.clock);
    print(values, host, { ...rotated, isServed });
    return EXIT.done;
  },
};

function checkOptions(values: RotateValues): void {
  const faults: string[] = [];
  if (values.newKey && values.now) faults.push("--new-key and --now are two steps: give one");
  if (!values.newKey && values.key !== "same") faults.push("--key needs --new-key");
  if (!values.newKey && values.propagation !== undefined) {
    faults.push("--propagation needs --new-key");
  }
  if (values.now && values.ttl !== undefined) faults.push("--ttl and --now do not go together");
  if (faults.length > 0) throw usageError(faults, "ca rotate");
}

async function refusePluggedIn(files: CaFiles): Promise<void> {
  const report = await files.store.report.read();
  refuseSecret(report);
  if (!await isPluggedIn(files, report)) return;
  throw new SignetError(
    "store.refused",
    `Cannot rotate root: the CA is plugged in from ${
      report?.location ?? files.pluggedIn?.location
    }; replace its files there, signet takes them up`,
  );
}

interface Rotated {
  readonly revision: string;
  readonly set: CaSet;
}

async function rotate(
  values: RotateValues,
  { store }: CaFiles,
  { crypto, host }: { readonly crypto: CryptoProvider; readonly host: CommandHost },
): Promise<Rotated> {
  if (await store.revision() === undefined) {
    throw new SignetError(
      "store.incomplete",
      `Cannot rotate root: there is no CA in ${store.location}; start the server once, or name its --stateDir`,
    );
  }
  let changed: CaSet | undefined;
  const revision = await store.update(async (set) => {
    const certificate = signingCertificate(set);
    const nowMs = host.clock.nowMs();
    const lastLeafMs = await store.leafEnds.last(keyIdOf(certificate));
    if (values.now) changed = nextStep(set, { nowMs, lastLeafMs });
    else if (values.newKey) {
      changed = await announceRoot(set, {
        keySpec: keySpec(values.key, certificate),
        ttlMs: values.ttl,
        dueMs: nowMs + (values.propagation ??
          Math.max(MIN_PROPAGATION_MS, (lastLeafMs ?? nowMs) - nowMs)),
      }, { crypto, nowMs });
    } else changed = await renewRoot(set, values.ttl, { crypto, nowMs });
    using _key = (await loadStoredSet(changed, { crypto, store, clock: host.clock }, 1)).key;
    return changed;
  });
  return { revision, set: changed! };
}

function keySpec(name: string, { publicKey }: Certificate): KeySpec {
  if (name === "same") {
    const { kind } = publicKey;
    if (kind.type !== "rsa") return kind;
    return { type: "rsa", bits: kind.bits >= 4096 ? 4096 : kind.bits >= 3072 ? 3072 : 2048 };
  }
  if (name === "P-256" || name === "P-384") return { type: "ec", curve: name };
  return { type: "rsa", bits: name === "RSA-4096" ? 4096 : name === "RSA-3072" ? 3072 : 2048 };
}

function print(
  values: RotateValues,
  host: CommandHost,
  { revision, set, isServed }: Rotated & { readonly isServed: boolean },
): void {
  const [signing] = describeCertificates(set.caCertPem);
  const { rotation } = set;
  const due = rotation === undefined ? null : new Date(rotation.dueMs).toISOString();
  const next = rotation === undefined
    ? []
    : rotation.phase === "announced"
    ? [`  next     the new key signs from ${due}`]
    : [`  next     the old root is withdrawn at ${due}`];
  const roots = describeCertificates(set.rootCertPem);
  printOutput(host, values.output, {
    document: {
      set: revision,
      inForce: isServed,
      phase: rotation?.phase ?? null,
      due,
      signing: signing ?? null,
      roots,
    },
    lines: [
      isServed
        ? `set ${revision} is in force in the running server`
        : `set ${revision} is saved; no server runs, the next start takes it`,
      `  signing  SHA-256 ${signing?.sha256}, until ${signing?.notAfter}`,
      ...roots.map(({ sha256, notAfter }) => `  root     SHA-256 ${sha256}, until ${notAfter}`),
      ...next,
    ],
  });
}
