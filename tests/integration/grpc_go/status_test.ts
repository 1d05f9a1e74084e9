import assert from "node:assert/strict";

import { caclient, type Issued, issueIdentity, tlsFlags } from "../../support/caclient.ts";
import { testWithPeers } from "../../support/peers.ts";
import { run } from "../../support/process.ts";
import { startSignet } from "../../support/server.ts";

interface Row {
  readonly name: string;
  readonly args: readonly string[];
  /** Without a client certificate. */
  readonly anonymous?: boolean;
  readonly codes: readonly string[];
  readonly message?: RegExp;
}

/** Section 4.4 of the specification, and what gRPC itself prescribes for messages that are too large or no protobuf. */
const ROWS: readonly Row[] = [
  {
    name: "no credential at all",
    args: [],
    anonymous: true,
    codes: ["Unauthenticated"],
    message: /^request authenticate failure$/,
  },
  {
    name: "a bearer token that nobody checks",
    args: ["-bearer", "a.b.c"],
    anonymous: true,
    codes: ["Unauthenticated"],
    message: /^request authenticate failure$/,
  },
  {
    name: "impersonation, which a client certificate never may",
    args: ["-meta", "ImpersonatedIdentity=spiffe://cluster.local/ns/a/sa/b"],
    codes: ["Unauthenticated"],
    message: /^request impersonation authentication failure$/,
  },
  {
    name: "a lifetime above the limit",
    args: ["-ttl", "2161h"],
    codes: ["InvalidArgument"],
    message: /^CSR signing error \(.*2161h0m0s.*2160h0m0s.*\)$/,
  },
  {
    name: "a lifetime that overflows nanoseconds",
    args: ["-raw", "overflow.bin"],
    codes: ["InvalidArgument"],
    message: /^CSR signing error/,
  },
  {
    name: "a P-224 key",
    args: ["-key-kind", "p224"],
    codes: ["InvalidArgument"],
    message: /^CSR signing error \(.*\)$/,
  },
  {
    name: "no PEM",
    args: ["-csr", "text.csr"],
    codes: ["InvalidArgument"],
    message: /^CSR signing error/,
  },
  {
    name: "an empty CSR",
    args: ["-csr", "empty.csr"],
    codes: ["InvalidArgument"],
    message: /^CSR signing error/,
  },
  {
    name: "PEM of junk",
    args: ["-csr", "junk.csr"],
    codes: ["InvalidArgument"],
    message: /^CSR signing error/,
  },
  {
    name: "a broken protobuf",
    args: ["-raw", "broken.bin"],
    codes: ["Internal", "InvalidArgument"],
  },
  { name: "a message above 4 MiB", args: ["-raw", "large.bin"], codes: ["ResourceExhausted"] },
  {
    name: "4 MiB in gzip that are small on the wire",
    args: ["-raw", "large.bin", "-gzip"],
    codes: ["ResourceExhausted"],
  },
];

testWithPeers(
  "grpc-go sees the status codes that istiod's clients know",
  ["caclient"],
  async (t, peers) => {
    await using server = await startSignet();
    const identity = await issueIdentity(server);
    await writeInputs(server.cwd);
    for (const row of ROWS) {
      await t.step(row.name, async () => {
        const flags = tlsFlags(server, row.anonymous ? undefined : identity);
        const args = row.args.map((arg) => /\.(csr|bin)$/.test(arg) ? `${server.cwd}/${arg}` : arg);
        const issued = await caclient<Issued>(peers.caclient, ["issue", ...flags, ...args]);
        assert.ok(row.codes.includes(issued.code), `${issued.code}: ${issued.message}`);
        if (row.message !== undefined) assert.match(issued.message ?? "", row.message);
        assert.doesNotMatch(issued.message ?? "", /\.ts|at .*:\d+|Deno|node:/, "no inner detail");
      });
    }
    await t.step("the next good call is answered", async () => {
      const issued = await caclient<Issued>(peers.caclient, [
        "issue",
        ...tlsFlags(server, identity),
      ]);
      assert.ok(issued.verdict?.verified, issued.message);
    });
  },
);

testWithPeers(
  "grpc-go finds health but no CA on the plaintext port",
  ["caclient"],
  async (t, peers) => {
    await using server = await startSignet();
    const flags = ["-addr", server.addr("grpc"), "-plaintext"];
    await t.step("CreateCertificate", async () => {
      const issued = await caclient<Issued>(peers.caclient, ["issue", ...flags]);
      assert.equal(issued.code, "Unimplemented", issued.message);
    });
    await t.step("Check", async () => {
      const { code, status } = await caclient<Issued & { status: string }>(peers.caclient, [
        "health",
        ...flags,
      ]);
      assert.deepEqual({ code, status }, { code: "OK", status: "SERVING" });
    });
  },
);

/** Writes the request bodies that no client library would make. */
async function writeInputs(dir: string): Promise<void> {
  const junk = btoa("\x30\x82\xff\xff" + "junk".repeat(20)).replaceAll(/.{64}/g, "$&\n");
  const label = "CERTIFICATE REQUEST";
  const csr = await goodCsr();
  const csrField = new Uint8Array([0x0a, ...varint(BigInt(csr.length)), ...csr]);
  // 2^63 / 10^9 seconds and a little: wraps to a negative duration in a 64-bit count of nanoseconds.
  const wraps = new Uint8Array([...csrField, 0x18, ...varint(9_223_372_037n)]);
  await Promise.all([
    Deno.writeTextFile(`${dir}/text.csr`, "not a request\n"),
    Deno.writeTextFile(`${dir}/empty.csr`, ""),
    Deno.writeTextFile(
      `${dir}/junk.csr`,
      `-----BEGIN ${label}-----\n${junk}\n-----END ${label}-----\n`,
    ),
    Deno.writeFile(`${dir}/broken.bin`, new Uint8Array([0x0a, 0xff, 0x01, 0x00])),
    Deno.writeFile(`${dir}/large.bin`, largeMessage(4 * 1024 * 1024 + 1)),
    Deno.writeFile(`${dir}/overflow.bin`, wraps),
  ]);
}

/** A message of exactly `length` bytes: one `csr` field of the letter A. */
function largeMessage(length: number): Uint8Array {
  const body = length - 5;
  const message = new Uint8Array(length).fill(0x41);
  message.set([0x0a, ...varint(BigInt(body))]);
  return message;
}

function varint(value: bigint): number[] {
  const bytes: number[] = [];
  for (let rest = value;; rest >>= 7n) {
    if (rest < 0x80n) return [...bytes, Number(rest)];
    bytes.push(Number(rest & 0x7fn) | 0x80);
  }
}

async function goodCsr(): Promise<Uint8Array> {
  const key = [
    "-newkey",
    "ec",
    "-pkeyopt",
    "ec_paramgen_curve:P-256",
    "-nodes",
    "-keyout",
    "/dev/null",
  ];
  const { stdout } = await run("openssl", ["req", "-new", ...key, "-subj", "/"]);
  return new TextEncoder().encode(stdout);
}
