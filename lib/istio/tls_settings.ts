/** TLS of clients (`ClientTLSSettings`) and of servers (`ServerTLSSettings`), and the rules of each mode. */
import { list, object } from "./schema/collection.ts";
import { below, type Cursor, fault, repeatsOf, type ValueOf, warn } from "./schema/port.ts";
import { choice, flag, nullable, text } from "./schema/scalar.ts";

/** `tls` of a traffic policy. */
export const CLIENT_TLS = object({
  mode: choice("DISABLE", "SIMPLE", "MUTUAL", "ISTIO_MUTUAL"),
  clientCertificate: text(),
  privateKey: text(),
  caCertificates: text(),
  credentialName: text(),
  subjectAltNames: list(text()),
  sni: text(),
  insecureSkipVerify: nullable(flag()),
  caCrl: text(),
});

/** TLS of a client. */
export type ClientTls = NonNullable<ValueOf<typeof CLIENT_TLS>>;

const TLS_VERSION = choice("TLS_AUTO", "TLSV1_0", "TLSV1_1", "TLSV1_2", "TLSV1_3");
/** `tls` of a server of a Gateway and of an ingress listener of a Sidecar. */
export const SERVER_TLS = object({
  httpsRedirect: flag(),
  mode: choice(
    ...["PASSTHROUGH", "SIMPLE", "MUTUAL", "AUTO_PASSTHROUGH", "ISTIO_MUTUAL"] as const,
    "OPTIONAL_MUTUAL",
  ),
  serverCertificate: text(),
  privateKey: text(),
  caCertificates: text(),
  caCrl: text(),
  credentialName: text(),
  credentialNames: list(text(), { min: 1, max: 2 }),
  caCertCredentialName: text(),
  tlsCertificates: list(
    object({ serverCertificate: text(), privateKey: text(), caCertificates: text() }),
    { min: 1, max: 2 },
  ),
  subjectAltNames: list(text()),
  verifyCertificateSpki: list(text()),
  verifyCertificateHash: list(text()),
  minProtocolVersion: TLS_VERSION,
  maxProtocolVersion: TLS_VERSION,
  cipherSuites: list(text()),
  insecureSkipVerify: nullable(flag()),
}, { oneOf: [["credentialName", "credentialNames"], ["credentialNames", "tlsCertificates"]] });

/** TLS of a server. */
export type ServerTls = NonNullable<ValueOf<typeof SERVER_TLS>>;

const CONFIG_MAP_PREFIX = "configmap://";
/** Cipher suites that Envoy's TLS knows. */
const CIPHER_SUITES = new Set([
  ...["AES128-GCM-SHA256", "AES256-GCM-SHA384", "CHACHA20-POLY1305", "AES128-SHA", "AES256-SHA"]
    .flatMap((suite) => [`ECDHE-ECDSA-${suite}`, `ECDHE-RSA-${suite}`]),
  ...["AES128-GCM-SHA256", "AES256-GCM-SHA384", "AES128-SHA", "AES256-SHA", "DES-CBC3-SHA"],
]);

/** The rules of a client's TLS; `namespace` is that of the document. */
export function checkClientTls(
  tls: ClientTls | undefined,
  at: Cursor,
  { namespace }: { readonly namespace: string },
): void {
  if (tls === undefined) return;
  const { mode, credentialName } = tls;
  const isOwn = mode === "SIMPLE" || mode === "MUTUAL";
  fault(below(at, "credentialName"), configMapFault(credentialName, namespace));
  checkSkippedVerification(tls, at);
  if (isOwn && credentialName !== "") {
    const given = ([...CLIENT_FILES, "caCrl"] as const).find((field) => tls[field] !== "");
    if (given !== undefined) {
      fault(
        below(at, given),
        "cannot specify client certificates or CA certificate or CA CRL If credentialName is set",
      );
    }
    return;
  }
  if (mode !== "MUTUAL") return;
  if (tls.clientCertificate === "") {
    fault(below(at, "clientCertificate"), "client certificate required for mutual tls");
  }
  if (tls.privateKey === "") {
    fault(below(at, "privateKey"), "private key required for mutual tls");
  }
}

const CLIENT_FILES = ["clientCertificate", "caCertificates", "privateKey"] as const;

function configMapFault(credentialName: string, namespace: string): string | undefined {
  if (!credentialName.startsWith(CONFIG_MAP_PREFIX)) return undefined;
  const [of = "", name = ""] = credentialName.slice(CONFIG_MAP_PREFIX.length).split("/");
  if (of === "" || name === "") {
    return "invalid configmap:// credentialName: expected configmap://namespace/name";
  }
  return of === namespace
    ? undefined
    : `invalid configmap:// credentialName: namespace must match the configuration namespace "${namespace}"`;
}

function checkSkippedVerification(tls: ClientTls, at: Cursor): void {
  if (tls.insecureSkipVerify !== true) return;
  const hasRoots = tls.caCertificates !== "" || tls.subjectAltNames.length > 0;
  const place = below(at, "insecureSkipVerify");
  if (tls.mode === "SIMPLE" && (hasRoots || tls.credentialName !== "")) {
    fault(
      place,
      "cannot specify CaCertificates or CredentialName or SubjectAltNames when InsecureSkipVerify is set true",
    );
  } else if (tls.mode === "MUTUAL" && hasRoots) {
    fault(
      place,
      "cannot specify CaCertificates or SubjectAltNames when InsecureSkipVerify is set true",
    );
  }
}

/** The rules of a server's TLS. */
export function checkServerTls(tls: ServerTls | undefined, at: Cursor): void {
  if (tls === undefined) return;
  checkVersionsAndCiphers(tls, at);
  if (tls.mode === "ISTIO_MUTUAL") return checkIstioMutual(tls, at);
  const usesNames = tls.credentialName !== "" || tls.credentialNames.length > 0;
  const passes = tls.mode === "PASSTHROUGH" || tls.mode === "AUTO_PASSTHROUGH";
  const files = [tls.caCrl, tls.serverCertificate, tls.privateKey, tls.caCertificates];
  const hasFiles = files.some((file) => file !== "") || tls.tlsCertificates.length > 0;
  if (passes && (hasFiles || usesNames)) {
    warn(at, `${tls.mode} mode does not use certificates, they will be ignored`);
  }
  const sources = [
    tls.serverCertificate !== "" && tls.privateKey !== "",
    tls.credentialName !== "",
    tls.credentialNames.length > 0,
    tls.tlsCertificates.length > 0,
  ];
  if (sources.filter(Boolean).length > 1) {
    fault(
      at,
      "only one of credential_name, credential_names, server_certificate/private_key, tls_certificates should be specified",
    );
  }
  if (!passes && usesNames) return;
  if (!passes) checkOwnCertificates(tls, at);
  checkCrl(tls, at);
}

function checkCrl(tls: ServerTls, at: Cursor): void {
  if (tls.caCrl === "") return;
  if (tls.credentialName !== "") {
    fault(
      below(at, "caCrl"),
      "CRL is not supported with credentialName. CRL has to be specified in the credential",
    );
  }
  if (tls.mode === "SIMPLE") fault(below(at, "caCrl"), "CRL is not supported with SIMPLE TLS");
}

/** Mesh certificates come from the mesh. */
function checkIstioMutual(tls: ServerTls, at: Cursor): void {
  const own = {
    serverCertificate: "server certificate",
    privateKey: "private key",
    caCertificates: "CA bundle",
    tlsCertificates: "tlsCertificates",
    credentialName: "credentialName",
    credentialNames: "credentialNames",
  } as const;
  for (const field of Object.keys(own) as (keyof typeof own)[]) {
    if (tls[field].length === 0) continue;
    fault(below(at, field), `ISTIO_MUTUAL TLS cannot have associated ${own[field]}`);
  }
}

function checkOwnCertificates(tls: ServerTls, at: Cursor): void {
  const prefix = tls.mode === "SIMPLE" ? "SIMPLE TLS" : "MUTUAL TLS";
  if (tls.mode !== "SIMPLE" && tls.caCertificates === "") {
    fault(below(at, "caCertificates"), `${prefix} requires a client CA bundle`);
  }
  const pairs = tls.tlsCertificates.length > 0
    ? tls.tlsCertificates.map((pair, index) => ({ pair, of: below(at, "tlsCertificates", index) }))
    : [{ pair: tls, of: at }];
  for (const { pair, of } of pairs) {
    if (pair.serverCertificate === "") {
      fault(below(of, "serverCertificate"), `${prefix} requires a server certificate`);
    }
    if (pair.privateKey === "") {
      fault(below(of, "privateKey"), `${prefix} requires a private key`);
    }
  }
}

function checkVersionsAndCiphers(tls: ServerTls, at: Cursor): void {
  const isOld = tls.minProtocolVersion === "TLSV1_0" || tls.minProtocolVersion === "TLSV1_1";
  if (isOld && tls.cipherSuites.length === 0) {
    warn(
      below(at, "minProtocolVersion"),
      "TLS version below TLSV1_2 require setting compatible ciphers as by default they no longer include compatible ciphers.",
    );
  }
  const isKnown = (suite: string) =>
    suite === "" || suite === "ALL" || !/^[\p{L}\p{N}]/u.test(suite) || CIPHER_SUITES.has(suite);
  const unknown = [...new Set(tls.cipherSuites.filter((suite) => !isKnown(suite)))].sort();
  if (unknown.length > 0) {
    warn(below(at, "cipherSuites"), `ignoring invalid cipher suites: [${unknown.join(" ")}]`);
  }
  const repeats = repeatsOf(tls.cipherSuites);
  const again = tls.cipherSuites.filter((suite, index) => isKnown(suite) && repeats.has(index));
  const twice = [...new Set(again)].sort();
  if (twice.length > 0) {
    warn(below(at, "cipherSuites"), `ignoring duplicate cipher suites: [${twice.join(" ")}]`);
  }
}
