/** From arguments to a command, its output and its exit code, in process. */
import assert from "node:assert/strict";
import { runProgram } from "signet/commands/mod.ts";
import { SignetError } from "signet/base/mod.ts";
import { describeFailure, EXIT, usageError } from "../../../lib/commands/errors.ts";
import { timeSignatures } from "../../../lib/commands/timed_crypto.ts";
import { makeWorkloadCsr } from "../../../lib/commands/workload_csr.ts";
import { parsePrivateKeyPem } from "signet/crypto/mod.ts";
import { createMetrics, METRIC } from "signet/telemetry/mod.ts";
import { decodeCsrPem } from "signet/x509/mod.ts";
import { createFakeClock } from "../../support/fake_clock.ts";
import { readKey, SIGNED } from "../../support/key_vectors.ts";
import { providerOf, testProviders } from "../../support/providers.ts";
import { verifyWithNode } from "../../support/test_keys.ts";

interface Ran {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs the program with its two streams caught; starting a server is a failure of the test. */
async function run(...args: readonly string[]): Promise<Ran> {
  const caught = { stdout: "", stderr: "" };
  const catchAll = (name: "stdout" | "stderr") => {
    const stream = Deno[name] as { writeSync(bytes: Uint8Array): number };
    const decoder = new TextDecoder();
    stream.writeSync = (bytes) => {
      caught[name] += decoder.decode(bytes);
      return bytes.length;
    };
    return () => Reflect.deleteProperty(stream, "writeSync");
  };
  const release = [catchAll("stdout"), catchAll("stderr")];
  try {
    const start = () => Promise.reject(new TypeError("No server is started here"));
    const code = await runProgram(args, { start, system: {} as never });
    return { code, ...caught };
  } finally {
    for (const each of release) each();
  }
}

Deno.test("runProgram() prints help on every way of asking for it, exit code 0", async (t) => {
  const rows: readonly (readonly [readonly string[], RegExp])[] = [
    [["--help"], /^signet \d.*\n\nUsage: signet \[COMMAND\]/],
    [["-h"], /^signet \d/],
    [["help"], /^signet \d/],
    [["help", "issue"], /^Usage: signet issue /],
    [["issue", "--help"], /^Usage: signet issue /],
    [["issue", "-h", "--no-such-flag"], /^Usage: signet issue /],
    [["help", "cert", "request"], /^Usage: signet cert request /],
    [["cert", "request", "--help"], /^Usage: signet cert request /],
    [["help", "cert"], /^ {2}cert request/m],
    [["cert", "--help"], /^ {2}cert request/m],
    [["discovery", "--help"], /^Usage: signet discovery/],
    [["discovery", "--help=yes"], /^Usage: signet discovery/],
    [["discovery", "-help"], /^Usage: signet discovery/],
    [["--stateDir", "x", "--help"], /^Usage: signet discovery/],
    [["--help=true"], /^signet \d/],
  ];
  for (const [args, expected] of rows) {
    await t.step(args.join(" "), async () => {
      const { code, stdout, stderr } = await run(...args);
      assert.deepEqual([code, stderr], [EXIT.done, ""]);
      assert.match(stdout, expected);
    });
  }
});

Deno.test("runProgram() prints the version, exit code 0", async () => {
  for (const args of [["version"], ["--version"], ["-v"], ["-V"]]) {
    const { code, stdout, stderr } = await run(...args);
    assert.deepEqual([code, stderr], [EXIT.done, ""]);
    assert.match(stdout, /^\d+\.\d+\.\d+-[^-\s]+-[^-\s]+\n$/);
  }
  const { stdout } = await run("version", "--output", "json");
  assert.deepEqual(Object.keys(JSON.parse(stdout)), ["version", "build"]);
});

Deno.test("runProgram() tells of wrong use in one line, exit code 2, nothing on standard output", async (t) => {
  const rows: readonly (readonly [readonly string[], RegExp])[] = [
    [["isue"], /no such command; did you mean issue\? commands are /],
    [["no-such-command"], /signet no-such-command: there is no such command; commands are /],
    [["cert"], /commands are cert /],
    [["cert", "requset"], /did you mean cert request\?/],
    [["help", "nothing"], /no such command/],
    [["version", "extra"], /unexpected argument "extra"/],
    [["version", "--outptu", "json"], /did you mean --output\?/],
    [["version", "--output", "xml"], /should be one of "text", "json"/],
    [["issue"], /--identity is missing; --out is missing/],
    [["issue", "--identity", "x", "--out", "y"], /--identity: /],
    [["issue", "--identity", "spiffe://a/ns/b/sa/c", "--out", "y", "--ttl", "0s"], /--ttl: "0s"/],
    [
      ["issue", "--identity", "spiffe://a/ns/b/sa/c", "--out", "y", "--ttl", "9999h"],
      /--ttl 9999h0m0s is above 2160h0m0s: give less, or set MAX_WORKLOAD_CERT_TTL=9999h0m0s/,
    ],
    [
      ["cert", "request", "--server", "nowhere", "--out", "y"],
      /--server: "nowhere" should be host:port/,
    ],
    [["cert", "request"], /--out is missing/],
    [["request"], /METHOD is missing; PATH is missing/],
    [["request", "GET"], /PATH is missing/],
    [["request", "GET", "/", "a", "b"], /unexpected argument "b"/],
    [["issue", "--identity", "a\nb", "--out", "y"], /--identity/],
  ];
  for (const [args, expected] of rows) {
    await t.step(args.join(" "), async () => {
      const { code, stdout, stderr } = await run(...args);
      assert.deepEqual([code, stdout], [EXIT.usage, ""], stderr);
      assert.match(stderr, /^signet: [^\n]+\n$/);
      assert.match(stderr, expected);
    });
  }
});

Deno.test("describeFailure() makes one line of anything, with the exit code of its kind", async (t) => {
  const rows: readonly (readonly [unknown, string, number])[] = [
    [usageError(["a", "b"], "issue"), "signet: Cannot run signet issue: a; b", EXIT.usage],
    [new SignetError("config.bad_value", "x"), "signet: x", EXIT.usage],
    [new SignetError("config.bad_flag", "x"), "signet: x", EXIT.usage],
    [new SignetError("tls.bad_options", "x"), "signet: x", EXIT.usage],
    [new SignetError("config.unreadable", "x"), "signet: x", EXIT.failed],
    [new SignetError("store.locked", "x"), "signet: x", EXIT.failed],
    [new TypeError("a\n  bug\n\nhere"), "signet: a bug here", EXIT.failed],
    [new SignetError("commands.failed", "x"), "signet: x", EXIT.failed],
    ["words", "signet: words", EXIT.failed],
    [undefined, "signet: undefined", EXIT.failed],
  ];
  for (const [thrown, line, code] of rows) {
    await t.step(line, () => assert.deepEqual(describeFailure(thrown), { line, code }));
  }
});

testProviders(
  "timeSignatures() counts each signature, and changes nothing else",
  async (_, provider) => {
    const metrics = createMetrics();
    const clock = createFakeClock(0);
    const seconds = metrics.histogram(METRIC.signingSeconds);
    const timed = timeSignatures(provider, { clock, seconds });
    assert.equal(timed.name, provider.name);
    assert.equal(timed.source, provider.source);
    using key = await timed.importPrivateKey(readKey("good/p256"));
    using plain = await provider.importPrivateKey(readKey("good/p256"));
    assert.deepEqual([key.kind, key.scheme, key.spki], [plain.kind, plain.scheme, plain.spki]);
    for (let n = 0; n < 3; n++) await key.sign(SIGNED);
    const value = metrics.snapshot()[0]?.samples[0]?.value;
    assert.ok(typeof value === "object");
    assert.equal(value.count, 3);
  },
);

Deno.test("timeSignatures() passes a key's failure on, and disposing it disposes the key", async () => {
  const metrics = createMetrics();
  const seconds = metrics.histogram(METRIC.signingSeconds);
  const timed = timeSignatures(providerOf("openssl"), { clock: createFakeClock(0), seconds });
  const key = await timed.importPrivateKey(readKey("good/p256"));
  key[Symbol.dispose]();
  assert.throws(() => key.sign(SIGNED), /the key was disposed/);
  assert.deepEqual(metrics.snapshot(), []);
});

testProviders(
  "makeWorkloadCsr() makes a key of the kind asked for and a CSR signed by it",
  async (t, provider) => {
    const kinds = {
      "P-256": { type: "ec", curve: "P-256" },
      "P-384": { type: "ec", curve: "P-384" },
      "RSA-2048": { type: "rsa", bits: 2048 },
      "Ed25519": { type: "ed25519" },
    } as const;
    for (const [keyType, kind] of Object.entries(kinds)) {
      await t.step(keyType, async () => {
        const identities = ["spiffe://cluster.local/ns/a/sa/b"];
        const made = await makeWorkloadCsr(provider, {
          keyType: keyType as keyof typeof kinds,
          identities,
        });
        const csr = decodeCsrPem(made.csrPem);
        assert.deepEqual(csr.publicKey.kind, kind);
        const { publicKey, signatureScheme, certificationRequestInfo, signature } = csr;
        assert.ok(
          await verifyWithNode(publicKey, signatureScheme, certificationRequestInfo, signature),
        );
        using key = await provider.importPrivateKey(parsePrivateKeyPem(made.keyPem));
        assert.deepEqual(key.spki, Uint8Array.from(publicKey.spki));
      });
    }
  },
);
