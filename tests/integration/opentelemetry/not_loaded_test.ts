// What is off is not loaded: the debugger is asked which scripts a running server has.
import assert from "node:assert/strict";

import { caclient, type Issued, issueIdentity, tlsFlags } from "../../support/caclient.ts";
import { testWithPeers } from "../../support/peers.ts";
import { tempDir } from "../../support/process.ts";
import { runsExecutable, signetCommand, startSignet } from "../../support/server.ts";

/** Every package of OpenTelemetry but its API, a few interfaces that the metrics library asks for a trace in. */
const SDK_REGEXP = /\/@opentelemetry\/(?!api\/)|\/otel_sdk\.ts$/;

interface ScriptParsed {
  readonly id?: number;
  readonly method?: string;
  readonly params?: { readonly url: string };
}

/** A program that runs signet from source with its debugger on a port. */
async function debuggedSignet(dir: string, port: number): Promise<string> {
  const { path, prefix: [run = "", ...rest] } = signetCommand();
  const words = [path, run, `--inspect=127.0.0.1:${port}`, ...rest];
  const program = `${dir}/signet`;
  const line = words.map((word) => `'${word}'`).join(" ");
  await Deno.writeTextFile(program, `#!/bin/sh\nexec ${line} "$@"\n`, { mode: 0o755 });
  return program;
}

/** Addresses of all scripts (Chrome DevTools Protocol, domain Debugger). */
async function scriptsOf(port: number): Promise<readonly string[]> {
  const [target] = await (await fetch(`http://127.0.0.1:${port}/json`)).json();
  const socket = new WebSocket(target.webSocketDebuggerUrl);
  const urls: string[] = [];
  await new Promise<void>((resolve, reject) => {
    socket.onopen = () => socket.send(JSON.stringify({ id: 1, method: "Debugger.enable" }));
    socket.onerror = () => reject(new TypeError("Cannot debug signet"));
    socket.onmessage = ({ data }) => {
      const { id, method, params } = JSON.parse(data) as ScriptParsed;
      if (method === "Debugger.scriptParsed") urls.push(params!.url);
      else if (id === 1) resolve(); // every script that is there was told of before
    };
  });
  await new Promise((resolve) => {
    socket.onclose = resolve;
    socket.close();
  });
  return urls;
}

function freePort(): number {
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  return listener.addr.port;
}

// The executable and the bundle are one script each.
if (!runsExecutable() && !Deno.env.get("SIGNET_BUNDLE")) {
  testWithPeers(
    "a server without a collector has loaded nothing of OpenTelemetry's SDK",
    ["caclient"],
    async (t, peers) => {
      await using dir = await tempDir();
      const loaded = async (env: Readonly<Record<string, string>>) => {
        const port = freePort();
        const executable = await debuggedSignet(dir.path, port);
        await using server = await startSignet({ executable, env });
        const flags = tlsFlags(server, await issueIdentity(server));
        const issued = await caclient<Issued>(peers.caclient, ["issue", ...flags]);
        assert.equal(issued.code, "OK", issued.message);
        const scripts = await scriptsOf(port);
        assert.ok(scripts.some((url) => url.endsWith("/lib/telemetry/otlp.ts")), scripts.join());
        return scripts.filter((url) => SDK_REGEXP.test(url));
      };
      await t.step("off", async () => assert.deepEqual(await loaded({}), []));
      await t.step("on", async () => {
        const env = { OTEL_EXPORTER_OTLP_ENDPOINT: "http://127.0.0.1:1" };
        assert.ok((await loaded(env)).length > 10);
      });
    },
  );
}
