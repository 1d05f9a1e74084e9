// The check of a plugged-in directory, on a real disk and with openssl's files, without a server around it.
import assert from "node:assert/strict";
import { isSignetError, systemClock } from "signet/base/mod.ts";
import { checkPluggedIn, openPluggedIn } from "signet/ca/mod.ts";
import { selectProvider } from "signet/crypto/mod.ts";
import { memoryCaStore, pluggedInCa } from "signet/store/mod.ts";
import {
  type Authority,
  authorityMaker,
  type CaSetFiles,
  istioFiles,
  tlsFiles,
  writeFiles,
} from "../../support/ca_sets.ts";
import { recordLogs } from "../../support/log_records.ts";
import { testWithPeers } from "../../support/peers.ts";
import { tempDir } from "../../support/process.ts";

const DAY_MS = 86_400_000;

async function open(directory: string, withCrl = true) {
  const { provider: crypto } = await selectProvider("webcrypto");
  const source = await openPluggedIn({ reload: true, multiRoot: false }, {
    clock: systemClock(),
    crypto,
    store: memoryCaStore(),
    pluggedIn: pluggedInCa({ directory, withCrl }),
    logger: recordLogs().logger,
  });
  source?.first.key[Symbol.dispose]();
  return source;
}

async function refusal(directory: string): Promise<string> {
  const { provider: crypto } = await selectProvider("webcrypto");
  try {
    await checkPluggedIn(pluggedInCa({ directory, withCrl: true }), {
      crypto,
      clock: systemClock(),
    });
  } catch (thrown) {
    assert(isSignetError(thrown), String(thrown));
    return thrown.message;
  }
  assert.fail("it was taken");
}

interface Authorities {
  readonly root: Authority;
  readonly top: Authority;
  readonly ca: Authority;
  readonly other: Authority;
}

async function makeAuthorities(make: ReturnType<typeof authorityMaker>): Promise<Authorities> {
  const root = await make("root");
  const top = await make("top", { issuer: root });
  return { root, top, ca: await make("ca", { issuer: top }), other: await make("other") };
}

testWithPeers("a plugged-in set of any depth, key and layout is taken", ["openssl"], async (t, {
  openssl,
}) => {
  await using dir = await tempDir();
  const make = authorityMaker(openssl, dir.path);
  const { root, top, ca } = await makeAuthorities(make);
  const second = await make("second", { issuer: root });
  const keys = ["P-256 SEC1", "P-384", "P-521", "RSA-2048 PKCS#1", "RSA-3072", "Ed25519"] as const;
  const byKey: [string, Authority][] = [];
  for (const key of keys) byKey.push([key, await make(key, { issuer: root, key })]);
  const server = await make("serves", { issuer: root, extendedKeyUsage: "serverAuth,clientAuth" });
  const rows: Readonly<Record<string, [Readonly<Record<string, string>>, number]>> = {
    "a root alone": [istioFiles({ ca: root, roots: [root] }), 1],
    "a root alone, its chain file empty": [istioFiles({ ca: root, roots: [root], chain: [] }), 0],
    "one intermediate": [istioFiles({ ca: second, roots: [root] }), 1],
    "two intermediates": [istioFiles({ ca, roots: [root], chain: [ca, top] }), 2],
    "a chain that holds the root too": [
      istioFiles({ ca: second, roots: [root], chain: [second, root] }),
      2,
    ],
    "a chain without the certificate that signs": [
      istioFiles({ ca, roots: [root], chain: [top] }),
      2,
    ],
    "two roots": [istioFiles({ ca: second, roots: [root, top] }), 1],
    "a CA with extended usages": [istioFiles({ ca: server, roots: [root] }), 1],
    "a TLS Secret": [tlsFiles({ ca: second, roots: [root] }), 2],
    "a TLS Secret whose files do not end with a newline": [
      Object.fromEntries(
        Object.entries(tlsFiles({ ca: second, roots: [root] })).map(([name, text]) => [
          name,
          text.trimEnd(),
        ]),
      ),
      2,
    ],
    "a key beside the roots": [{
      ...istioFiles({ ca: second, roots: [root] }),
      "root-cert.pem": root.keyPem + root.certPem,
    }, 1],
    ...Object.fromEntries(byKey.map(([key, authority]) => [
      `a key in ${key}`,
      [istioFiles({ ca: authority, roots: [root] }), 1] as [Record<string, string>, number],
    ])),
  };
  let number = 0;
  for (const [name, [files, chain]] of Object.entries(rows)) {
    await t.step(name, async () => {
      const directory = `${dir.path}/set${++number}`;
      await writeFiles(directory, files);
      const source = await open(directory);
      assert(source !== undefined);
      const { bundle } = source.first;
      assert.equal(source.origin, "plugged-in");
      assert.equal(bundle.chain.length, chain);
      assert.equal(bundle.caCertPem, files["ca-cert.pem"] ?? `${files["tls.crt"]!.trimEnd()}\n`);
      assert.doesNotMatch(bundle.rootCertsPem, /PRIVATE/, "nothing but certificates is sent");
      assert.equal(bundle.crlPem, undefined);
    });
  }
});

Deno.test("a directory without files of a CA is no plugged-in CA", async (t) => {
  await using dir = await tempDir();
  await t.step("missing", async () => assert.equal(await open(`${dir.path}/none`), undefined));
  await t.step("empty", async () => assert.equal(await open(dir.path), undefined));
  await Deno.writeTextFile(`${dir.path}/README`, "not a CA");
  await t.step("other files", async () => assert.equal(await open(dir.path), undefined));
});

testWithPeers(
  "an incomplete set is refused in istiod's words, with what is missing",
  ["openssl"],
  async (t, { openssl }) => {
    await using dir = await tempDir();
    const root = await authorityMaker(openssl, dir.path)("root");
    const sets = {
      istio: istioFiles({ ca: root, roots: [root] }),
      tls: tlsFiles({ ca: root, roots: [root] }),
    };
    const words = "failed to create an istiod CA: incomplete signing CA bundle detected";
    let number = 0;
    for (const files of Object.values(sets)) {
      for (const missing of Object.keys(files)) {
        const rest = Object.fromEntries(Object.entries(files).filter(([name]) => name !== missing));
        const lone = { [missing]: files[missing]! };
        for (const [what, kept] of [["without", rest], ["only", lone]] as const) {
          await t.step(`${what} ${missing}`, async () => {
            const directory = `${dir.path}/part${++number}`;
            await writeFiles(directory, kept);
            const message = await refusal(directory);
            assert.ok(message.includes(words), message);
            assert.ok(message.includes(`${directory} has `), message);
            assert.ok(message.includes(missing), message);
          });
        }
      }
    }
    await t.step("a link that leads nowhere is no missing file", async () => {
      const directory = `${dir.path}/dangling`;
      await Deno.mkdir(directory);
      for (const name of Object.keys(sets.istio)) {
        await Deno.symlink(`..data/${name}`, `${directory}/${name}`);
      }
      assert.match(await refusal(directory), /^Cannot read \S+\/ca-cert\.pem/);
    });
    await t.step("a folder in place of a file", async () => {
      const directory = `${dir.path}/folder`;
      await writeFiles(directory, sets.istio);
      await Deno.remove(`${directory}/ca-key.pem`);
      await Deno.mkdir(`${directory}/ca-key.pem`);
      assert.match(await refusal(directory), /ca-key\.pem: it should be a file/);
    });
    await t.step("a file above a mebibyte", async () => {
      const directory = `${dir.path}/large`;
      await writeFiles(directory, { ...sets.istio, "cert-chain.pem": "x".repeat((1 << 20) + 1) });
      assert.match(await refusal(directory), /cert-chain\.pem: it has 1048577 bytes/);
    });
  },
);

testWithPeers(
  "a set that does not hold together is refused with the file and istiod's reason",
  ["openssl"],
  async (t, { openssl }) => {
    await using dir = await tempDir();
    const make = authorityMaker(openssl, dir.path);
    const { root, top, ca, other } = await makeAuthorities(make);
    const below = (request: Parameters<typeof make>[1]) =>
      make("below", { issuer: root, ...request });
    const good = { ca: top, roots: [root] };
    const expired = await below({ notBeforeMs: -2 * DAY_MS, notAfterMs: -DAY_MS });
    const edit = (set: CaSetFiles, name: string, text: string) => ({
      ...istioFiles(set),
      [name]: text,
    });
    const verify = "cannot verify the cert with the provided root chain and cert pool with error: ";
    const rows: Readonly<Record<string, [Readonly<Record<string, string>>, string, string]>> = {
      "no PEM": [edit(good, "ca-cert.pem", "x"), "ca-cert.pem", "failed to parse cert PEM: "],
      "a certificate cut short": [
        edit(good, "ca-cert.pem", top.certPem.slice(0, 200)),
        "ca-cert.pem",
        "failed to parse cert PEM: ",
      ],
      "a key for the certificate": [
        edit(good, "ca-cert.pem", top.keyPem),
        "ca-cert.pem",
        "failed to parse cert PEM: ",
      ],
      "roots that are none": [
        edit(good, "root-cert.pem", root.certPem.replaceAll("M", "N")),
        "root-cert.pem",
        "failed to parse cert PEM: ",
      ],
      "no root": [
        edit(good, "root-cert.pem", ""),
        "ca-cert.pem",
        `${verify}Cannot verify certificate: issuer "O=root" is unknown, as ${dir.path}/wrong`,
      ],
      "another root": [istioFiles({ ca: top, roots: [other] }), "ca-cert.pem", verify],
      "a missing intermediate": [
        istioFiles({ ca, roots: [root], chain: [ca] }),
        "ca-cert.pem",
        verify,
      ],
      "an expired certificate": [
        istioFiles({ ca: expired, roots: [root] }),
        "ca-cert.pem",
        `${verify}Cannot verify certificate: "O=below" has expired`,
      ],
      "one from tomorrow": [
        istioFiles({ ca: await below({ notBeforeMs: DAY_MS }), roots: [root] }),
        "ca-cert.pem",
        verify,
      ],
      "extended usages without serverAuth": [
        istioFiles({ ca: await below({ extendedKeyUsage: "clientAuth" }), roots: [root] }),
        "ca-cert.pem",
        verify,
      ],
      "no key": [edit(good, "ca-key.pem", ""), "ca-key.pem", "failed to parse private key PEM: "],
      "a certificate for the key": [
        edit(good, "ca-key.pem", top.certPem),
        "ca-key.pem",
        'failed to parse private key PEM: Cannot read private key: unsupported PEM block type for a private key: "CERTIFICATE"',
      ],
      "an encrypted key": [
        edit(good, "ca-key.pem", top.keyPem.replaceAll("PRIVATE", "ENCRYPTED PRIVATE")),
        "ca-key.pem",
        "failed to parse private key PEM: ",
      ],
      "another's key": [
        edit(good, "ca-key.pem", other.keyPem),
        "ca-cert.pem",
        "the cert does not match the key: ",
      ],
      "no CA": [
        istioFiles({ ca: await below({ isCa: false }), roots: [root] }),
        "ca-cert.pem",
        "certificate is not authorized to sign other certificates",
      ],
      "no right to sign": [
        istioFiles({ ca: await below({ keyUsage: "digitalSignature" }), roots: [root] }),
        "ca-cert.pem",
        "certificate is not authorized to sign other certificates",
      ],
      "an expired chain": [
        istioFiles({ ca: top, roots: [root], chain: [expired, top] }),
        "cert-chain.pem",
        "cert chain has expired",
      ],
    };
    let number = 0;
    for (const [name, [files, file, reason]] of Object.entries(rows)) {
      await t.step(name, async () => {
        const directory = `${dir.path}/wrong${++number}`;
        await writeFiles(directory, files);
        const message = await refusal(directory);
        assert.ok(message.startsWith(`Cannot use ${directory}/${file}: ${reason}`), message);
        assert.doesNotMatch(message, /\n/);
      });
    }
  },
);

testWithPeers(
  "revocation lists: one of every certificate of the chain, or none",
  ["openssl"],
  async (
    t,
    { openssl },
  ) => {
    await using dir = await tempDir();
    const make = authorityMaker(openssl, dir.path);
    const { root, top, ca, other } = await makeAuthorities(make);
    const set = { ca, roots: [root], chain: [ca, top] };
    const [ofCa, ofTop, ofRoot, ofOther] = await Promise.all(
      [ca, top, root, other].map((authority) => authority.crl()),
    );
    const mute = await make("mute", {
      issuer: root,
      keyUsage: "keyCertSign",
    });
    const write = async (name: string, files: Readonly<Record<string, string>>) => {
      const directory = `${dir.path}/${name}`;
      await writeFiles(directory, files);
      return directory;
    };
    await t.step("all are there", async () => {
      const crl = `${ofCa}${ofTop}${ofRoot}`;
      const source = await open(await write("all", istioFiles({ ...set, crl })));
      assert.equal(source?.first.bundle.crlPem, crl);
    });
    await t.step("PILOT_ENABLE_CA_CRL=false leaves a wrong file unread", async () => {
      const directory = await write("off", istioFiles({ ...set, crl: "x" }));
      assert.equal((await open(directory, false))?.first.bundle.crlPem, undefined);
    });
    const missing = "missing CRL signed by certificates: ";
    const rows: Readonly<Record<string, readonly [CaSetFiles, string]>> = {
      "one is missing": [{ ...set, crl: ofCa! }, `${missing}[O=top]`],
      "another's": [{ ...set, crl: ofOther! }, `${missing}[O=ca, O=top]`],
      "a CA that may not sign lists": [
        { ca: mute, roots: [root], crl: await mute.crl() },
        `${missing}[O=mute]`,
      ],
      "no list": [{ ...set, crl: "" }, "it holds no X509 CRL block"],
      "no CRL in the block": [
        { ...set, crl: ca.certPem.replaceAll("CERTIFICATE", "X509 CRL") },
        "Cannot read",
      ],
    };
    let number = 0;
    for (const [name, [files, reason]] of Object.entries(rows)) {
      await t.step(name, async () => {
        const message = await refusal(await write(`crl${++number}`, istioFiles(files)));
        assert.match(message, /^Cannot use \S+\/ca-crl\.pem: /);
        assert.ok(message.includes(reason), message);
      });
    }
  },
);
