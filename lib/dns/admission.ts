/** Who a client of the DNS port is: its namespace by its certificate, or its address in the list of those that may ask. */
import { isSignetError } from "../base/mod.ts";
import { parseWorkloadIdentity } from "../spiffe/mod.ts";
import type { ClientCertificate } from "../tls/mod.ts";
import type { AddressList } from "./allow.ts";
import type { DnsClient } from "./port.ts";

/** Admits a client whose certificate, when it has one, was verified. */
export function admit(
  { address, certificate }: {
    readonly address: string;
    readonly certificate: ClientCertificate | undefined;
  },
  allow: AddressList,
): DnsClient {
  if (certificate === undefined) {
    return { address, namespace: undefined, admitted: allow.has(address) };
  }
  return { address, namespace: namespaceOf(certificate), admitted: true };
}

function namespaceOf({ identities }: ClientCertificate): string | undefined {
  for (const identity of identities) {
    try {
      return parseWorkloadIdentity(identity).namespace;
    } catch (thrown) {
      // Names beside the SPIFFE ID say nothing of the namespace.
      if (!isSignetError(thrown)) throw thrown;
    }
  }
  return undefined;
}
