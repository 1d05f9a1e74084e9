/** One certificate from a server: asked for with what identifies the caller, checked, and put into the folder. */
import { type Clock, equalBytes, isSignetError, SignetError } from "../base/mod.ts";
import type { ListenAddress } from "../config/mod.ts";
import { type CryptoProvider, parsePrivateKeyPem, sha256 } from "../crypto/mod.ts";
import { type CertificateResponse, requestCertificate } from "../grpc/mod.ts";
import { connectHttp2 } from "../transport/mod.ts";
import {
  type Certificate,
  decodeCertificate,
  decodePem,
  EXT_KEY_USAGE,
  verifyChain,
} from "../x509/mod.ts";
import { type Joining, readRootsFile } from "./join.ts";
import { keepJoiningKey, keyFilePath, type KeyFiles, readKeyFile } from "./key_files.ts";
import { withinTime } from "./within_time.ts";
import { type KeyTypeName, makeWorkloadCsr } from "./workload_csr.ts";

const CONNECT_TIMEOUT_MS = 10_000;
/** Clocks of two machines differ; istiod backdates leaves by two minutes, so only the far side needs slack. */
const CLOCK_SLACK_MS = 60_000;

/** The certificate that a folder holds, with its key and the roots. */
export interface Identity {
  /** Private key, PEM. */
  readonly keyPem: string;
  /** Leaf and intermediates, PEM. */
  readonly certChainPem: string;
  /** Roots, PEM. */
  readonly rootsPem: string;
  /** The leaf. */
  readonly leaf: Certificate;
}

/** With what a server is asked. */
export interface Asker {
  /** Roots that it is checked against, PEM. */
  readonly rootsPem: string;
  /** Our certificate and key, and where they are; none with a token. */
  readonly identity: (Identity & { readonly directory: string }) | undefined;
  /** Names for the CSR, which the server reads for form alone. */
  readonly names: readonly string[];
  /** The bearer token. */
  readonly token?: string;
  /** The key to ask for; a new one when absent. */
  readonly keyPem?: string;
  /** Removes what was kept for asking again. */
  readonly forgetKey?: () => Promise<void>;
}

/**
 * Asks by mutual TLS with what a folder holds; roots of the file `ca` may have issued the server's certificate, too.
 *
 * @throws {SignetError} `commands.failed`, also when the folder's key is another certificate's.
 */
export async function askWithCertificate(
  directory: string,
  { ca, crypto }: { readonly ca: string; readonly crypto: CryptoProvider },
): Promise<Asker> {
  const identity = await readIdentity(directory);
  await checkPair(identity, directory, crypto);
  const more = ca === "" ? "" : await readRootsFile(ca);
  return {
    rootsPem: `${identity.rootsPem}\n${more}`,
    identity: { ...identity, directory },
    names: uriNames(identity.leaf),
  };
}

/** Asks with a token, for a key that is kept in the folder until its certificate has come. @throws {SignetError} `commands.write_failed`. */
export async function askWithToken(
  { rootsPem, token }: Joining,
  { out, keyType }: { readonly out: string; readonly keyType: KeyTypeName },
  crypto: CryptoProvider,
): Promise<Asker> {
  const make = async () => (await makeWorkloadCsr(crypto, { keyType, identities: [] })).keyPem;
  const { keyPem, forget } = await keepJoiningKey(out, keyType, make);
  return { rootsPem, identity: undefined, names: [], token, keyPem, forgetKey: forget };
}

/** What to ask for, and where. */
export interface ObtainRequest {
  /** Where the server is. */
  readonly addr: ListenAddress;
  /** The same as text, for `:authority`. */
  readonly authority: string;
  /** Name that the server's certificate must hold. */
  readonly serverName: string;
  /** Lifetime to ask for, milliseconds; 0 for the server's default. */
  readonly ttlMs: number;
  /** Kind of the new key. */
  readonly keyType: KeyTypeName;
}

/** What asking needs of the world. */
export interface ObtainHost {
  /** Time. */
  readonly clock: Clock;
  /** Makes the key, checks the answer. */
  readonly crypto: CryptoProvider;
  /** Ends the attempt. */
  readonly signal?: AbortSignal;
}

/** A new certificate and what goes into the folder with it. */
export interface Obtained {
  /** The leaf. */
  readonly leaf: Certificate;
  /** Key, chain and roots. */
  readonly files: KeyFiles;
}

/**
 * Makes a key, or takes the one that was kept, asks the server for its certificate, and checks the answer.
 *
 * @throws {SignetError} `transport.*`, `commands.failed` with the server's status, `x509.*` for an answer that does not verify.
 */
export async function obtainCertificate(
  asker: Asker,
  request: ObtainRequest,
  host: ObtainHost,
): Promise<Obtained> {
  try {
    return await obtain(asker, request, host);
  } catch (thrown) {
    throw withExpiry(thrown, asker, host.clock.nowMs());
  }
}

/** A server ends the connection of an expired certificate without a word: whoever has it says so. */
function withExpiry(thrown: unknown, { identity }: Asker, nowMs: number): unknown {
  if (!isSignetError(thrown) || identity === undefined || identity.leaf.notAfterMs >= nowMs) {
    return thrown;
  }
  const path = keyFilePath(identity.directory, "certChainPem");
  const ended = new Date(identity.leaf.notAfterMs).toISOString();
  return new SignetError(
    thrown.code,
    `${thrown.message}; ${path} has expired at ${ended}: get a first certificate again, with --tokenFile or by signet issue`,
    { cause: thrown },
  );
}

async function obtain(
  asker: Asker,
  request: ObtainRequest,
  { clock, crypto, signal }: ObtainHost,
): Promise<Obtained> {
  const { keyPem, csrPem } = await makeWorkloadCsr(crypto, {
    keyType: request.keyType,
    identities: asker.names,
    keyPem: asker.keyPem,
  });
  await using client = await connectHttp2({
    addr: request.addr,
    serverName: request.serverName,
    rootsPem: asker.rootsPem,
    checkServer: (chain) => checkServer(chain, asker.rootsPem, { clock, crypto }),
    identity: asker.identity,
    clock,
    timeoutMs: CONNECT_TIMEOUT_MS,
    ...(signal && { signal }),
  });
  const answer = await withinTime(
    requestCertificate(client, {
      csrPem,
      validitySeconds: BigInt(Math.floor(request.ttlMs / 1000)),
      authority: request.authority,
      ...(asker.token !== undefined && { bearerToken: asker.token }),
    }),
    { clock, what: "get certificate", where: request.authority },
  );
  const leaf = await checkAnswer(answer, { keyPem, crypto, nowMs: clock.nowMs() });
  return {
    leaf,
    files: { keyPem, certChainPem: answer.chainPems.join(""), rootCertPem: answer.rootsPem },
  };
}

/** The server chains to the roots that were given: the runtime may trust others beside them. */
async function checkServer(
  chain: readonly Uint8Array[],
  rootsPem: string,
  { clock, crypto }: ObtainHost,
): Promise<void> {
  try {
    const [leaf, ...intermediates] = chain.map((der) => decodeCertificate(der));
    if (leaf === undefined) throw new SignetError("x509.untrusted", "The server showed none");
    await verifyChain({
      leaf,
      intermediates,
      roots: decodeAll(rootsPem, "the roots for the server"),
      nowMs: clock.nowMs(),
      verifySignature: (publicKey, scheme, data, signature) =>
        crypto.verify(publicKey, scheme, data, signature),
    });
  } catch (thrown) {
    if (!isSignetError(thrown)) throw thrown;
    throw new SignetError(
      "transport.connect_failed",
      `Cannot trust the server's certificate: ${thrown.message}`,
      { cause: thrown },
    );
  }
}

/**
 * Reads a folder's key, chain and roots.
 *
 * @throws {SignetError} `commands.failed` when one is missing or no PEM.
 */
export async function readIdentity(directory: string): Promise<Identity> {
  const hint = "signet token create and --tokenFile, or signet issue, make the first certificate";
  const read = (key: keyof KeyFiles) => readKeyFile(keyFilePath(directory, key), hint);
  const certChainPem = await read("certChainPem");
  return {
    certChainPem,
    keyPem: await read("keyPem"),
    rootsPem: await read("rootCertPem"),
    leaf: firstCertificate(certChainPem, keyFilePath(directory, "certChainPem")),
  };
}

function firstCertificate(pem: string, where: string): Certificate {
  const [first] = decodeAll(pem, where);
  if (first === undefined) {
    throw new SignetError("commands.failed", `Cannot use ${where}: it holds no certificate`);
  }
  return first;
}

function decodeAll(pem: string, where: string): readonly Certificate[] {
  try {
    return decodePem(pem, { label: "CERTIFICATE" }).map(({ der }) => decodeCertificate(der));
  } catch (thrown) {
    if (!isSignetError(thrown)) throw thrown;
    throw new SignetError("commands.failed", `Cannot use ${where}: ${thrown.message}`, {
      cause: thrown,
    });
  }
}

/** The URI names of a certificate. */
export function uriNames(certificate: Certificate): readonly string[] {
  return certificate.subjectAltNames.filter(({ type }) => type === "uri").map(({ value }) => value);
}

/** SHA-256 of each root of a PEM text, for people and for comparing. */
export function describeRoots(rootsPem: string): string {
  const roots = decodePem(rootsPem, { label: "CERTIFICATE" });
  return roots.map(({ der }) => sha256(der).toHex()).join(" ");
}

/** A connection would end without a word of it. */
async function checkPair(
  { keyPem, leaf }: Identity,
  directory: string,
  crypto: CryptoProvider,
): Promise<void> {
  let reason = `it is not the key of ${keyFilePath(directory, "certChainPem")}`;
  try {
    if (await isKeyOf(keyPem, leaf, crypto)) return;
  } catch (thrown) {
    if (!isSignetError(thrown)) throw thrown;
    reason = thrown.message;
  }
  throw new SignetError(
    "commands.failed",
    `Cannot use ${
      keyFilePath(directory, "keyPem")
    }: ${reason}; get a first certificate again, with --tokenFile or by signet issue`,
  );
}

async function isKeyOf(
  keyPem: string,
  leaf: Certificate,
  crypto: CryptoProvider,
): Promise<boolean> {
  using key = await crypto.importPrivateKey(parsePrivateKeyPem(keyPem));
  return equalBytes(leaf.publicKey.spki, key.spki);
}

/** The certificate is for the key that was made, and chains to the roots that came with it. */
async function checkAnswer(
  { chainPems, rootsPem }: CertificateResponse,
  { keyPem, crypto, nowMs }: {
    readonly keyPem: string;
    readonly crypto: CryptoProvider;
    readonly nowMs: number;
  },
): Promise<Certificate> {
  const where = "the server's answer";
  const [leaf, ...intermediates] = decodeAll(chainPems.join(""), where);
  const roots = decodeAll(rootsPem, where);
  if (leaf === undefined || !await isKeyOf(keyPem, leaf, crypto)) {
    throw new SignetError(
      "commands.failed",
      `Cannot use ${where}: the certificate is not for the key that was sent`,
    );
  }
  await verifyChain({
    leaf,
    intermediates,
    roots,
    nowMs: Math.max(nowMs, Math.min(leaf.notBeforeMs, nowMs + CLOCK_SLACK_MS)),
    extKeyUsages: [EXT_KEY_USAGE.clientAuth],
    verifySignature: (publicKey, scheme, data, signature) =>
      crypto.verify(publicKey, scheme, data, signature),
  });
  return leaf;
}
