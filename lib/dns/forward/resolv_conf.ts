/**
 * The servers that resolv.conf(5) names. Of its other lines none concerns a forwarder: `search` and `ndots` are for programs that ask for
 * short names, and how often and how long a server is asked is decided by its health here.
 */
import { MAX_UPSTREAMS, plainUpstream, type Upstream } from "./upstream.ts";

/** What stands in a resolv.conf. */
export interface ResolvConf {
  /** Its servers, in its order, each once. */
  readonly upstreams: readonly Upstream[];
  /** `nameserver` lines without an address, and those beyond {@linkcode MAX_UPSTREAMS}, with the number of the line. */
  readonly refused: readonly { readonly line: number; readonly text: string }[];
}

/** Reads the text of a resolv.conf. Never throws: a line that cannot be used is listed. */
export function parseResolvConf(text: string): ResolvConf {
  const upstreams = new Map<string, Upstream>();
  const refused: { readonly line: number; readonly text: string }[] = [];
  for (const [i, line] of text.split("\n").entries()) {
    const [keyword, value = ""] = line.trim().split(/\s+/);
    if (keyword !== "nameserver") continue;
    const upstream = plainUpstream(value);
    if (upstream === undefined || upstreams.size >= MAX_UPSTREAMS) {
      refused.push({ line: i + 1, text: value });
    } else upstreams.set(upstream.label, upstream);
  }
  return { upstreams: [...upstreams.values()], refused };
}
