/**
 * `istio.v1.auth.IstioCertificateService`: one function, called by the fast path and by Connect's handler alike.
 *
 * Order as istiod's: count, authenticate, impersonation, sign, build the chain, count the success; before and after authentication the
 * gates of `admission.ts`. A credential that can be spent is spent within signing, when nothing but the signature is left to do. The
 * response is the leaf, each
 * intermediate, and the whole root bundle as the last element (agents take the last element as their roots).
 */
import { Code, ConnectError } from "@connectrpc/connect";
import {
  authenticate,
  type Authenticator,
  type AuthorizeNode,
  type AuthOutcome,
  type Caller,
  type Credentials,
} from "../../authn/mod.ts";
import { type Clock, isSignetError, quote, SignetError } from "../../base/mod.ts";
import type { WorkloadSigner } from "../../ca/mod.ts";
import { EVENT, type Logger, METRIC, type Metrics } from "../../telemetry/mod.ts";
import type { Admission, Applicant } from "../admission.ts";
import { signingFailure, STATUS_MESSAGE } from "../status.ts";

/** A CreateCertificate request, decoded. */
export interface CreateCertificateRequest {
  /** The CSR in PEM. */
  readonly csr: string;
  /** Wanted lifetime in seconds; zero or less asks for the default. */
  readonly validityDuration: bigint;
  /** Metadata `ImpersonatedIdentity`; empty for none. */
  readonly impersonatedIdentity: string;
  /** Metadata `CertSigner`: which signer of the cluster is wanted, where those sign. Default: none. */
  readonly certSigner?: string;
}

/** The answer in its parts: the last two are the same for every caller, so the fast path keeps them encoded. */
export interface CreateCertificateAnswer {
  /** The leaf as PEM. */
  readonly leaf: string;
  /** Intermediates, each as PEM. */
  readonly chain: readonly string[];
  /** All roots as one PEM text. */
  readonly roots: string;
}

/** How the call itself is doing. */
export interface CallState {
  /** True when nobody waits for the answer any more. */
  isAbandoned(): boolean;
}

/** The service's function. @throws {ConnectError} with istiod's codes and texts. */
export type CreateCertificate = (
  request: CreateCertificateRequest,
  credentials: Credentials,
  call: CallState,
) => Promise<CreateCertificateAnswer>;

/** What the service needs. */
export interface CaServiceHost {
  /** Signs. */
  readonly ca: WorkloadSigner;
  /** Who may ask, in order. */
  readonly authenticators: readonly Authenticator[];
  /** For refusals and failures, whole reasons. */
  readonly logger: Logger;
  /** istiod's counters. */
  readonly metrics: Metrics;
  /** Who may ask now, and whose turn it is. */
  readonly admission: Admission;
  /** For the time that authenticating and issuing take. */
  readonly clock: Clock;
  /** Says whether a caller may be issued another's certificate. Default: nobody may. */
  readonly authorizeNode?: AuthorizeNode;
}

/** Who asks, for audit records: the address, and the credential's name when it has one. */
function nameOf({ credential }: Caller, { remoteAddress }: Credentials): string {
  return credential === undefined ? remoteAddress : `${remoteAddress} with ${credential}`;
}

/** Who asks; a caller who comes when too much is being checked is told when to come again. */
async function whoAsks(
  { authenticators, admission }: Pick<CaServiceHost, "authenticators" | "admission">,
  applicant: Applicant,
  credentials: Credentials,
): Promise<AuthOutcome> {
  try {
    return await authenticate(authenticators, credentials);
  } catch (thrown) {
    if (!isSignetError(thrown, "authn.overloaded")) throw thrown;
    return admission.turnAway(applicant);
  }
}

/** Spends a credential that can be spent on the key of the CSR, or ends the request. */
function redeemBeforeSigning(
  { redeem }: Caller,
): { readonly beforeSigning: (spki: Uint8Array) => Promise<void> } | undefined {
  return redeem && {
    async beforeSigning(spki) {
      const redemption = await redeem(spki);
      if (!redemption.ok) throw new SignetError("authn.refused", redemption.reason);
    },
  };
}

/** Turns refusals and failures into what the caller is told; the whole reason is counted and logged. */
interface Refusals {
  refuse(credentials: Credentials, reason: string, message: string): ConnectError;
  fail(credentials: Credentials, thrown: unknown): ConnectError;
}

function createRefusals(host: CaServiceHost): Refusals {
  const { metrics } = host;
  const logger = host.logger.scoped("ca");
  const refusals = metrics.counter(METRIC.authenticationFailureCount);
  return {
    refuse(credentials, reason, message) {
      refusals.inc();
      logger.warn(EVENT.authenticationFailed, "Failed to authenticate client", {
        peer: credentials.remoteAddress,
        reason,
      });
      return new ConnectError(message, Code.Unauthenticated);
    },
    fail(credentials, thrown) {
      const failure = signingFailure(thrown);
      metrics.counter(METRIC.csrSignErrCount, { error: failure.metric }).inc();
      const fields = { peer: credentials.remoteAddress, reason: failure.error.rawMessage };
      if (failure.callerAtFault) logger.info(EVENT.signingRefused, "Refused to sign", fields);
      else logger.error(EVENT.signingFailed, "Failed to sign", fields, thrown);
      return failure.error;
    },
  };
}

type Identify = (applicant: Applicant, credentials: Credentials) => Promise<Caller>;

/** Authentication, timed. */
function createIdentify(host: CaServiceHost, { refuse }: Refusals): Identify {
  const { admission, clock, metrics } = host;
  const accepting = metrics.histogram(METRIC.authenticationSeconds, { result: "accepted" });
  const refusing = metrics.histogram(METRIC.authenticationSeconds, { result: "refused" });
  return async (applicant, credentials) => {
    using _looking = admission.arrive(applicant);
    const calledMs = clock.monotonicMs();
    const outcome = await whoAsks(host, applicant, credentials);
    const seconds = (clock.monotonicMs() - calledMs) / 1000;
    (outcome.ok ? accepting : refusing).observe(seconds);
    if (!outcome.ok) throw refuse(credentials, outcome.reason, STATUS_MESSAGE.unauthenticated);
    return outcome.caller;
  };
}

/** The caller, or whoever it asks for and may. */
function createImpersonate(
  { authorizeNode }: CaServiceHost,
  { refuse }: Refusals,
): (
  caller: Caller,
  request: CreateCertificateRequest,
  credentials: Credentials,
) => Caller {
  return (caller, { impersonatedIdentity: wanted }, credentials) => {
    if (wanted === "") return caller;
    const reason = `impersonation of ${quote(wanted)} is not enabled`;
    const verdict = authorizeNode?.(caller, wanted, credentials) ?? { ok: false, reason };
    if (!verdict.ok) throw refuse(credentials, verdict.reason, STATUS_MESSAGE.impersonation);
    return { ...caller, identities: [verdict.identity] };
  };
}

type Sign = (
  request: CreateCertificateRequest,
  credentials: Credentials,
  caller: Caller,
) => Promise<CreateCertificateAnswer>;

/** From a CSR to the answer, timed. */
function createSign(host: CaServiceHost, { refuse, fail }: Refusals): Sign {
  const { ca, clock, metrics } = host;
  const successes = metrics.counter(METRIC.successCount);
  const issuance = metrics.histogram(METRIC.issuanceSeconds);
  return async (request, credentials, caller) => {
    const startedMs = clock.monotonicMs();
    try {
      const issued = await ca.sign({
        csrPem: request.csr,
        identities: caller.identities,
        requestedTtlSeconds: request.validityDuration,
        caller: nameOf(caller, credentials),
        ...(request.certSigner && { certSigner: request.certSigner }),
        ...redeemBeforeSigning(caller),
      });
      successes.inc();
      return {
        leaf: issued.certificatePem,
        chain: issued.bundle.chainPems,
        roots: issued.bundle.rootCertsPem,
      };
    } catch (thrown) {
      if (isSignetError(thrown, "authn.refused")) {
        throw refuse(credentials, thrown.message, STATUS_MESSAGE.unauthenticated);
      }
      throw fail(credentials, thrown);
    } finally {
      issuance.observe((clock.monotonicMs() - startedMs) / 1000);
    }
  };
}

/** Makes the function of the service. */
export function createCertificateService(host: CaServiceHost): CreateCertificate {
  const { admission } = host;
  const requests = host.metrics.counter(METRIC.csrCount);
  const refusals = createRefusals(host);
  const identify = createIdentify(host, refusals);
  const sign = createSign(host, refusals);
  const impersonate = createImpersonate(host, refusals);
  return async (request, credentials, call) => {
    requests.inc();
    const applicant = {
      remoteAddress: credentials.remoteAddress,
      hasCertificate: credentials.peer !== undefined,
      bytes: request.csr.length,
    };
    const caller = impersonate(await identify(applicant, credentials), request, credentials);
    const turn = admission.enter(applicant, caller.identities[0]!);
    if (turn !== undefined) await turn;
    try {
      // A caller that gave up while it waited has asked again elsewhere: signing for it would only keep others waiting.
      if (turn !== undefined && call.isAbandoned()) {
        throw new ConnectError("the caller has gone", Code.Canceled);
      }
      return await sign(request, credentials, caller);
    } finally {
      admission.leave();
    }
  };
}
