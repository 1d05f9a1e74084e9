/**
 * RequestAuthentication (`security.istio.io`): tokens that requests may bring, who issues them, where they stand.
 *
 * Checked as Istio does: an issuer or the address of its keys, keys that are ones, names of headers.
 */
import { type KindRule, SECURITY_VERSIONS, type SpecOf } from "../kind.ts";
import { list, object, type Raw } from "../schema/collection.ts";
import { below, type Cursor, fault, warn } from "../schema/port.ts";
import { duration, flag, text } from "../schema/scalar.ts";
import {
  checkOneTarget,
  checkPolicyTargets,
  POLICY_TARGETS,
  warnOfEmptySelector,
} from "../selector.ts";
import { jwksFault, privateKeys } from "./jwks.ts";
import { jwksUriFault } from "./jwks_uri.ts";

/** Longest key set that is read: some hundred keys. */
const MAX_JWKS_CHARS = 1 << 20;
const NAMED = text({ min: 1 });
const HEADER = text({
  min: 1,
  check: (name) =>
    name === "" || /^[-_A-Za-z0-9]+$/.test(name)
      ? undefined
      : `header name ${name} is not a valid header name`,
});

const JWT_RULE = object({
  issuer: NAMED,
  audiences: list(NAMED),
  jwksUri: text({ min: 1, max: 2048, check: jwksUriFault }),
  jwks: text({ max: MAX_JWKS_CHARS }),
  fromHeaders: list(object({ name: NAMED, prefix: text() }, { required: ["name"] })),
  fromParams: list(NAMED),
  fromCookies: list(NAMED),
  outputPayloadToHeader: text(),
  forwardOriginalToken: flag(),
  outputClaimToHeaders: list(
    object({ header: HEADER, claim: NAMED }, { required: ["header", "claim"] }),
  ),
  timeout: duration(),
  spaceDelimitedClaims: list(NAMED, { max: 64 }),
}, { aliases: { jwks_uri: "jwksUri" }, check: checkKeys });
const SPEC = object({ ...POLICY_TARGETS, jwtRules: list(JWT_RULE, { max: 4096 }) }, {
  check: checkOneTarget,
});

/** `spec` of a RequestAuthentication. */
export type RequestAuthentication = SpecOf<typeof SPEC>;
/** Tokens of one issuer. */
export type JwtRule = RequestAuthentication["jwtRules"][number];

function checkKeys(raw: Raw, at: Cursor): void {
  if (raw["jwks"] !== undefined && raw["jwksUri"] !== undefined) {
    fault(below(at, "jwks"), "only one of jwks or jwksUri can be set");
  }
}

/** What signet knows of RequestAuthentication. */
export const REQUEST_AUTHENTICATION: KindRule<RequestAuthentication> = {
  group: "security.istio.io",
  versions: SECURITY_VERSIONS,
  schema: SPEC,
  needsSpec: false,
  check(authentication, at) {
    checkPolicyTargets(authentication, at);
    if (authentication.selector !== undefined) {
      warnOfEmptySelector(authentication.selector.matchLabels, below(at, "selector"));
    }
    for (const [index, rule] of authentication.jwtRules.entries()) {
      const place = below(at, "jwtRules", index);
      if (rule.issuer === "" && rule.jwksUri === "") {
        fault(place, "issuer or jwksUri must be non-empty string");
      }
      if (rule.jwks === "") continue;
      fault(below(place, "jwks"), jwksFault(rule.jwks));
      for (const key of privateKeys(rule.jwks)) {
        warn(
          below(place, "jwks"),
          `jwks key at index ${key} contains private key material; only public keys are used for verification`,
        );
      }
    }
  },
};
