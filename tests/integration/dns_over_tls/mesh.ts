/** A server with names of a mesh in its config folder. */
import { type SignetOptions, type SignetServer, startSignet } from "../../support/server.ts";
import { connectDot, type DotClient, type DotOptions } from "../../support/dot_client.ts";

const LONG = ["a".repeat(63), "b".repeat(63), "c".repeat(63)].join(".");
/** A host of 253 characters: 255 octets on the wire. */
export const LONGEST_HOST = `${LONG}.${"d".repeat(53)}.example`;
/** A host of 127 labels: 255 octets on the wire. */
export const DEEPEST_HOST = Array.from({ length: 127 }, () => "x").join(".");

const DOCUMENTS = `apiVersion: networking.istio.io/v1
kind: ServiceEntry
metadata: { name: db, namespace: shop }
spec:
  hosts: [db.example, "*.wild.example", ${LONGEST_HOST}, ${DEEPEST_HOST}]
  addresses: [10.0.0.7]
  ports: [{ number: 80, name: http, protocol: HTTP }]
---
apiVersion: networking.istio.io/v1
kind: ServiceEntry
metadata: { name: private, namespace: shop }
spec: { hosts: [private.example], addresses: [10.0.0.9], exportTo: ["."] }
`;

/** Starts the server; it forwards nothing, so whatever it says it says by itself. */
export async function startMesh(options: SignetOptions = {}): Promise<SignetServer> {
  const cwd = await Deno.makeTempDir({ prefix: "signet-dns-" });
  await Deno.mkdir(`${cwd}/config`);
  await Deno.writeTextFile(`${cwd}/config/mesh.yaml`, DOCUMENTS);
  const args = ["--configDir", "config", "--dnsUpstream", "none", ...(options.args ?? [])];
  const server = await startSignet({ ...options, cwd, args });
  return {
    ...server,
    async [Symbol.asyncDispose]() {
      await server[Symbol.asyncDispose]();
      await Deno.remove(cwd, { recursive: true });
    },
  };
}

/** Connects to the server's DNS port, by its root. */
export async function connectMesh(
  server: SignetServer,
  options: Partial<DotOptions> = {},
): Promise<DotClient> {
  const ca = await Deno.readTextFile(server.rootFile);
  return await connectDot({ addr: server.addr("dns"), ca, ...options });
}
