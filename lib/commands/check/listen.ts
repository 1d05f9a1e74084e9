/** Whether addresses are free: each is bound, all at once, and let go before the answer. Nothing is accepted. */
import type { ListenAddress } from "../../config/mod.ts";

/** What became of an address. */
export type Tried = { readonly bound: string } | { readonly thrown: unknown };

/** Binds every address, so that two that collide are seen; an empty host is every interface, as for the server. */
export function tryAddresses(wanted: readonly ListenAddress[]): readonly Tried[] {
  const held: Deno.TcpListener[] = [];
  try {
    return wanted.map(({ hostname, port }) => {
      try {
        const listener = bind(hostname, port);
        held.push(listener);
        const { hostname: bound } = listener.addr;
        return { bound: `${bound.includes(":") ? `[${bound}]` : bound}:${port}` };
      } catch (thrown) {
        return { thrown };
      }
    });
  } finally {
    for (const listener of held) listener.close();
  }
}

/** IPv6 with IPv4, or IPv4 alone where the machine has no IPv6. */
function bind(hostname: string, port: number): Deno.TcpListener {
  if (hostname !== "") return Deno.listen({ hostname, port });
  try {
    return Deno.listen({ hostname: "::", port });
  } catch (thrown) {
    if (thrown instanceof Deno.errors.AddrInUse) throw thrown;
    return Deno.listen({ hostname: "0.0.0.0", port });
  }
}
