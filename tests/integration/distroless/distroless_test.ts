import assert from "node:assert/strict";

import {
  buildImageRoot,
  type Container,
  type ImageRoot,
  startContainer,
} from "../../support/distroless.ts";
import { mustRun } from "../../support/openssl_ca.ts";
import { announce, peersAreRequired, testWithPeers } from "../../support/peers.ts";
import { runsExecutable } from "../../support/server.ts";

const SIGNET = "/usr/bin/signet";
const IDENTITY = "spiffe://cluster.local/ns/default/sa/demo";
const READY_MS = 60_000;

/** Asks the image's own health check until it says yes. */
async function untilHealthy(container: Container, { image }: ImageRoot): Promise<void> {
  const gaveUpAt = performance.now() + READY_MS;
  let ended = false;
  void container.exited.then(() => ended = true);
  while (performance.now() < gaveUpAt && !ended) {
    if (!container.output().includes("signet is ready")) {
      await new Promise((resolve) => setTimeout(resolve, 20));
      continue;
    }
    if ((await container.exec(image.healthcheck)).code === 0) return;
  }
  throw new TypeError(`Cannot start image: it is not healthy, it printed:\n${container.output()}`);
}

async function getCertificate(container: Container): Promise<void> {
  const commands = [
    [SIGNET, "issue", "--identity", IDENTITY, "--out", "demo"],
    [SIGNET, "cert", "request", "--server", "localhost:15012", "--out", "demo"],
  ];
  for (const argv of commands) {
    const { code, stdout, stderr } = await container.exec(argv);
    assert.equal(code, 0, `${argv.join(" ")}: ${stdout}${stderr}`);
  }
}

async function openImage(openssl: boolean): Promise<ImageRoot> {
  return await buildImageRoot({ openssl, executable: Deno.env.get("SIGNET_EXECUTABLE")! });
}

/** A test of the executable alone; it needs root, for namespaces and another user. */
function imageTest(claim: string, body: (openssl: string) => Promise<void>): void {
  if (!runsExecutable()) return;
  if (Deno.uid() !== 0 && !peersAreRequired()) {
    return announce(`SKIPPED for want of root: ${claim}`);
  }
  testWithPeers(claim, ["ip", "nsenter", "openssl", "unshare"], async (_t, { openssl }) => {
    assert.equal(Deno.uid(), 0, "CI runs this as root");
    await body(openssl);
  });
}

imageTest(
  "the image serves as nobody special, on a read-only root, and keeps its CA",
  async (openssl) => {
    await using root = await openImage(true);
    {
      await using container = startContainer(root);
      await untilHealthy(container, root);
      assert.match(container.output(), /^ {2}crypto +openssl \(\S*libcrypto\.so\.3\S*/m);
      assert.match(container.output(), /^ {2}root \(created\)/m);
      assert.match(container.output(), /^ {2}state directory +\/home\/nonroot\/var\/lib\/signet$/m);
      await getCertificate(container);
      assert.equal(await container.stop(), 0, container.output());
    }
    const demo = `${root.volume}/demo`;
    await mustRun(openssl, [
      ...["verify", "-x509_strict", "-CAfile", `${demo}/root-cert.pem`, `${demo}/cert-chain.pem`],
    ]);
    const { uid, gid, mode } = await Deno.stat(`${demo}/key.pem`);
    assert.deepEqual([uid, gid, (mode ?? 0) & 0o777], [65532, 65532, 0o600]);
    await using again = startContainer(root);
    await untilHealthy(again, root);
    assert.match(again.output(), /^ {2}root \(loaded\)/m);
  },
);

imageTest(
  "without libssl and libcrypto the image falls back to Web Crypto and says so",
  async () => {
    await using root = await openImage(false);
    // Not from the working directory either, where a bare name would have found it.
    await Deno.copyFile(await libcrypto(), `${root.volume}/libcrypto.so.3`);
    {
      await using container = startContainer(root);
      await untilHealthy(container, root);
      assert.match(container.output(), /^ {2}crypto +webcrypto \(Deno /m);
      await getCertificate(container);
    }
    await using refused = startContainer(root, ["discovery", "--cryptoProvider", "openssl"]);
    assert.equal(await refused.exited, 1);
    assert.match(
      refused.output(),
      /^signet: Cannot use OpenSSL \(--cryptoProvider\): none of .+\n$/m,
    );
  },
);

async function libcrypto(): Promise<string> {
  const { LIBCRYPTO_PATHS } = await import("signet/crypto/mod.ts");
  for (const path of LIBCRYPTO_PATHS) {
    if (await Deno.stat(path).catch(() => undefined)) return path;
  }
  throw new TypeError("Cannot plant a library: this machine has no libcrypto");
}
