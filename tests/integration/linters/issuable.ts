/** Everything that signet can issue, as files: the CA's own code signs, with keys and CSRs that were made once. */
import type { Ca, CaConfig } from "signet/ca/mod.ts";
import { type CryptoProvider, parsePrivateKeyPem } from "signet/crypto/mod.ts";
import { type PluggedInCa, pluggedInCa } from "signet/store/mod.ts";
import { authorityMaker, istioFiles, writeFiles } from "../../support/ca_sets.ts";
import { createTestCa } from "../../support/test_ca.ts";

const VECTORS = new URL("../../vectors/", import.meta.url).pathname;
/** CSRs of every kind of key, and one that asks for a common name. */
const CSRS = [
  ...["p256_sha256", "p256_cn", "p384_sha384", "p521_sha512", "ed25519"],
  ...["rsa2048_sha256", "rsa8192_sha512"],
];
/** Kinds of roots of signet's own, with the key of each. */
const ROOTS: Readonly<Record<string, readonly [CaConfig["rootKey"], string]>> = {
  "P-256": [{ type: "ec", curve: "P-256" }, "p256"],
  "P-384": [{ type: "ec", curve: "P-384" }, "p384"],
  "RSA-2048": [{ type: "rsa", bits: 2048 }, "rsa2048"],
  "RSA-3072": [{ type: "rsa", bits: 3072 }, "rsa3072"],
  "RSA-4096": [{ type: "rsa", bits: 4096 }, "rsa4096"],
};
/** Kinds of CAs that are plugged in, each below an intermediate of another kind. */
const PLUGGED_IN = ["P-256", "P-384", "P-521", "RSA-2048", "RSA-3072", "Ed25519"] as const;
const WORKLOAD = "spiffe://cluster.local/ns/default/sa/demo";
const OWN_NAMES = ["istiod.istio-system.svc", "localhost", "10.0.0.1", "2001:db8::1"];
const DAY_MS = 86_400_000;

/** One certificate. */
export interface Issuable {
  /** What it is: `P-256: root`, `RSA-3072 plugged in: p256_cn`. */
  readonly name: string;
  /** Its file, PEM, one certificate. */
  readonly path: string;
}

/** Issues everything into a folder. */
export async function issueEverything(
  dir: string,
  { crypto, openssl }: { readonly crypto: CryptoProvider; readonly openssl: string },
): Promise<readonly Issuable[]> {
  const issued: Issuable[] = [];
  const keep = async (name: string, pem: string) => {
    const path = `${dir}/${name.replaceAll(/[^\w-]+/g, "_")}.pem`;
    await Deno.writeTextFile(path, firstCertificate(pem));
    issued.push({ name, path });
  };
  for (const [kind, [rootKey, file]] of Object.entries(ROOTS)) {
    const { ca } = await createTestCa({
      config: { rootKey },
      crypto: await withKey(crypto, `${VECTORS}keys/good/${file}.pem`),
    });
    await keep(`${kind}: root`, ca.bundle.caCertPem);
    await issueLeaves(ca, kind, keep);
  }
  const sets = await pluggedInSets(dir, openssl);
  for (const [kind, pluggedIn] of Object.entries(sets)) {
    const { ca } = await createTestCa({ pluggedIn, crypto });
    await issueLeaves(ca, `${kind} plugged in`, keep);
  }
  return issued;
}

async function issueLeaves(
  ca: Ca,
  kind: string,
  keep: (name: string, pem: string) => Promise<void>,
): Promise<void> {
  using _ca = ca;
  for (const name of CSRS) {
    const csrPem = await Deno.readTextFile(`${VECTORS}x509/csr/good/${name}.pem`);
    const { certificatePem } = await ca.sign({
      csrPem,
      identities: [WORKLOAD],
      requestedTtlSeconds: 0n,
      caller: "the linters",
    });
    await keep(`${kind}: ${name}`, certificatePem);
  }
  const own = await ca.genKeyCert({
    hosts: OWN_NAMES,
    ttlMs: 3650 * DAY_MS,
    checkLifetime: false,
    caller: "the linters",
  });
  await keep(`${kind}: own certificate`, own.certChainPem);
}

/** The same provider, but that a root gets a key that is there: making RSA keys takes seconds. */
async function withKey(crypto: CryptoProvider, path: string): Promise<CryptoProvider> {
  const pkcs8 = parsePrivateKeyPem(await Deno.readTextFile(path));
  using key = await crypto.importPrivateKey(pkcs8);
  const { spki } = key;
  let isFirst = true;
  return {
    name: crypto.name,
    source: crypto.source,
    sha256: (data) => crypto.sha256(data),
    verify: (...args) => crypto.verify(...args),
    importPrivateKey: (bytes) => crypto.importPrivateKey(bytes),
    generateKey(spec) {
      if (!isFirst) return crypto.generateKey(spec);
      isFirst = false;
      return Promise.resolve({ pkcs8, spki });
    },
  };
}

async function pluggedInSets(
  dir: string,
  openssl: string,
): Promise<Readonly<Record<string, PluggedInCa>>> {
  const make = authorityMaker(openssl, `${dir}/authorities`);
  const root = await make("root", { key: "RSA-2048" });
  const top = await make("top", { issuer: root, key: "P-384" });
  const sets: Record<string, PluggedInCa> = {};
  for (const key of PLUGGED_IN) {
    const ca = await make("ca", { issuer: top, key });
    const directory = `${dir}/plugged/${key}`;
    await writeFiles(directory, istioFiles({ ca, roots: [root], chain: [ca, top] }));
    sets[key] = pluggedInCa({ directory, withCrl: false });
  }
  return sets;
}

/** Linters read one certificate a file. */
export function firstCertificate(pem: string): string {
  return /-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----\n/.exec(pem)?.[0] ?? "";
}
