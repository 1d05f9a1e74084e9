/** Variables of the proxy that stand in the path of the webhook: `/inject/cluster/c1/net/n1`, or the older `/inject/:ENV:a=b:ENV:c=d`. */

/** The variables that the first two parameters of istiod mean. */
const VARIABLE_OF: Readonly<Record<string, string>> = {
  cluster: "ISTIO_META_CLUSTER_ID",
  net: "ISTIO_META_NETWORK",
};
const OLDER = ":ENV:";
/** Most variables of one path; each becomes one of the proxy's. */
export const MAX_PATH_VARIABLES = 100;

/** Reads what follows `/inject`. A name without a value is left out. */
export function parsePathParameters(path: string): Map<string, string> {
  const rest = (path.endsWith("/") ? path.slice(0, -1) : path).slice(1);
  const variables = new Map<string, string>();
  if (rest === "") return variables;
  for (const [name, value] of rest.startsWith(OLDER) ? olderPairs(rest) : pairs(rest)) {
    const variable = Object.hasOwn(VARIABLE_OF, name) ? VARIABLE_OF[name]! : name.toUpperCase();
    if (variable !== "" && variables.size < MAX_PATH_VARIABLES) variables.set(variable, value);
  }
  return variables;
}

function* pairs(rest: string): Iterable<readonly [name: string, value: string]> {
  const parts = rest.split("/");
  for (let at = 0; at + 1 < parts.length; at += 2) {
    yield [parts[at]!, parts[at + 1]!.replaceAll("--slash--", "/")];
  }
}

function* olderPairs(rest: string): Iterable<readonly [name: string, value: string]> {
  for (const text of rest.split(OLDER).slice(1)) {
    const equals = text.indexOf("=");
    if (equals > 0) yield [text.slice(0, equals), text.slice(equals + 1)];
  }
}
