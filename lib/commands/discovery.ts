/** `signet discovery`: the server, until SIGTERM or SIGINT. */
import { discoveryOptions, readDiscovery } from "../config/mod.ts";
import { findMesh } from "./cluster_mesh.ts";
import { EXIT } from "./errors.ts";
import type { Command, CommandHost } from "./port.ts";
import type { RunningServer } from "./serving.ts";
import { listenForSignals } from "./signals.ts";

/** The server's command. */
export const discoveryCommand: Command = {
  name: "discovery",
  group: "server",
  summary: "the server; what signet alone does",
  usage: "discovery [FLAGS]",
  text:
    `Serves the CA. A flag wins over its variable, that over the mesh config, that over the default.
Flags of istiod that are not listed are ignored with a warning, unless they look like one that is listed.`,
  options: discoveryOptions(),
  examples: [
    { what: "everything by default, state in ./var/lib/signet", line: "signet discovery" },
    {
      what: "state elsewhere, gRPC on one address, JSON logs",
      line:
        "signet discovery --stateDir /var/lib/signet --secureGRPCAddr 10.0.0.5:15012 --log_as_json",
    },
  ],
  async run(args, host) {
    using signalled = listenForSignals();
    const { start, system } = host.program;
    const request = readDiscovery(args, host.env);
    const found = await findMesh(request, {
      clock: host.clock,
      onWait: ({ message }) => host.warn(`signet: waiting for the mesh config: ${message}`),
    });
    const server = await start(found.complete(), system);
    print(host, server);
    await server.stop(await signalled.first);
    return EXIT.done;
  },
};

function print(host: CommandHost, { summary }: RunningServer): void {
  if (summary.length > 0) host.print("signet is ready", ...summary.map((line) => `  ${line}`));
}
