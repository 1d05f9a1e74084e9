/**
 * Fetching an issuer's documents over HTTP: small JSON, in a bounded time, without redirects.
 *
 * HTTPS is checked against the runtime's own roots and the system's: the first file of {@linkcode SYSTEM_ROOT_FILES} that is there. The
 * executable has its runtime's roots fixed at compile time, and private issuers are known to the system alone.
 */
import { messageOf, quote, readText, SignetError } from "../base/mod.ts";

/** Time for a whole answer, in milliseconds. */
export const FETCH_TIMEOUT_MS = 5_000;
/** Largest document: a few dozen keys are some ten kilobytes. */
export const MAX_DOCUMENT_BYTES = 1 << 20;
/** Where systems keep the roots that they trust, as Go looks for them. */
export const SYSTEM_ROOT_FILES: readonly string[] = [
  "/etc/ssl/certs/ca-certificates.crt",
  "/etc/pki/tls/certs/ca-bundle.crt",
  "/etc/ssl/ca-bundle.pem",
  "/etc/pki/tls/cacert.pem",
  "/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem",
  "/etc/ssl/cert.pem",
];

/** Fetches documents; disposing closes its connections. */
export interface DocumentClient extends Disposable {
  /** Gets a JSON document. @throws {SignetError} `authn.issuer_unreachable`. */
  getJson(url: string, options: { readonly signal: AbortSignal }): Promise<unknown>;
}

/** Makes a {@linkcode DocumentClient}; `rootsFile` is read instead of the system's file when it is not empty. */
export async function createDocumentClient(rootsFile: string): Promise<DocumentClient> {
  const rootsPem = await readRoots(rootsFile);
  const client = Deno.createHttpClient(rootsPem === undefined ? {} : { caCerts: [rootsPem] });
  return {
    getJson: (url, { signal }) => getJson(url, client, signal),
    [Symbol.dispose]: () => client.close(),
  };
}

async function readRoots(rootsFile: string): Promise<string | undefined> {
  if (rootsFile !== "") return await readRootFile(rootsFile);
  for (const path of SYSTEM_ROOT_FILES) {
    try {
      return await Deno.readTextFile(path);
    } catch (thrown) {
      if (!(thrown instanceof Deno.errors.NotFound)) throw unreadable(path, thrown);
    }
  }
  return undefined;
}

async function readRootFile(path: string): Promise<string> {
  try {
    return await Deno.readTextFile(path);
  } catch (thrown) {
    throw unreadable(path, thrown);
  }
}

function unreadable(path: string, thrown: unknown): SignetError {
  return new SignetError("config.unreadable", `Cannot read roots ${path}: ${messageOf(thrown)}`, {
    cause: thrown,
  });
}

async function getJson(
  url: string,
  client: Deno.HttpClient,
  signal: AbortSignal,
): Promise<unknown> {
  try {
    const response = await fetch(url, {
      client,
      headers: { accept: "application/json" },
      redirect: "manual",
      signal: AbortSignal.any([signal, AbortSignal.timeout(FETCH_TIMEOUT_MS)]),
    });
    if (response.status !== 200) {
      await response.body?.cancel();
      throw new SignetError(
        "authn.issuer_unreachable",
        `Status is ${response.status}, should be 200`,
      );
    }
    return JSON.parse(
      await readText(response.body, { maxBytes: MAX_DOCUMENT_BYTES, fatal: true }),
    );
  } catch (thrown) {
    throw new SignetError(
      "authn.issuer_unreachable",
      `Cannot get ${quote(url)}: ${messageOf(thrown)}`,
      { cause: thrown },
    );
  }
}
