/**
 * A gRPC echo over TLS, by signet's HTTP/2 or by `node:http2`: what an HTTP/2 stack costs by itself, request headers decoded.
 *
 * Usage: `deno run -A echo_server.ts signet|node KEY.pem CERT.pem`; prints its port.
 */
// deno-lint-ignore-file no-console -- the port is printed
import { createSecureServer } from "node:http2";
import { systemClock } from "signet/base/mod.ts";
import { createLogger, createMetrics } from "signet/telemetry/mod.ts";
import { serverTlsOptions } from "signet/tls/mod.ts";
import { listenHttp2, precomputeHeaders } from "signet/transport/mod.ts";

const [stack, keyFile = "", certFile = ""] = Deno.args;
const keyPem = await Deno.readTextFile(keyFile);
const certChainPem = await Deno.readTextFile(certFile);
const METHOD = "/echo.Echo/Unary";

async function serveSignet(): Promise<number> {
  const clock = systemClock();
  const headers = precomputeHeaders([[":status", "200"], ["content-type", "application/grpc"]]);
  const trailers = precomputeHeaders([["grpc-status", "0"]]);
  const listener = await listenHttp2<undefined>({
    addr: { hostname: "127.0.0.1", port: 0 },
    flag: "echo",
    tls: serverTlsOptions({ keyPem, certChainPem, clientRootsPem: certChainPem }, {
      alpn: ["h2"],
      minVersion: "TLSv1.2",
    }),
    authorizePeer: () => undefined,
    onStream(stream) {
      if (stream.headers.get(":path") !== METHOD) return stream.reset(2);
      stream.collect(65_536, (body) => {
        stream.respond(headers, false);
        void stream.write(body.slice());
        stream.end(trailers);
      });
    },
    keepalive: { intervalMs: 30_000, timeoutMs: 10_000, maxConnectionAgeMs: undefined },
    limits: {},
    clock,
    logger: createLogger({ levels: { default: "none" }, json: false }, { clock, sink: () => {} }),
    metrics: createMetrics(),
  });
  return Number(listener.addr.split(":").at(-1));
}

async function serveNode(): Promise<number> {
  const server = createSecureServer({ key: keyPem, cert: certChainPem });
  server.on("stream", (stream, headers) => {
    stream.on("error", () => stream.destroy());
    if (headers[":path"] !== METHOD) return stream.close();
    const chunks: Uint8Array[] = [];
    stream.on("data", (chunk: Uint8Array) => chunks.push(chunk));
    stream.on("end", () => {
      stream.respond({ ":status": 200, "content-type": "application/grpc" }, {
        waitForTrailers: true,
      });
      stream.on("wantTrailers", () => stream.sendTrailers({ "grpc-status": "0" }));
      for (const chunk of chunks) stream.write(chunk);
      stream.end();
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  return typeof address === "object" && address !== null ? address.port : 0;
}

console.log(stack === "node" ? await serveNode() : await serveSignet());
