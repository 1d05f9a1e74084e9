/** Unary echoes a second over TLS: signet's HTTP/2 beside `node:http2`, the same client, alternating rounds. */
import { findPeer } from "../support/peers.ts";
import { run } from "../support/process.ts";
import { mustRun } from "../support/openssl_ca.ts";
import { median } from "./measure.ts";

/** Echoes a second. */
export interface Echoes {
  readonly signet: number;
  readonly node: number;
}

const STACKS = ["signet", "node"] as const;

/** Measures; needs h2load and openssl. */
export async function measureEchoes(
  options: { readonly rounds: number; readonly requests: number },
): Promise<Echoes> {
  const [h2load, openssl] = [findPeer("h2load"), findPeer("openssl")];
  if (!h2load || !openssl) throw new TypeError("Cannot measure: h2load or openssl is missing");
  const dir = await Deno.makeTempDir({ prefix: "signet-echo-" });
  await mustRun(openssl, [
    ...[
      "req",
      "-x509",
      "-newkey",
      "ec",
      "-pkeyopt",
      "ec_paramgen_curve:P-256",
      "-nodes",
      "-subj",
      "/CN=localhost",
    ],
    ...["-keyout", `${dir}/key.pem`, "-out", `${dir}/cert.pem`, "-days", "2"],
  ]);
  await Deno.writeFile(`${dir}/body`, Uint8Array.of(0, 0, 0, 0, 5, 104, 101, 108, 108, 111));
  const rates = { signet: [] as number[], node: [] as number[] };
  try {
    for (let round = 0; round <= options.rounds; round++) {
      for (const stack of STACKS) {
        const perSecond = await oneRound(stack, { dir, h2load, requests: options.requests });
        if (round > 0) rates[stack].push(perSecond);
      }
    }
  } finally {
    await Deno.remove(dir, { recursive: true });
  }
  return { signet: median(rates.signet), node: median(rates.node) };
}

async function oneRound(
  stack: typeof STACKS[number],
  { dir, h2load, requests }: {
    readonly dir: string;
    readonly h2load: string;
    readonly requests: number;
  },
): Promise<number> {
  const program = new URL("echo_server.ts", import.meta.url).pathname;
  const child = new Deno.Command(Deno.execPath(), {
    args: [
      "run",
      "--quiet",
      "--no-check",
      "-A",
      program,
      stack,
      `${dir}/key.pem`,
      `${dir}/cert.pem`,
    ],
    stdin: "null",
    stdout: "piped",
  }).spawn();
  try {
    const reader = child.stdout.getReader();
    const { value } = await reader.read();
    const port = Number(new TextDecoder().decode(value));
    const url = `https://127.0.0.1:${port}/echo.Echo/Unary`;
    const headers = ["-H", "content-type: application/grpc+proto", "-H", "te: trailers"];
    // The first run only lets the compiler see the code; node:http2 is slower, and is given less to do.
    const count = stack === "node" ? requests / 4 : requests;
    let perSecond = 0;
    for (const n of [count / 4, count]) {
      const shape = ["-n", String(n), "-c", "4", "-m", "100"];
      const ran = await run(h2load, [...shape, ...headers, "-d", `${dir}/body`, url], {
        timeoutMs: 120_000,
      });
      if (!ran.stdout.includes(`${n} succeeded`)) {
        throw new TypeError(`Cannot measure: h2load: ${ran.stdout}`);
      }
      perSecond = Number(/finished in [^,]+, ([\d.]+) req\/s/.exec(ran.stdout)?.[1]);
    }
    await reader.cancel();
    return perSecond;
  } finally {
    child.kill("SIGKILL");
    await child.status;
  }
}
