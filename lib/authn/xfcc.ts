/**
 * Certificates that a gateway has verified and tells of in the header `x-forwarded-client-cert` (istiod's XfccAuthenticator): for callers from
 * the addresses of gateways that are trusted, and from this machine.
 *
 * As in istiod the names of all hops are granted together: the gateway must be set to replace the header, not to append to it.
 */
import { type IpPrefix, parseIpAddress, parseIpPrefix, prefixHas } from "../base/mod.ts";
import { commonNameOf, parseXfcc } from "./forwarded_certificate.ts";
import { AUTH_SOURCE, type Authenticator, type AuthResult, type Credentials } from "./port.ts";

const HEADER = "x-forwarded-client-cert";
const HOST_PORT_REGEXP = /^(?:\[([^\]]*)\]|([^:]*)):\d+$/;
/** Always trusted, as in istiod. */
const LOOPBACK = ["127.0.0.0/8", "::1/128"].map((text) => parseIpPrefix(text)!);

/** Makes the authenticator for gateways at these prefixes. */
export function xfccAuthenticator(gateways: readonly IpPrefix[]): Authenticator {
  const trusted = [...LOOPBACK, ...gateways];
  return {
    type: "XfccAuthenticator",
    authenticate(credentials) {
      const [header = ""] = credentials.headerValues(HEADER);
      const caller = `caller from ${credentials.remoteAddress}`;
      if (header === "") return refuse(`${caller} does not have Xfcc header`);
      if (!isTrusted(credentials, trusted)) {
        return refuse(`${caller} is not in the trusted network. XfccAuthenticator can not be used`);
      }
      const elements = parseXfcc(header);
      if ("fault" in elements) return refuse(`error in parsing xfcc header: ${elements.fault}`);
      const identities = elements.flatMap(({ uris, dnsNames, subject }) => [
        ...uris,
        ...dnsNames,
        ...[commonNameOf(subject)].filter((name) => name !== undefined),
      ]);
      if (identities.length === 0) return refuse("the Xfcc header names nobody");
      return {
        ok: true,
        caller: {
          authSource: AUTH_SOURCE.clientCertificate,
          identities,
          credential: "a certificate that a gateway forwarded",
        },
      };
    },
  };
}

function isTrusted(
  { remoteAddress }: Pick<Credentials, "remoteAddress">,
  trusted: readonly IpPrefix[],
): boolean {
  const [, ipv6, ipv4] = HOST_PORT_REGEXP.exec(remoteAddress) ?? [];
  const octets = parseIpAddress((ipv6 ?? ipv4 ?? "").replace(/%.*$/, ""));
  return octets !== undefined && trusted.some((prefix) => prefixHas(prefix, octets));
}

function refuse(reason: string): AuthResult {
  return { ok: false, reason };
}
