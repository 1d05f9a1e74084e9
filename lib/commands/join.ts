/**
 * The first certificate of a machine: a bearer token instead of a certificate, and a server that is known by a root's file or fingerprint
 * alone. No token is sent before the server has been verified.
 */
import { type Clock, messageOf, SignetError, utf8 } from "../base/mod.ts";
import { pathOption, textOption } from "../config/mod.ts";
import { sha256 } from "../crypto/mod.ts";
import { ROOTS_PATH } from "../grpc/mod.ts";
import { type Address, connectHttp2 } from "../transport/mod.ts";
import { decodePem, encodePem } from "../x509/mod.ts";
import { usageError } from "./errors.ts";
import { readKeyFile } from "./key_files.ts";
import { withinTime } from "./within_time.ts";

/** Longest token; those of identity providers are a few kilobytes. */
const MAX_TOKEN_CHARS = 64 << 10;
/** Time for the connection that fetches the roots, in milliseconds. */
const CONNECT_TIMEOUT_MS = 10_000;
const MAX_ROOTS_BYTES = 1 << 20;
const FINGERPRINT_REGEXP = /^[0-9a-f]{64}$/;

/** Options of a command that may join. */
export const JOIN_OPTIONS = {
  token: textOption({
    flag: "token",
    fallback: "",
    help: "ask with this bearer token instead of a certificate; --tokenFile keeps it from ps",
  }),
  tokenFile: pathOption({
    flag: "tokenFile",
    fallback: "",
    help: "file with the bearer token",
  }),
  ca: pathOption({
    flag: "ca",
    fallback: "",
    help:
      "file with the roots that the server is checked against; with a certificate, those beside it count too",
  }),
  caFingerprint: textOption({
    flag: "caFingerprint",
    fallback: "",
    help:
      "with a token: SHA-256 of the root that the server must chain to, as the server prints it at its start",
  }),
};

type JoinValues = Readonly<Record<keyof typeof JOIN_OPTIONS, string>>;

/** With what a machine joins. */
export interface Joining {
  /** The bearer token. */
  readonly token: string;
  /** Roots for the server, PEM. */
  readonly rootsPem: string;
}

/** How the server is reached. */
export interface JoinServer {
  /** Its address. */
  readonly addr: Address;
  /** Name in its certificate. */
  readonly serverName: string;
  /** Time. */
  readonly clock: Clock;
  /** Ends the attempt to reach it. */
  readonly signal?: AbortSignal;
}

/** The roots of `--ca`. @throws {SignetError} `commands.failed`. */
export function readRootsFile(path: string): Promise<string> {
  return readKeyFile(path, "give the file with the roots of the server's certificate");
}

/** Faults of the options that need no server to be seen. @throws {SignetError} `commands.usage`. */
export function checkJoinOptions(values: JoinValues, command: string): void {
  const faults = faultsOf(values);
  if (faults.length > 0) throw usageError(faults, command);
  if (values.caFingerprint !== "") parseFingerprint(values.caFingerprint, command);
}

/**
 * What the options say; `undefined` when they name no token.
 *
 * @throws {SignetError} `commands.usage` when the server could not be verified; `commands.failed`.
 */
export async function readJoining(
  values: JoinValues,
  server: JoinServer,
  command: string,
): Promise<Joining | undefined> {
  checkJoinOptions(values, command);
  if (values.token === "" && values.tokenFile === "") return undefined;
  const token = checkToken(values.token || await readKeyFile(values.tokenFile, "give a token"));
  const rootsPem = values.ca !== ""
    ? await readRootsFile(values.ca)
    : await fetchPinnedRoot(server, parseFingerprint(values.caFingerprint, command));
  return { token, rootsPem };
}

function faultsOf({ token, tokenFile, ca, caFingerprint }: JoinValues): readonly string[] {
  const joins = token !== "" || tokenFile !== "";
  const faults: string[] = [];
  if (token !== "" && tokenFile !== "") faults.push("--token and --tokenFile: give one of them");
  if (ca !== "" && caFingerprint !== "") faults.push("--ca and --caFingerprint: give one of them");
  if (joins && ca === "" && caFingerprint === "") {
    faults.push(
      "a token goes to a server that is verified: give its root with --ca FILE, or --caFingerprint with what the server printed at its start",
    );
  }
  if (!joins && caFingerprint !== "") {
    faults.push("--caFingerprint goes with --token or --tokenFile; with a certificate give --ca");
  }
  return faults;
}

/** A token is one word of visible ASCII; it is never repeated in a message. */
function checkToken(text: string): string {
  const token = text.trim();
  if (token.length <= MAX_TOKEN_CHARS && /^[\x21-\x7e]+$/.test(token)) return token;
  throw new SignetError(
    "commands.failed",
    `Cannot use the token: it has ${token.length} characters, should be one word of 1 to ${MAX_TOKEN_CHARS}`,
  );
}

function parseFingerprint(text: string, command: string): string {
  const hex = text.toLowerCase().replace(/^sha-?256[:\s]\s*/, "").replaceAll(":", "");
  if (FINGERPRINT_REGEXP.test(hex)) return hex;
  throw usageError([`--caFingerprint should be 64 hexadecimal digits, colons allowed`], command);
}

/** The root of that fingerprint, from the server itself over a connection that carries nothing secret. */
async function fetchPinnedRoot(
  { addr, serverName, clock, signal }: JoinServer,
  fingerprint: string,
): Promise<string> {
  await using client = await connectHttp2({
    ...{ addr, serverName, clock, timeoutMs: CONNECT_TIMEOUT_MS },
    rootsPem: undefined,
    identity: undefined,
    ...(signal && { signal }),
  });
  const authority = `${addr.hostname}:${addr.port}`;
  const { headers, body } = await withinTime(
    client.request(
      [
        [":method", "GET"],
        [":scheme", "https"],
        [":path", ROOTS_PATH],
        [":authority", authority],
      ],
      utf8(""),
      { maxBytes: MAX_ROOTS_BYTES },
    ),
    { clock, what: "get the server's roots", where: authority },
  );
  const where = `https://${addr.hostname}:${addr.port}${ROOTS_PATH}`;
  if (headers.get(":status") !== "200") {
    throw failed(
      where,
      `the server answered ${headers.get(":status")}; give its root with --ca FILE`,
    );
  }
  for (const der of certificates(new TextDecoder().decode(body), where)) {
    if (sha256(der).toHex() === fingerprint) return encodePem("CERTIFICATE", der);
  }
  throw failed(
    where,
    `none of its roots has the SHA-256 ${fingerprint}: another server answers there, or the root was replaced`,
  );
}

function certificates(pem: string, where: string): readonly Uint8Array[] {
  try {
    return decodePem(pem, { label: "CERTIFICATE" }).map(({ der }) => der);
  } catch (thrown) {
    throw failed(where, messageOf(thrown), thrown);
  }
}

function failed(where: string, what: string, cause?: unknown): SignetError {
  return new SignetError("commands.failed", `Cannot use the roots of ${where}: ${what}`, { cause });
}
