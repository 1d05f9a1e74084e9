/**
 * A kubeconfig (`kind: Config` of `v1`) to a {@linkcode KubeAccess}: the current context, its cluster and its user.
 *
 * What signet cannot do as it is asked is refused, never gone past: programs for credentials (it may start none), servers whose
 * certificate is not checked or is checked for another name, proxies, and acting as somebody else.
 */
import { parse } from "yaml";
import { fromUtf8, messageOf, quote, SignetError } from "../base/mod.ts";
import type { KubeAccess, TextSource } from "./port.ts";

/** A kubeconfig of many clusters has some ten kilobytes. */
export const MAX_KUBECONFIG_CHARS = 1 << 20;

/** Fields of a cluster that would have to be obeyed. */
const CLUSTER_REFUSALS: Readonly<Record<string, string>> = {
  "insecure-skip-tls-verify":
    "the server's certificate is always checked; name its root by certificate-authority",
  "tls-server-name": "the server's certificate is checked for the host of its URL alone",
  "proxy-url": "no proxy is used; name a server that can be reached",
};
/** Fields of a user that would have to be obeyed. */
const USER_REFUSALS: Readonly<Record<string, string>> = {
  exec: "signet may start no program; give it a token, a tokenFile or a client certificate",
  "auth-provider":
    "signet has no plug-ins for credentials; give it a token, a tokenFile or a client certificate",
  username: "API servers take no passwords any more; give it a token or a client certificate",
  as: "signet acts as itself alone; give it credentials of its own",
};

type Fields = Readonly<Record<string, unknown>>;

/**
 * Reads a kubeconfig.
 *
 * @param path where the text was read: for messages, and for the relative paths in it.
 * @throws {SignetError} `kube.bad_config`, never with a credential in it.
 */
export function parseKubeconfig(text: string, path: string): KubeAccess {
  const document = parseYaml(text, path);
  const contextName = textField(document, "current-context", path);
  if (contextName === "") throw bad(path, "it has no current-context");
  const context = entry(document, { list: "contexts", name: contextName, inner: "context" }, path);
  const clusterName = textField(context, "cluster", path);
  const cluster = entry(document, { list: "clusters", name: clusterName, inner: "cluster" }, path);
  const userName = textField(context, "user", path);
  const user = userName === ""
    ? {}
    : entry(document, { list: "users", name: userName, inner: "user" }, path);
  refuse(cluster, CLUSTER_REFUSALS, `cluster ${quote(clusterName)}`, path);
  refuse(user, USER_REFUSALS, `user ${quote(userName)}`, path);
  return {
    server: serverOf(cluster, path),
    from: `kubeconfig ${path}`,
    ca: source(cluster, "certificate-authority", path),
    client: clientOf(user, userName, path),
    token: tokenOf(user, path),
  };
}

function parseYaml(text: string, path: string): Fields {
  if (text.length > MAX_KUBECONFIG_CHARS) {
    throw bad(path, `it has more than ${MAX_KUBECONFIG_CHARS} characters`);
  }
  let document: unknown;
  try {
    document = parse(text, { maxAliasCount: 100 });
  } catch {
    // A parser's message would repeat a piece of the text, which has credentials in it.
    throw bad(path, "it is not YAML");
  }
  const fields = asFields(document);
  if (fields === undefined) throw bad(path, "it should be a mapping of kind Config");
  return fields;
}

function asFields(value: unknown): Fields | undefined {
  return typeof value === "object" && value !== null && !Array.isArray(value)
    ? value as Fields
    : undefined;
}

/** The inner mapping of the entry `name` of a list: `{ name, cluster: {...} }`. */
function entry(
  document: Fields,
  { list, name, inner }: { readonly list: string; readonly name: string; readonly inner: string },
  path: string,
): Fields {
  const entries = document[list];
  const found = (Array.isArray(entries) ? entries : []).map(asFields)
    .find((one) => one?.["name"] === name);
  const fields = asFields(found?.[inner]);
  if (fields !== undefined) return fields;
  throw bad(path, `${list} has no ${inner} ${quote(name)}`);
}

function refuse(fields: Fields, refusals: Fields, what: string, path: string): void {
  for (const [name, why] of Object.entries(refusals)) {
    const value = fields[name];
    if (value === undefined || value === null || value === false || value === "") continue;
    throw bad(path, `${what} has ${name}: ${why}`);
  }
}

function serverOf(cluster: Fields, path: string): string {
  const server = textField(cluster, "server", path);
  const url = URL.parse(server);
  if (url !== null && (url.username !== "" || url.password !== "" || /[?#]/.test(server))) {
    // What it is must not be told: a password stands in it.
    throw bad(path, "server has a user, a query or a fragment in its URL, should have none");
  }
  const isLoopback = url !== null && /^(localhost|127\.[\d.]+|\[::1\])$/.test(url.hostname);
  if (url?.protocol === "https:" || (url?.protocol === "http:" && isLoopback)) {
    return url.href.replace(/\/+$/, "");
  }
  throw bad(path, `server is ${quote(server)}, should be an https URL, or http on this machine`);
}

function clientOf(user: Fields, name: string, path: string): KubeAccess["client"] {
  const cert = source(user, "client-certificate", path);
  const key = source(user, "client-key", path);
  if (cert === undefined && key === undefined) return undefined;
  if (cert !== undefined && key !== undefined) return { cert, key };
  throw bad(path, `user ${quote(name)} should have client-certificate and client-key, or neither`);
}

/** A file wins over a text, as for kubectl. */
function tokenOf(user: Fields, path: string): TextSource | undefined {
  const file = textField(user, "tokenFile", path);
  if (file !== "") return { kind: "file", path: resolvePath(file, path) };
  const text = textField(user, "token", path);
  return text === "" ? undefined : { kind: "text", text };
}

/** `name-data` in base64 wins over the file `name`. */
function source(fields: Fields, name: string, path: string): TextSource | undefined {
  const data = textField(fields, `${name}-data`, path);
  if (data !== "") {
    try {
      return { kind: "text", text: fromUtf8(Uint8Array.fromBase64(data)) };
    } catch (thrown) {
      throw bad(path, `${name}-data is not base64: ${messageOf(thrown)}`);
    }
  }
  const file = textField(fields, name, path);
  return file === "" ? undefined : { kind: "file", path: resolvePath(file, path) };
}

/** Relative to the folder of the kubeconfig. */
function resolvePath(file: string, path: string): string {
  if (file.startsWith("/")) return file;
  const folder = path.includes("/") ? path.slice(0, path.lastIndexOf("/")) : ".";
  return `${folder}/${file}`;
}

function textField(fields: Fields, name: string, path: string): string {
  const value = fields[name];
  if (value === undefined || value === null) return "";
  if (typeof value === "string") return value;
  throw bad(path, `${name} should be a text`);
}

function bad(path: string, what: string): SignetError {
  return new SignetError(
    "kube.bad_config",
    `Cannot use kubeconfig ${path} (--kubeconfig): ${what}`,
  );
}
