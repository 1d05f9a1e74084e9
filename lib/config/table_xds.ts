/** Options of the xDS server, under istiod's names. */
import { boolOption, durationOption, intOption } from "./option.ts";

const MINUTE_MS = 60_000;
const MAX_RATE = 100_000;

/** The xDS server. */
export const XDS_OPTIONS = {
  xdsAuth: boolOption({
    variable: "XDS_AUTH",
    fallback: "true",
    help: "xDS streams of the TLS port need a credential: client certificate or token",
  }),
  xdsAuthPlaintext: boolOption({
    variable: "XDS_AUTH_PLAINTEXT",
    fallback: "false",
    help: "those of the plaintext port need one, too",
  }),
  xdsIdentityCheck: boolOption({
    variable: "PILOT_ENABLE_XDS_IDENTITY_CHECK",
    fallback: "true",
    help: "a proxy must be of the namespace and service account that its credential names",
  }),
  xdsNewStreams: intOption({
    variable: "PILOT_MAX_REQUESTS_PER_SECOND",
    fallback: "0",
    help: "new xDS streams a second; 0 for 15 and 5 for each processor, at most 100",
  }, { min: 0, max: MAX_RATE }),
  debounceAfter: durationOption({
    variable: "PILOT_DEBOUNCE_AFTER",
    fallback: "100ms",
    help: "quiet time after a change before proxies are told",
  }, { minMs: 0, maxMs: MINUTE_MS }),
  debounceMax: durationOption({
    variable: "PILOT_DEBOUNCE_MAX",
    fallback: "10s",
    help: "longest time from a change until they are told",
  }, { minMs: 0, maxMs: 10 * MINUTE_MS }),
  pushThrottle: intOption({
    variable: "PILOT_PUSH_THROTTLE",
    fallback: "0",
    help:
      "proxies that are told before others get a turn; 0 for 15 and 5 for each processor, at most 100",
  }, { min: 0, max: MAX_RATE }),
  skipValidateTrustDomain: boolOption({
    variable: "PILOT_SKIP_VALIDATE_TRUST_DOMAIN",
    fallback: "false",
    help: "sidecars take clients of any trust domain that the mesh's roots vouch for",
  }),
} as const;
