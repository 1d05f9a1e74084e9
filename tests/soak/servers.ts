/** The two servers of a soak: one with a root of its own and names of a mesh, one with a plugged-in CA and a certificate in files. */
import { caclient, type IdentityFiles, type Issued, tlsFlags } from "../support/caclient.ts";
import { authorityMaker, istioFiles, swapFiles } from "../support/ca_sets.ts";
import { opensslCa } from "../support/openssl_ca.ts";
import { run } from "../support/process.ts";
import { startSignet } from "../support/server.ts";
import { MESH_DOCUMENT, type ReloadSets } from "./activities.ts";
import { type Soaked, soaked } from "./run.ts";

const DAY_MS = 86_400_000;
const LOGGING = ["--log_as_json"];

/** Starts the one with a root of its own. */
export async function startSelfSigned(cwd: string): Promise<Soaked> {
  await Deno.mkdir(`${cwd}/config`, { recursive: true });
  await Deno.writeTextFile(`${cwd}/config/mesh.yaml`, MESH_DOCUMENT);
  const args = [...LOGGING, "--configDir", "config", "--dnsUpstream", "none"];
  return await soaked("self-signed", (onOutput) => startSignet({ cwd, args, onOutput }));
}

/** Starts the other one, and gives the sets that it is reloaded with. */
export async function startPluggedIn(
  cwd: string,
  openssl: string,
): Promise<{ readonly soaked: Soaked; readonly sets: ReloadSets }> {
  const make = authorityMaker(openssl, `${cwd}/made`);
  const root = await make("root");
  const authorities = [await make("one", { issuer: root }), await make("two", { issuer: root })];
  const outside = await opensslCa(openssl, `${cwd}/issued`, {
    cert: `${root.dir}/cert.pem`,
    key: `${root.dir}/key.pem`,
    roots: `${root.dir}/cert.pem`,
  });
  const ca = {
    dir: `${cwd}/etc/cacerts`,
    sets: authorities.map((authority) => istioFiles({ ca: authority, roots: [root] })),
  };
  // One after the other: `openssl ca` keeps an index.
  const ownSets: { readonly "tls.crt": string; readonly "tls.key": string }[] = [];
  for (const name of ["own1", "own2", "own3"]) {
    const files = await outside.issue(name, { sans: ["DNS:localhost"], notAfterMs: DAY_MS });
    ownSets.push({
      "tls.crt": await Deno.readTextFile(files.cert),
      "tls.key": await Deno.readTextFile(files.key),
    });
  }
  const own = { dir: `${cwd}/tls`, sets: ownSets };
  await swapFiles(ca.dir, ca.sets[0]!);
  await swapFiles(own.dir, own.sets[0]!);
  const identity = await outside.issue("client", { notAfterMs: DAY_MS });
  const files = ["--tlsCertFile", `${own.dir}/tls.crt`, "--tlsKeyFile", `${own.dir}/tls.key`];
  const started = await soaked(
    "plugged-in",
    (onOutput) => startSignet({ cwd, args: [...LOGGING, ...files], onOutput }),
  );
  for (const { keyPem } of authorities) started.log.addKey(keyPem);
  for (const set of own.sets) started.log.addKey(set["tls.key"]);
  const shown = () => shownCertificate(openssl, started.server.addr("secureGrpc"));
  return { soaked: started, sets: { ca, own, identity, shown } };
}

/** The first certificate of a handshake, PEM. */
async function shownCertificate(openssl: string, addr: string): Promise<string> {
  const { stdout, stderr } = await run(openssl, ["s_client", "-connect", addr, "-alpn", "h2"], {
    stdin: "",
  });
  const pem = /-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/.exec(stdout)?.[0];
  if (pem === undefined) throw new TypeError(`No certificate in the handshake: ${stdout}${stderr}`);
  return pem;
}

/** Gets one more certificate, and has openssl verify what came to the root that came with it. */
export async function verifyLast(
  { server }: Soaked,
  identity: IdentityFiles,
  peers: { readonly caclient: string; readonly openssl: string },
): Promise<string | undefined> {
  const out = `${server.cwd}/last`;
  const flags = ["issue", ...tlsFlags(server, identity), "-out", out];
  const issued = await caclient<Issued>(peers.caclient, flags);
  if (!issued.verdict?.verified) return issued.message ?? issued.verdict?.error;
  const chain = `${out}/cert-chain.pem`;
  const { code, stderr } = await run(peers.openssl, [
    ...["verify", "-x509_strict", "-CAfile", `${out}/root-cert.pem`, "-untrusted", chain, chain],
  ]);
  return code === 0 ? undefined : stderr;
}
