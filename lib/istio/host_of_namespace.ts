/** `namespace/host`, as Gateways and Sidecars name what they show and see. */
import { quote } from "../base/mod.ts";
import { isIpAddress, isLabel, partialWildcardFault, wildcardDomainFault } from "./names.ts";

/** What is wrong with `namespace/host`; in a Gateway the namespace may be missing and the host may be an IP address. */
export function hostOfNamespaceFaults(
  text: string,
  kind: "gateway" | "sidecar",
): readonly string[] {
  const slash = text.indexOf("/");
  if (slash < 0) {
    return kind === "gateway" ? hostFaults(text, kind) : ["host must be of form namespace/dnsName"];
  }
  const [namespace, host] = [text.slice(0, slash), text.slice(slash + 1)];
  const faults: string[] = [];
  if (namespace === "" || host === "") {
    faults.push("config namespace and dnsName in host entry cannot be empty");
  }
  const words = kind === "gateway" ? ["*", "."] : ["*", ".", "~"];
  if (!words.includes(namespace) && !isLabel(namespace)) {
    faults.push(`invalid namespace value ${quote(namespace)} in ${kind}`);
  }
  return [...faults, ...hostFaults(host, kind)];
}

function hostFaults(host: string, kind: "gateway" | "sidecar"): readonly string[] {
  const wrong = wildcardDomainFault(host);
  const isAddress = kind === "gateway" && isIpAddress(host);
  return [
    host !== "*" && !host.includes(".") ? "short names (non FQDN) are not allowed" : undefined,
    isAddress ? undefined : wrong,
    partialWildcardFault(host),
  ].filter((reason) => reason !== undefined);
}
