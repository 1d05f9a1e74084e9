import assert from "node:assert/strict";
import { secureContext, serverTlsOptions } from "signet/tls/mod.ts";

const MATERIAL = { keyPem: "key", certChainPem: "chain", clientRootsPem: "roots" };

Deno.test("serverTlsOptions() asks for client certificates and leaves the verdict to signet", () => {
  const alpn = ["h2"] as const;
  assert.deepEqual(serverTlsOptions(MATERIAL, { alpn, minVersion: "TLSv1.3" }), {
    key: "key",
    cert: "chain",
    ca: "roots",
    requestCert: true,
    rejectUnauthorized: false,
    ALPNProtocols: ["h2"],
    minVersion: "TLSv1.3",
  });
});

Deno.test("secureContext() is the part of the options that a swap replaces, and nothing else", () => {
  assert.deepEqual(secureContext(MATERIAL), { key: "key", cert: "chain", ca: "roots" });
});
