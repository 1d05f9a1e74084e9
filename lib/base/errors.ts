/**
 * The one error type of signet and the list of its codes.
 *
 * An error is thrown where the failure is understood and mapped once at each edge (gRPC status, HTTP status, exit code).
 * A message follows `Action: what is, what should be`: capital first, no period at the end.
 */

/** Every code a {@linkcode SignetError} can carry: `room.reason`. */
export type ErrorCode =
  // asn1: malformed DER or PEM
  | "asn1.truncated"
  | "asn1.trailing_bytes"
  | "asn1.bad_length"
  | "asn1.bad_tag"
  | "asn1.bad_value"
  | "asn1.too_deep"
  | "asn1.too_large"
  | "asn1.bad_pem"
  // x509: well-formed DER that breaks a rule of RFC 5280 or RFC 2986
  | "x509.bad_csr"
  | "x509.bad_certificate"
  | "x509.bad_crl"
  | "x509.bad_key"
  | "x509.bad_name"
  | "x509.bad_crl"
  | "x509.bad_extension"
  | "x509.bad_validity"
  | "x509.unsupported_algorithm"
  | "x509.untrusted"
  | "x509.expired"
  | "x509.not_yet_valid"
  // spiffe
  | "spiffe.bad_id"
  | "spiffe.bad_trust_domain"
  // crypto
  | "crypto.unsupported_algorithm"
  | "crypto.bad_key"
  | "crypto.bad_signature"
  | "crypto.unavailable"
  | "crypto.failed"
  // store: the state directory, and a CA that is plugged in
  | "store.locked"
  | "store.later_version"
  | "store.unreadable"
  | "store.corrupt"
  | "store.incomplete"
  | "store.refused"
  | "store.exists"
  | "store.write_failed"
  // ca: the four kinds of istiod's signing error
  | "ca.not_ready"
  | "ca.csr_error"
  | "ca.ttl_error"
  | "ca.cert_gen_error"
  // authn
  | "authn.refused"
  | "authn.overloaded"
  | "authn.issuer_unreachable"
  | "authn.bad_own_token"
  // server_cert
  | "server_cert.bad_files"
  | "server_cert.bad_provider"
  | "server_cert.unavailable"
  // tls
  | "tls.bad_options"
  | "tls.peer_refused"
  // http2: connection and stream errors of RFC 9113
  | "http2.connection_error"
  | "http2.stream_error"
  | "http2.bad_hpack"
  | "http2.misuse"
  // transport
  | "transport.bind_failed"
  | "transport.connect_failed"
  | "transport.bad_request"
  | "transport.closed"
  | "transport.timeout"
  // config
  | "config.bad_flag"
  | "config.bad_value"
  | "config.unreadable"
  // dns: malformed messages and names, upstream servers
  | "dns.bad_message"
  | "dns.bad_name"
  | "dns.upstream_failed"
  // registry
  | "registry.unreadable"
  // kube: the API server of a Kubernetes cluster
  | "kube.bad_config"
  | "kube.unavailable"
  | "kube.refused"
  | "kube.bad_answer"
  | "kube.not_signed"
  // template: Go's text/template
  | "template.bad_syntax"
  | "template.failed"
  // inject: the injector's configuration, and pods that get no sidecar although they should
  | "inject.bad_config"
  | "inject.bad_template"
  | "inject.bad_yaml"
  | "inject.refused"
  // webhook: a configuration of the API server's that cannot be brought up to date
  | "webhook.not_ready"
  // commands
  | "commands.usage"
  | "commands.failed"
  | "commands.write_failed";

/** What an error carries beside its code and message. */
export interface SignetErrorOptions {
  /** The error that led to this one. */
  readonly cause?: unknown;
  /** Byte offset in the input, set by decoders. */
  readonly offset?: number;
  /** Facts for the log; never secrets. */
  readonly fields?: Readonly<Record<string, string | number | boolean>>;
}

/** A failure that signet understands. Anything else that is thrown is a bug or a failure of the platform. */
export class SignetError extends Error {
  /** Always `"SignetError"`. */
  override readonly name = "SignetError";
  /** The stable code; edges map it to a status. */
  readonly code: ErrorCode;
  /** Byte offset in the input, when a decoder threw. */
  readonly offset: number | undefined;
  /** Facts for the log. */
  readonly fields: Readonly<Record<string, string | number | boolean>>;

  /** Makes an error of the given code; see the module comment for the form of the message. */
  constructor(code: ErrorCode, message: string, options: SignetErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.code = code;
    this.offset = options.offset;
    this.fields = options.fields ?? {};
  }
}

/** Longest piece of a foreign string that a message or log line repeats. */
const MAX_QUOTED_CHARS = 200;

/** Quotes a string that came from outside for use in a message: JSON-escaped and cut at 200 characters. */
export function quote(text: string): string {
  return JSON.stringify(
    text.length > MAX_QUOTED_CHARS ? `${text.slice(0, MAX_QUOTED_CHARS)}...` : text,
  );
}

/** The message of anything that was thrown. */
export function messageOf(thrown: unknown): string {
  return thrown instanceof Error ? thrown.message : String(thrown);
}

/** True when `thrown` is a {@linkcode SignetError}, of one of `codes` when any are given. */
export function isSignetError(thrown: unknown, ...codes: ErrorCode[]): thrown is SignetError {
  return thrown instanceof SignetError && (codes.length === 0 || codes.includes(thrown.code));
}

/** Marks a place that an exhaustive switch cannot reach. */
export function unreachable(value: never): never {
  throw new TypeError(`Unreachable case: got ${quote(String(value))}`);
}
