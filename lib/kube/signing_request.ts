/**
 * A certificate from a signer of the cluster (`certificates.k8s.io/v1` CertificateSigningRequest): asked for, approved, waited for, deleted.
 *
 * The watch begins at the version that approving brought, so that nothing is missed; one that ends or is cut leads to a look at the object.
 * What the signer denies or fails is told at once, which istiod waits a minute for.
 */
import { type Clock, fromUtf8, isSignetError, quote, SignetError, sleep } from "../base/mod.ts";
import { asObject, asText, metaOf, refusedStatus } from "./documents.ts";
import type { KubeClient, KubeDocument } from "./port.ts";

/** Time for a certificate, in milliseconds: istiod's. */
export const SIGNING_TIMEOUT_MS = 60_000;
/** Largest certificate with its chain; the API server would take some hundred kilobytes. */
export const MAX_CERTIFICATE_CHARS = 128 << 10;
/** Signers may not be asked for less than ten minutes (`spec.expirationSeconds`). */
export const MIN_EXPIRATION_SECONDS = 600;
const MAX_EXPIRATION_SECONDS = 2 ** 31 - 1;
/** Wait after a look that failed, in milliseconds. */
const RETRY_MS = 500;
/** Tries to approve an object that others changed meanwhile. */
const MAX_APPROVALS = 5;

/**
 * Requests that are asked at one time: each holds a stream of the connection that all of the API's are sent on, which has room for a hundred.
 */
export const MAX_ASKED = 32;
/** Requests that wait for their turn; callers beyond are turned away. */
export const MAX_WAITING = 256;

const LIST = "/apis/certificates.k8s.io/v1/certificatesigningrequests";

/** What is asked for. */
export interface SigningRequest {
  /** The CSR, PEM. */
  readonly csrPem: string;
  /** The signer: `domain/name`. */
  readonly signerName: string;
  /** Key usages, in Kubernetes' words: `digital signature`, `server auth`. */
  readonly usages: readonly string[];
  /** Wanted lifetime; `undefined` leaves it to the signer. */
  readonly expirationSeconds: number | undefined;
  /** Names that the certificate is for, for the words of the approval. */
  readonly names: readonly string[];
}

/** What asking needs of the world. */
export interface SigningHost {
  /** The API server. */
  readonly client: KubeClient;
  /** Time. */
  readonly clock: Clock;
  /** Told each request that could not be deleted; the cluster's own clean-up finds it within an hour. */
  readonly onLeftOver: (name: string, thrown: unknown) => void;
}

/** Asks signers, a few at a time and the others in their order. @throws {SignetError} as {@linkcode requestSigning}. */
export function createSigningQueue(
  host: SigningHost,
): (request: SigningRequest) => Promise<string> {
  const waiting: (() => void)[] = [];
  let asked = 0;
  return async (request) => {
    if (asked >= MAX_ASKED) {
      if (waiting.length >= MAX_WAITING) {
        throw notSigned(`${MAX_WAITING} other requests wait for their turn`);
      }
      await new Promise<void>((resolve) => waiting.push(resolve));
    } else asked++;
    try {
      return await requestSigning(request, host);
    } finally {
      const next = waiting.shift();
      if (next === undefined) asked--;
      else next();
    }
  };
}

/**
 * Has a certificate signed and gives what the signer wrote: PEM that nobody has looked at yet.
 *
 * @throws {SignetError} `kube.not_signed` when the signer denied or failed it or did nothing for a minute; `kube.*` of the requests.
 */
export async function requestSigning(
  request: SigningRequest,
  host: SigningHost,
): Promise<string> {
  const { client, clock } = host;
  const timeout = new AbortController();
  using _timer = clock.setTimer(SIGNING_TIMEOUT_MS, () => timeout.abort());
  const { signal } = timeout;
  const body = newRequest(request);
  const created = await client.request({ method: "POST", path: LIST, body, signal });
  const { name } = metaOf(created);
  try {
    const approved = await approve(created, request, { client, signal });
    return await untilSigned(approved, { client, clock, signal });
  } catch (thrown) {
    if (!signal.aborted) throw thrown;
    throw notSigned(`timeout when watching CSR ${name}`);
  } finally {
    await remove(name, host);
  }
}

function newRequest(request: SigningRequest): KubeDocument {
  const { csrPem, signerName, usages, expirationSeconds } = request;
  const seconds = expirationSeconds === undefined
    ? {}
    : { expirationSeconds: Math.min(expirationSeconds, MAX_EXPIRATION_SECONDS) };
  return {
    apiVersion: "certificates.k8s.io/v1",
    kind: "CertificateSigningRequest",
    metadata: { generateName: "csr-workload-" },
    spec: { request: btoa(csrPem), signerName, usages, ...seconds },
  };
}

interface Wait {
  readonly client: KubeClient;
  readonly signal: AbortSignal;
}

/** Puts the condition; what an approver of the cluster's said before is left as it is. */
async function approve(
  created: KubeDocument,
  { names }: SigningRequest,
  { client, signal }: Wait,
): Promise<KubeDocument> {
  let object = created;
  for (let tries = 1;; tries++) {
    const { name } = metaOf(object);
    if (conditionsOf(object).some(({ type }) => type === "Approved" || type === "Denied")) {
      return object;
    }
    const words = `CSR (${name}) for the certificate (${names.join(",")}) is approved`;
    const condition = { type: "Approved", status: "True", reason: words, message: words };
    const conditions = [...listOf(asObject(object["status"])["conditions"]), condition];
    const body = { ...object, status: { ...asObject(object["status"]), conditions } };
    try {
      const path = `${LIST}/${name}/approval`;
      return await client.request({ method: "PUT", path, body, signal });
    } catch (thrown) {
      if (refusedStatus(thrown) !== 409 || tries === MAX_APPROVALS) throw thrown;
      object = await client.request({ path: `${LIST}/${name}`, signal });
    }
  }
}

async function untilSigned(
  approved: KubeDocument,
  wait: Wait & { readonly clock: Clock },
): Promise<string> {
  let object = approved;
  for (;;) {
    const certificate = certificateOf(object);
    if (certificate !== undefined) return certificate;
    object = await nextState(object, wait);
  }
}

/** The object after its next change, or as it is when the watch brought none. */
async function nextState(
  object: KubeDocument,
  { client, clock, signal }: Wait & { readonly clock: Clock },
): Promise<KubeDocument> {
  const { name, resourceVersion } = metaOf(object);
  const query = { fieldSelector: `metadata.name=${name}`, resourceVersion };
  try {
    for await (const event of client.watch({ path: LIST, query, signal })) {
      if (event.type === "DELETED") throw notSigned(`CSR ${name} was deleted`);
      if (event.type === "ERROR") break;
      if (event.type !== "BOOKMARK") return event.object;
    }
    return await client.request({ path: `${LIST}/${name}`, signal });
  } catch (thrown) {
    if (signal.aborted || !isSignetError(thrown, "kube.unavailable")) throw thrown;
    await sleep(clock, RETRY_MS, { signal });
    return object;
  }
}

/** The certificate, when there is one. @throws {SignetError} `kube.not_signed` when there will be none. */
function certificateOf(object: KubeDocument): string | undefined {
  const { name } = metaOf(object);
  const refused = conditionsOf(object).find(({ type }) => type === "Denied" || type === "Failed");
  if (refused !== undefined) {
    const why = quote(refused.message || refused.reason);
    throw notSigned(`CSR ${name} is ${refused.type.toLowerCase()}: ${why}`);
  }
  const encoded = asText(asObject(object["status"])["certificate"]);
  if (encoded === "") return undefined;
  if (encoded.length > MAX_CERTIFICATE_CHARS) {
    throw notSigned(
      `CSR ${name} was answered with ${encoded.length} characters, at most ${MAX_CERTIFICATE_CHARS} are read`,
    );
  }
  try {
    return fromUtf8(Uint8Array.fromBase64(encoded));
  } catch {
    throw notSigned(`the certificate of CSR ${name} is not base64`);
  }
}

interface Condition {
  readonly type: string;
  readonly reason: string;
  readonly message: string;
}

function conditionsOf(object: KubeDocument): readonly Condition[] {
  return listOf(asObject(object["status"])["conditions"]).map(asObject).map((fields) => ({
    type: asText(fields["type"]),
    reason: asText(fields["reason"]),
    message: asText(fields["message"]),
  }));
}

function listOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}

/** In every case, also when nobody waits any more; a failure is told and goes no further. */
async function remove(name: string, { client, onLeftOver }: SigningHost): Promise<void> {
  try {
    await client.request({ method: "DELETE", path: `${LIST}/${name}` });
  } catch (thrown) {
    if (refusedStatus(thrown) !== 404) onLeftOver(name, thrown);
  }
}

function notSigned(what: string): SignetError {
  return new SignetError("kube.not_signed", `Cannot get certificate: ${what}`);
}
