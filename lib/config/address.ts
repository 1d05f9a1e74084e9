/** Addresses as Go's `net.Listen` spells them: `host:port`, `:port` for every interface, `[::1]:port`. */
import { BadValue, type Option, type OptionSpec } from "./option.ts";

/** Where to listen. */
export interface ListenAddress {
  /** Host name or address; empty for every interface, IPv6 and IPv4. */
  readonly hostname: string;
  /** Port; 0 for one that is free. */
  readonly port: number;
}

/** An address to listen on; `undefined` for the empty text, which turns the listener off. */
export function addressOption(spec: OptionSpec): Option<ListenAddress | undefined> {
  return {
    ...spec,
    kind: "address",
    parse: (text) => text === "" ? undefined : parseListenAddress(text),
  };
}

const ADDRESS_REGEXP = /^(?:\[([0-9a-fA-F:.]+)\]|([^:\s\[\]]*)):(\d{1,5})$/;

/**
 * Parses `host:port`.
 *
 * @throws {BadValue} when it is anything else.
 */
export function parseListenAddress(text: string): ListenAddress {
  const [, ipv6, name, digits] = ADDRESS_REGEXP.exec(text) ?? [];
  const port = Number(digits);
  if (digits === undefined || port > 65_535) {
    throw new BadValue("should be host:port or :port, with a port from 0 to 65535");
  }
  return { hostname: ipv6 ?? name ?? "", port };
}

/**
 * Parses the `host:port` of a server to call; a host is required and the port is not 0.
 *
 * @throws {BadValue} when it is anything else.
 */
export function parseDialAddress(text: string): ListenAddress {
  const address = parseListenAddress(text);
  if (address.hostname === "" || address.port === 0) {
    throw new BadValue("should be host:port of a server");
  }
  return address;
}
