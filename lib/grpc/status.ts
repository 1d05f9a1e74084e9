/**
 * From error codes to gRPC statuses: the one table of this edge.
 * A code that is not a refusal of the caller's making becomes INTERNAL without detail; the cause goes to the log.
 */
import { Code, ConnectError } from "@connectrpc/connect";
import { type ErrorCode, isSignetError } from "../base/mod.ts";

/** istiod's texts for refusals; clients and their logs know them. */
export const STATUS_MESSAGE = {
  unauthenticated: "request authenticate failure",
  impersonation: "request impersonation authentication failure",
} as const;

type CaErrorCode = Extract<ErrorCode, `ca.${string}`>;

const CA_STATUS = {
  "ca.not_ready": { code: Code.Internal, metric: "CA_NOT_READY" },
  "ca.csr_error": { code: Code.InvalidArgument, metric: "CSR_ERROR" },
  "ca.ttl_error": { code: Code.InvalidArgument, metric: "TTL_ERROR" },
  "ca.cert_gen_error": { code: Code.Internal, metric: "CERT_GEN_ERROR" },
} as const satisfies Record<CaErrorCode, { readonly code: Code; readonly metric: string }>;

/** A signing failure as the caller sees it, with the label of istiod's error counter. */
export interface SigningFailure {
  /** What goes on the wire. */
  readonly error: ConnectError;
  /** Label `error` of `citadel_server_csr_sign_err_count`. */
  readonly metric: string;
  /** True when the caller's own input is at fault: logged as information, not as an error. */
  readonly callerAtFault: boolean;
}

/** Translates whatever the CA threw. Detail that is not the caller's concern stays in `cause`, which never reaches the wire. */
export function signingFailure(thrown: unknown): SigningFailure {
  if (isSignetError(thrown) && thrown.code in CA_STATUS) {
    const { code, metric } = CA_STATUS[thrown.code as CaErrorCode];
    const error = new ConnectError(
      `CSR signing error (${thrown.message})`,
      code,
      undefined,
      undefined,
      thrown,
    );
    return { error, metric, callerAtFault: code === Code.InvalidArgument };
  }
  const error = new ConnectError(
    "CSR signing error (internal error)",
    Code.Internal,
    undefined,
    undefined,
    thrown,
  );
  return { error, metric: "UNKNOWN", callerAtFault: false };
}

/** The name of a gRPC code as grpc-go's metrics spell it. */
export function codeName(code: Code | 0): string {
  return code === 0 ? "OK" : Code[code] ?? "Unknown";
}
