/**
 * A plugged-in CA on disk: which of istiod's two forms the directory has, whether all of it is there, and its texts.
 *
 * Names are looked at without following links, so that a link into nothing (a Secret of Kubernetes that went away) is a file that cannot
 * be read, and not a file that nobody meant.
 */
import { resolve } from "node:path";
import { messageOf, SignetError } from "../../base/mod.ts";
import type { CaSetPaths, PluggedInCa, PluggedInForm, PluggedInSet } from "../port.ts";

/** A PEM file of a CA is a few kilobytes, a CRL in a Secret or ConfigMap at most a mebibyte. */
const MAX_FILE_BYTES = 1 << 20;

type FileNames = CaSetPaths;

/** istiod's names. */
const ISTIO_FILES: FileNames = {
  caCertPem: "ca-cert.pem",
  caKeyPem: "ca-key.pem",
  rootCertPem: "root-cert.pem",
  certChainPem: "cert-chain.pem",
};
/** Names of a Kubernetes TLS Secret; the chain is the certificate and the root. */
const TLS_FILES: FileNames = {
  caCertPem: "tls.crt",
  caKeyPem: "tls.key",
  rootCertPem: "ca.crt",
  certChainPem: "tls.crt",
};
const CRL_FILE = "ca-crl.pem";
/** Marks a Secret `cacerts` that a server made itself. */
const GENERATED_FILE = "istio-generated";

/** What to read. */
export interface PluggedInOptions {
  /** The directory; relative to the working directory. */
  readonly directory: string;
  /** False leaves `ca-crl.pem` unread. */
  readonly withCrl: boolean;
  /** True leaves alone a directory that says that a server generated it: the CA is then kept elsewhere. Default: false. */
  readonly skipGenerated?: boolean;
}

/** The CA of a directory, read anew at each call. */
export function pluggedInCa(
  { directory, withCrl, skipGenerated = false }: PluggedInOptions,
): PluggedInCa {
  const location = resolve(directory);
  return {
    location,
    async read() {
      const names = await namesIn(location);
      if (skipGenerated && names.has(GENERATED_FILE)) return undefined;
      const form = formOf(names);
      if (form === undefined) return undefined;
      checkComplete(location, form, names);
      return await readSet(location, form, {
        crl: withCrl && form === "istio" && names.has(CRL_FILE),
      });
    },
  };
}

async function namesIn(location: string): Promise<ReadonlySet<string>> {
  const names = new Set<string>();
  try {
    for await (const entry of Deno.readDir(location)) names.add(entry.name);
  } catch (thrown) {
    if (thrown instanceof Deno.errors.NotFound) return names;
    throw unreadable(location, thrown);
  }
  return names;
}

/** `tls.crt` decides, as in istiod; its key or root alone is an incomplete set of that form, and not a reason to make another CA. */
function formOf(names: ReadonlySet<string>): PluggedInForm | undefined {
  const has = (files: FileNames) => Object.values(files).some((name) => names.has(name));
  if (names.has(TLS_FILES.caCertPem)) return "tls";
  if (has(ISTIO_FILES)) return "istio";
  return has(TLS_FILES) ? "tls" : undefined;
}

function filesOf(form: PluggedInForm): FileNames {
  return form === "istio" ? ISTIO_FILES : TLS_FILES;
}

function checkComplete(location: string, form: PluggedInForm, names: ReadonlySet<string>): void {
  const wanted = [...new Set(Object.values(filesOf(form)))];
  const missing = wanted.filter((name) => !names.has(name));
  if (missing.length === 0) return;
  const present = wanted.filter((name) => names.has(name));
  const plural = missing.length > 1;
  throw new SignetError(
    "store.incomplete",
    `Cannot create CA: failed to create an istiod CA: incomplete signing CA bundle detected: ${location} has ${
      present.join(", ")
    }, but ${missing.join(", ")} ${plural ? "are" : "is"} missing; add ${
      plural ? "them" : "it"
    }, or take the directory away (ROOT_CA_DIR)`,
  );
}

async function readSet(
  location: string,
  form: PluggedInForm,
  { crl }: { readonly crl: boolean },
): Promise<PluggedInSet> {
  const names = filesOf(form);
  const path = (name: string) => `${location}/${name}`;
  const read = (key: keyof CaSetPaths) => readText(path(names[key]));
  const caCertPem = await read("caCertPem");
  const rootCertPem = await read("rootCertPem");
  return {
    form,
    caCertPem,
    caKeyPem: await read("caKeyPem"),
    rootCertPem,
    certChainPem: form === "istio" ? await read("certChainPem") : joinPem(caCertPem, rootCertPem),
    crlPem: crl ? await readText(path(CRL_FILE)) : undefined,
    paths: {
      caCertPem: path(names.caCertPem),
      caKeyPem: path(names.caKeyPem),
      rootCertPem: path(names.rootCertPem),
      certChainPem: path(names.certChainPem),
    },
    crlPath: path(CRL_FILE),
  };
}

/** istiod joins without a newline, which breaks the armor of a file that does not end with one. */
function joinPem(first: string, second: string): string {
  return first === "" || first.endsWith("\n") ? first + second : `${first}\n${second}`;
}

async function readText(path: string): Promise<string> {
  try {
    const { size, isFile } = await Deno.stat(path);
    if (!isFile) {
      throw new SignetError("store.corrupt", `Cannot read ${path}: it should be a file`);
    }
    if (size > MAX_FILE_BYTES) {
      throw new SignetError(
        "store.corrupt",
        `Cannot read ${path}: it has ${size} bytes, should have at most ${MAX_FILE_BYTES}`,
      );
    }
    return await Deno.readTextFile(path);
  } catch (thrown) {
    if (thrown instanceof SignetError) throw thrown;
    throw unreadable(path, thrown);
  }
}

function unreadable(path: string, cause: unknown): SignetError {
  return new SignetError(
    "store.unreadable",
    `Cannot read ${path}: ${messageOf(cause)}; make it readable, or name another ROOT_CA_DIR`,
    { cause },
  );
}
