/**
 * Certificates that a gateway has verified and tells of in the header `x-forwarded-client-cert` (istiod's XfccAuthenticator): for callers from
 * the addresses of gateways that are trusted, and from this machine.
 *
 * As in istiod the names of all hops are granted together: the gateway must be set to replace the header, not to append to it. A name is
 * issued again as what it is, while istiod makes a SPIFFE identity of any text that reads as one.
 */
import { type IpPrefix, parseIpAddress, parseIpPrefix, prefixHas, quote } from "../base/mod.ts";
import { SPIFFE_SCHEME } from "../spiffe/mod.ts";
import { commonNameOf, parseXfcc, type XfccElement } from "./forwarded_certificate.ts";
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
      const header = headerOf(credentials);
      const caller = `caller from ${credentials.remoteAddress}`;
      if (header === "") return refuse(`${caller} does not have Xfcc header`);
      if (!isTrusted(credentials, trusted)) {
        return refuse(`${caller} is not in the trusted network. XfccAuthenticator can not be used`);
      }
      const elements = parseXfcc(header);
      if ("fault" in elements) return refuse(`error in parsing xfcc header: ${elements.fault}`);
      return accept(elements);
    },
  };
}

/**
 * Says whether a call is another's, which a gateway at these prefixes forwards: a certificate that the gateway shows is its own then, and
 * must not be issued to that other. Where there is no gateway, this machine's calls are its own, too.
 */
export function forwardedBy(gateways: readonly IpPrefix[]): (credentials: Credentials) => boolean {
  if (gateways.length === 0) return () => false;
  const trusted = [...LOOPBACK, ...gateways];
  return (credentials) => headerOf(credentials) !== "" && isTrusted(credentials, trusted);
}

function headerOf(credentials: Pick<Credentials, "headerValues">): string {
  const [header = ""] = credentials.headerValues(HEADER);
  return header;
}

function accept(elements: readonly XfccElement[]): AuthResult {
  const identities: string[] = [];
  for (const { uris, dnsNames, subject } of elements) {
    const commonName = commonNameOf(subject);
    // Certificates of Istio's have the first of their URIs there, too.
    const isRepeated = commonName === undefined || uris.includes(commonName);
    const texts = isRepeated ? dnsNames : [...dnsNames, commonName];
    const misread = uris.find((uri) => !uri.startsWith(SPIFFE_SCHEME)) ??
      texts.find((text) => text.startsWith(SPIFFE_SCHEME) || parseIpAddress(text) !== undefined);
    if (misread !== undefined) {
      return refuse(
        `the Xfcc header names ${quote(misread)}, which would be issued as another kind`,
      );
    }
    identities.push(...uris, ...texts);
  }
  if (identities.length === 0) return refuse("the Xfcc header names nobody");
  return {
    ok: true,
    caller: {
      authSource: AUTH_SOURCE.clientCertificate,
      identities,
      credential: "a certificate that a gateway forwarded",
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
