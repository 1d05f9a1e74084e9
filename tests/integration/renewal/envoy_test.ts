// Envoy reads a folder that signet writes, as docs/vm-guide has it: each renewal is one change, and no connection is lost for it.
import assert from "node:assert/strict";
import { X509Certificate } from "node:crypto";
import { connect, type TLSSocket } from "node:tls";

import { type IdentityFiles, issueIdentity } from "../../support/caclient.ts";
import { testWithPeers } from "../../support/peers.ts";
import { gather } from "../../support/process.ts";
import { runSignet, type SignetServer, startSignet } from "../../support/server.ts";
import { until } from "../../support/until.ts";

const GUIDE = new URL("../../../docs/vm-guide/", import.meta.url);
const RENEWALS = 6;
/** In this one the roots change too. */
const ROTATED_AT = 3;
const REQUEST = "GET / HTTP/1.1\r\nHost: web\r\n\r\n";

interface Envoy extends AsyncDisposable {
  readonly port: number;
  /** Counters of the two secrets, by name. */
  stats(): Promise<ReadonlyMap<string, number>>;
}

function freePorts(count: number): readonly number[] {
  const held = Array.from({ length: count }, () => Deno.listen({ hostname: "127.0.0.1", port: 0 }));
  const ports = held.map(({ addr }) => addr.port);
  for (const listener of held) listener.close();
  return ports;
}

/** The guide's configuration, in another folder and on other ports. */
async function startEnvoy(path: string, folder: string): Promise<Envoy> {
  const [port = 0, admin = 0] = freePorts(2);
  for (const name of ["envoy.yaml", "identity.yaml", "roots.yaml"]) {
    const text = await Deno.readTextFile(new URL(name, GUIDE));
    const moved = text.replaceAll("/etc/envoy", folder).replaceAll("0.0.0.0", "127.0.0.1")
      .replace("port_value: 9901", `port_value: ${admin}`)
      .replace("port_value: 8443", `port_value: ${port}`);
    await Deno.writeTextFile(`${folder}/${name}`, moved);
  }
  const child = new Deno.Command(path, {
    args: [
      ...["--config-path", `${folder}/envoy.yaml`, "--use-dynamic-base-id"],
      ...["--concurrency", "1", "--log-level", "warning"],
    ],
    stdin: "null",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  const [out, err] = [gather(child.stdout), gather(child.stderr)];
  const get = async (page: string): Promise<string | undefined> => {
    try {
      const response = await fetch(`http://127.0.0.1:${admin}${page}`);
      const text = await response.text();
      return response.ok ? text : undefined;
    } catch {
      return undefined; // It is not up yet.
    }
  };
  const envoy: Envoy = {
    port,
    async stats() {
      const text = await get("/stats?filter=sds") ?? assert.fail(out.text() + err.text());
      return new Map(
        [...text.matchAll(/^(.*): (\d+)$/gm)].map(([, name, value]) => [name!, Number(value)]),
      );
    },
    async [Symbol.asyncDispose]() {
      child.kill("SIGKILL");
      await child.status;
      await Promise.all([out.done, err.done]);
    },
  };
  try {
    await until("Envoy is ready", () => get("/ready"));
  } catch (cause) {
    await envoy[Symbol.asyncDispose]();
    throw new TypeError(`Envoy does not start: ${err.text()}`, { cause });
  }
  return envoy;
}

/** A connection as another workload of the mesh makes it. */
async function dial({ port }: Envoy, files: IdentityFiles): Promise<TLSSocket> {
  const [cert, key, ca] = await Promise.all(
    [files.cert, files.key, files.roots].map((path) => Deno.readTextFile(path)),
  );
  // Certificates of a mesh name identities: the SPIFFE ID is looked at instead of a host.
  const socket = connect({ port, ...{ cert, key, ca }, checkServerIdentity: () => undefined });
  await new Promise<void>((resolve, reject) => {
    socket.once("secureConnect", resolve);
    socket.once("error", reject);
  });
  return socket;
}

/** Asks once and gives the serial number of the certificate that was shown. */
async function ask(socket: TLSSocket): Promise<string> {
  const { raw } = socket.getPeerCertificate();
  const { serialNumber, subjectAltName } = new X509Certificate(raw);
  assert.equal(subjectAltName, "URI:spiffe://cluster.local/ns/default/sa/demo");
  await new Promise<void>((resolve, reject) => {
    let text = "";
    const onData = (chunk: Uint8Array) => {
      text += new TextDecoder().decode(chunk);
      if (!text.includes("hello from web\n")) return;
      socket.off("data", onData);
      resolve();
    };
    socket.on("data", onData);
    socket.once("error", reject);
    socket.once("end", () => reject(new TypeError("Envoy hung up")));
    socket.write(REQUEST);
  });
  return serialNumber;
}

async function askOnce(envoy: Envoy, files: IdentityFiles): Promise<string> {
  const socket = await dial(envoy, files);
  try {
    return await ask(socket);
  } finally {
    socket.destroy();
  }
}

async function renew(server: SignetServer, folder: string): Promise<string> {
  const { code, stderr } = await runSignet([
    ...["cert", "request", "--out", folder, "--serverName", "localhost"],
    ...["--server", server.addr("secureGrpc")],
  ]);
  assert.equal(code, 0, stderr);
  return new X509Certificate(await Deno.readTextFile(`${folder}/cert-chain.pem`)).serialNumber;
}

testWithPeers(
  "Envoy takes every renewal and new roots under load, rejects none, and drops no connection",
  ["envoy"],
  async (_t, { envoy: path }) => {
    await using server = await startSignet();
    const folder = `${server.cwd}/identity`;
    await issueIdentity(server);
    const client = await issueIdentity(server, "spiffe://cluster.local/ns/b/sa/client", "client");
    await using envoy = await startEnvoy(path, server.cwd);
    const kept = await dial(envoy, client);
    const first = await ask(kept);
    const seen = new Set([first]);
    let renewing = true;
    const load = (async () => {
      for (; renewing;) seen.add(await askOnce(envoy, client));
    })();
    for (let round = 1; round <= RENEWALS; round++) {
      if (round === ROTATED_AT) {
        const ran = await runSignet(["ca", "rotate", "--stateDir", server.stateDir]);
        assert.equal(ran.code, 0, ran.stderr);
      }
      const serial = await renew(server, folder);
      await until(
        "Envoy serves the new certificate",
        async () => await askOnce(envoy, client) === serial || undefined,
      );
      assert.equal(await ask(kept), first, "a connection that is open goes on");
    }
    renewing = false;
    await load;
    kept.destroy();
    assert.equal(seen.size, RENEWALS + 1);
    const stats = await envoy.stats();
    const named = (ending: string) => [...stats].filter(([name]) => name.endsWith(ending));
    for (const ending of ["update_rejected", "key_rotation_failed"]) {
      const counters = named(ending);
      assert.ok(counters.length > 0, [...stats.keys()].join());
      assert.ok(counters.every(([, value]) => value === 0), JSON.stringify(counters));
    }
  },
);
