/** The Go client of `tests/integration/go`, its answers typed, and the first identity that it calls with. */
import assert from "node:assert/strict";

import { run } from "./process.ts";
import { runSignet, type SignetServer } from "./server.ts";

/** How a call ended. */
export interface Outcome {
  /** gRPC's name of the code: `OK`, `Unauthenticated`, ... */
  readonly code: string;
  /** The code's number. */
  readonly codeNumber: number;
  /** The status message, when there is one. */
  readonly message?: string;
  /** What google.rpc.RetryInfo tells to wait. */
  readonly retryMs?: number;
}

/** What Go's crypto/x509 says of a chain and its leaf. */
export interface Verdict {
  readonly verified: boolean;
  readonly error?: string;
  readonly subject: string;
  readonly uris: readonly string[];
  readonly dnsNames: readonly string[];
  readonly ips: readonly string[];
  readonly notBefore: string;
  readonly notAfter: string;
  readonly serial: string;
  readonly publicKeyAlgorithm: string;
  readonly signatureAlgorithm: string;
  readonly keyUsage: number;
  readonly isCA: boolean;
  readonly subjectKeyId: string;
  readonly authorityKeyId: string;
  readonly chainLength: number;
}

/** What `caclient issue` prints. */
export interface Issued extends Outcome {
  readonly chain: readonly string[] | null;
  readonly verdict?: Verdict;
  readonly headers: Readonly<Record<string, readonly string[]>>;
  readonly trailers: Readonly<Record<string, readonly string[]>>;
}

/** What `caclient load` and `caclient churn` print. */
export interface Load {
  readonly count: number;
  readonly errors: number;
  readonly seconds: number;
  readonly perSecond: number;
  readonly p50us: number;
  readonly p99us: number;
  readonly codes: Readonly<Record<string, number>>;
  readonly example?: string;
}

/** What `caclient herd` prints; times run from a client's wish to its certificate, all attempts included. */
export interface Herd {
  readonly clients: number;
  readonly served: number;
  readonly attempts: number;
  readonly codes: Readonly<Record<string, number>>;
  readonly example?: string;
  readonly seconds: number;
  readonly p50ms: number;
  readonly p99ms: number;
  readonly maxms: number;
}

/** One connection of `caclient hostiletls`. */
export interface TlsAttempt {
  readonly tls: "1.2" | "1.3";
  readonly try: number;
  readonly served: boolean;
  readonly resumed: boolean;
  readonly health: Outcome;
  readonly issue: Outcome;
}

/** What `caclient hostiletls` prints. */
export interface HostileTls {
  readonly attempts: readonly TlsAttempt[];
  readonly anyServed: boolean;
  readonly anyResumed: boolean;
}

/** Files of an identity. */
export interface IdentityFiles {
  readonly cert: string;
  readonly key: string;
  readonly roots: string;
}

/** Runs a subcommand and gives what it printed; a client that could not do its work fails the test. */
export async function caclient<T>(
  path: string,
  args: readonly string[],
  options: { readonly timeoutMs?: number } = {},
): Promise<T> {
  const ran = await run(path, args, options);
  assert.equal(ran.code, 0, `caclient ${args[0]}: exit ${ran.code}: ${ran.stderr}`);
  return JSON.parse(ran.stdout) as T;
}

/** The identity that tests call with when they do not care. */
export const DEMO_IDENTITY = "spiffe://cluster.local/ns/default/sa/demo";

/** Makes a first identity with `signet issue`, out of the server's state directory. */
export async function issueIdentity(
  server: SignetServer,
  identity: string = DEMO_IDENTITY,
  name = "identity",
  keyType = "P-256",
): Promise<IdentityFiles> {
  const out = `${server.cwd}/${name}`;
  const state = ["--stateDir", server.stateDir];
  const args = ["issue", "--identity", identity, "--out", out, ...state, "--keyType", keyType];
  const ran = await runSignet(args, { cwd: server.cwd });
  assert.equal(ran.code, 0, `signet issue: exit ${ran.code}: ${ran.stdout}${ran.stderr}`);
  return { cert: `${out}/cert-chain.pem`, key: `${out}/key.pem`, roots: `${out}/root-cert.pem` };
}

/** caclient's flags for a TLS connection, with the identity's certificate unless there is none. */
export function tlsFlags(server: SignetServer, identity?: IdentityFiles): string[] {
  const base = ["-addr", server.addr("secureGrpc"), "-server-name", "localhost"];
  if (identity === undefined) return [...base, "-roots", server.rootFile];
  return [...base, "-roots", identity.roots, "-cert", identity.cert, "-key", identity.key];
}
