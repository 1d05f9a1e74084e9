/** The CA, loaded or made in memory as the server would, and signet's own certificate: nothing is signed, and nothing left behind. */
import { isSignetError } from "../../base/mod.ts";
import { type Ca, checkPluggedIn, createCa, openSigners, type Signers } from "../../ca/mod.ts";
import type { Config } from "../../config/mod.ts";
import type { CryptoProvider } from "../../crypto/mod.ts";
import { openCluster } from "../../kube/mod.ts";
import { checkServerCert } from "../../server_cert/mod.ts";
import { memoryCaStore, pluggedInCa } from "../../store/mod.ts";
import { createLogger, type Logger } from "../../telemetry/mod.ts";
import { describeName } from "../../x509/mod.ts";
import { lookAtCaStore } from "../cluster.ts";
import { describeTime } from "../inspect/words.ts";
import type { CommandHost } from "../port.ts";
import { lookAtFolder } from "./file.ts";
import { fault, guarded, type Look, ok, warning } from "./look.ts";

/** What the looks need of the world. */
export interface CertificateHost {
  /** Time. */
  readonly host: CommandHost;
  /** Key operations. */
  readonly crypto: CryptoProvider;
}

/** What was found, and whether the gRPC port over TLS would be bound. */
export interface CertificateLooks {
  /** One for each thing. */
  readonly looks: readonly Look[];
  /** False when there would be neither a CA nor a certificate. */
  readonly servesTls: boolean;
}

/** Looks at the CA, then at the certificate that it issues or that lies in files. */
export async function lookAtCertificates(
  config: Config,
  world: CertificateHost,
): Promise<CertificateLooks> {
  let ca: Ca | undefined;
  const caLooks = await guarded("CA", async () => {
    if (!config.ca.enabled) {
      return [ok("CA", config.signers?.workloads === undefined ? "off" : "off: signers sign")];
    }
    const opened = await openCa(config, world);
    ca = opened.ca;
    return [
      ok("CA", opened.detail),
      ...(config.ca.pluggedIn.fromCluster && ca.origin !== "plugged-in"
        ? [
          warning(
            "CA",
            `Secret ${config.kube?.namespace}/cacerts is copied first, when it is there`,
          ),
        ]
        : []),
      ...ca.remarks.map((remark) => warning("CA", remark)),
    ];
  });
  using kept = ca;
  if (config.ca.enabled && kept === undefined && config.cert.files === undefined) {
    const unknown = warning("own certificate", "not looked at: the CA comes first");
    return { looks: [...caLooks, unknown], servesTls: true };
  }
  let servesTls = config.ca.enabled || config.signers?.workloads !== undefined;
  const signers = await lookAtSigners(config, world);
  await using keptSigners = signers.signers;
  const certLooks = await guarded("own certificate", async () => {
    const report = await checkServerCert(config.cert, {
      ...{ ca: kept, crypto: world.crypto, clock: world.host.clock },
      signers: keptSigners,
    });
    servesTls ||= report.kind !== "none";
    return await describeServerCert(report);
  });
  return { looks: [...caLooks, ...signers.looks, ...certLooks], servesTls };
}

/** The roots of the signers that would be asked; nothing is asked. */
async function lookAtSigners(
  config: Config,
  { host, crypto }: CertificateHost,
): Promise<{ readonly looks: readonly Look[]; readonly signers: Signers | undefined }> {
  let signers: Signers | undefined;
  const looks = await guarded("signers", async () => {
    signers = await openSigners(config.signers, {
      ...{ crypto, clock: host.clock, logger: silentLogger(host) },
      kube: { askSigner: () => Promise.reject(new TypeError("A check asks no signer")) },
      meshCaCertificates: () => config.mesh.caCertificates,
    });
    if (signers?.workloads === undefined) return [];
    const count = signers.roots.length;
    const roots = count === 0
      ? [warning("signers", "no root of theirs is known: their own chains have to end in one")]
      : [];
    return [
      ok("signers", `workloads' certificates by ${signers.described}, ${count} roots`),
      ...roots,
    ];
  });
  return { looks, signers };
}

async function describeServerCert(
  { kind, described, notAfterMs, writeDirectory }: Awaited<ReturnType<typeof checkServerCert>>,
): Promise<readonly Look[]> {
  const about = "own certificate";
  if (kind === "none") return [warning(about, described)];
  const until = notAfterMs === undefined ? "" : `, valid until ${describeTime(notAfterMs)}`;
  const first = ok(about, `${kind === "signer" ? "would be " : ""}${described}${until}`);
  if (writeDirectory === undefined) return [first];
  const reason = await lookAtFolder(writeDirectory);
  const where = `would be written into ${writeDirectory}`;
  if (reason === undefined) return [first, ok(about, where)];
  const remedy = "make it writable, or set --writeServerCertFiles=false";
  return [first, fault(about, `${where}: ${reason}; ${remedy}`)];
}

function silentLogger({ clock }: CommandHost): Logger {
  return createLogger({ levels: { default: "none" }, json: false }, {
    clock,
    sink: () => undefined,
  });
}

/** The CA of the plugged-in folder or of the state directory; one in memory where the server would make one. */
async function openCa(
  config: Config,
  { host, crypto }: CertificateHost,
): Promise<{ readonly ca: Ca; readonly detail: string }> {
  const { clock } = host;
  const { ca, kube, stateDir } = config;
  const { directory, withCrl, skipGenerated } = ca.pluggedIn;
  const pluggedIn = directory === undefined
    ? undefined
    : pluggedInCa({ directory, withCrl, skipGenerated });
  if (pluggedIn !== undefined) await checkPluggedIn(pluggedIn, { clock, crypto });
  const logger = silentLogger(host);
  const world = { clock, crypto, logger };
  using cluster = await openCluster(kube?.access, { clock });
  const store = await lookAtCaStore(config, { cluster, pluggedIn, stateDir });
  try {
    const loaded = await createCa({ ...ca, whenMissing: "fail" }, {
      ...{ ...world, store },
      ...(pluggedIn && { pluggedIn }),
    });
    const { subject, notAfterMs } = loaded.bundle.caCertificate;
    const name = describeName(subject);
    const detail = `${name} of ${loaded.location}, valid until ${describeTime(notAfterMs)}`;
    return { ca: loaded, detail };
  } catch (thrown) {
    if (!isSignetError(thrown, "ca.not_ready")) throw thrown;
    const made = await createCa(ca, { ...world, store: memoryCaStore() });
    return {
      ca: made,
      detail: `a new root O=${ca.trustDomain} would be made in ${store.location}`,
    };
  }
}
