/** The annotation of Multus that names a pod's networks, as JSON or as a list, with one more. */
import { messageOf } from "../base/mod.ts";
import { isDraft } from "./document.ts";

/** Adds a network, `namespace/name` or `name`, unless it is there. What cannot be read stays as it is. */
export function appendMultusNetwork(existing: string, network: string): string {
  if (existing === "") return network;
  const end = existing.lastIndexOf("]");
  if (end < 0) {
    const isThere = existing.split(",").some((each) => each.trim() === network);
    return isThere ? existing : `${existing}, ${network}`;
  }
  const networks = parseNetworks(existing);
  if (networks === undefined) return existing;
  const slash = network.indexOf("/");
  const [namespace, name] = slash < 0
    ? ["", network]
    : [network.slice(0, slash), network.slice(slash + 1)];
  const isThere = networks.some((each) =>
    each["name"] === name && (each["namespace"] ?? "") === namespace
  );
  if (isThere) return existing;
  const said = namespace === ""
    ? `, {"name": "${name}"}`
    : `, {"name": "${name}", "namespace": "${namespace}"}`;
  return existing.slice(0, end) + said + existing.slice(end);
}

function parseNetworks(text: string): readonly Record<string, unknown>[] | undefined {
  let value;
  try {
    value = JSON.parse(text);
  } catch (thrown) {
    if (thrown instanceof SyntaxError) return undefined;
    throw new TypeError(messageOf(thrown));
  }
  return Array.isArray(value) && value.every(isDraft) ? value : undefined;
}
