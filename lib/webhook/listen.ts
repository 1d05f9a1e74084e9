/**
 * The HTTPS port of the webhooks: HTTP/2, which API servers speak, and HTTP/1.1, on signet's own HTTP over TLS, so that a certificate is
 * replaced under connections that stay. No client certificate is asked for: an API server shows none unless it is told to.
 */
import type { Clock } from "../base/mod.ts";
import type { Logger, Metrics } from "../telemetry/mod.ts";
import { secureContext, type ServerTlsMaterial, serverTlsOptions } from "../tls/mod.ts";
import {
  HTTP2_ERROR,
  type Http2Listener,
  listenHttp2,
  type ServerStream,
} from "../transport/mod.ts";
import { utf8 } from "../base/mod.ts";
import { type Intake, SMALL_BYTES, type TakenBody } from "./intake.ts";
import type { WebhookAnswer } from "./port.ts";
import { MAX_BODY_BYTES, type ReviewHandler, textAnswer } from "./reviews.ts";

/** Connections of the port; an API server opens a few. */
const MAX_CONNECTIONS = 1_000;
/** Requests that one connection may have under way; an API server that has more opens another one. */
const MAX_STREAMS = 100;
/** Octets that one connection may have unread: small bodies of all its requests, and what is on the way to a large one. */
const CONNECTION_WINDOW_BYTES = MAX_STREAMS * SMALL_BYTES + (256 << 10);
/** Time without a request after which a connection is closed, as in istiod. */
const MAX_IDLE_MS = 90_000;
/** A silent client is asked whether it is there. */
const PING_MS = { interval: 30_000, timeout: 15_000 } as const;

/** Settings of the port. */
export interface WebhookListenConfig {
  /** Where to listen. */
  readonly addr: { readonly hostname: string; readonly port: number };
  /** Lowest TLS version. */
  readonly tlsMinVersion: "TLSv1.2" | "TLSv1.3";
  /** What is shown first. */
  readonly material: ServerTlsMaterial | undefined;
}

/** What the port needs of the world. */
export interface WebhookListenHost {
  /** Time. */
  readonly clock: Clock;
  /** Answers reviews. */
  readonly handler: ReviewHandler;
  /** Reads bodies. */
  readonly intake: Intake;
  /** True when every part of the server is ready. */
  readonly ready: () => boolean;
  /** For connections that failed. */
  readonly logger: Logger;
  /** For connection counters. */
  readonly metrics: Metrics;
}

/** A bound port. */
export interface WebhookListener extends AsyncDisposable {
  /** Where it listens, `host:port`. */
  readonly addr: string;
  /** Shows another certificate in new handshakes. */
  show(material: ServerTlsMaterial): void;
  /** Stops accepting, answers what is in flight until the deadline, closes. */
  drain(deadlineMs: number): Promise<void>;
}

/**
 * Binds the port and serves.
 *
 * @throws {SignetError} `transport.bind_failed`.
 */
export async function listenReviews(
  { addr, tlsMinVersion, material }: WebhookListenConfig,
  host: WebhookListenHost,
): Promise<WebhookListener> {
  const tls = serverTlsOptions(material, {
    ...{ alpn: ["h2", "http/1.1"], minVersion: tlsMinVersion },
    requestCert: false,
  });
  const { clock, logger, metrics } = host;
  const listener: Http2Listener = await listenHttp2({
    ...{ addr, flag: "httpsAddr", tls, clock, logger, metrics },
    ...{ http1: true, maxConnections: MAX_CONNECTIONS },
    authorizePeer: () => undefined,
    onStream: (stream) => takeStream(stream, host),
    keepalive: {
      ...{ intervalMs: PING_MS.interval, timeoutMs: PING_MS.timeout },
      ...{ maxConnectionAgeMs: undefined, maxIdleMs: MAX_IDLE_MS },
    },
    limits: {
      ...{ maxConcurrentStreams: MAX_STREAMS, connectionWindowBytes: CONNECTION_WINDOW_BYTES },
    },
  });
  return {
    addr: listener.addr,
    show: (next) => listener.setSecureContext(secureContext(next)),
    drain: (deadlineMs) => listener.drain(deadlineMs),
    [Symbol.asyncDispose]: () => listener[Symbol.asyncDispose](),
  };
}

function takeStream(stream: ServerStream<unknown>, host: WebhookListenHost): void {
  const { handler, intake, ready } = host;
  const target = stream.headers.get(":path") ?? "";
  const query = target.indexOf("?");
  const path = query < 0 ? target : target.slice(0, query);
  const route = handler.routeOf(path);
  if (route === undefined) return send(stream, textAnswer(404, "404 page not found"), true);
  if (route === "ready" || route === "https_ready") {
    return send(stream, readyAnswer(route === "https_ready" || ready()), true);
  }
  intake.read(stream, MAX_BODY_BYTES, (taken) => {
    const contentType = stream.headers.get("content-type");
    const answer = answerTaken(taken, (body) => handler.answer(route, { path, contentType, body }));
    send(stream, answer, taken.kind !== "whole");
  });
}

/** `/ready`: nothing but a status. */
export function readyAnswer(isReady: boolean): WebhookAnswer {
  return { status: isReady ? 200 : 503, contentType: "text/plain; charset=utf-8", body: "" };
}

/** The answer to a body that came, or did not. */
export function answerTaken(
  taken: TakenBody,
  answer: (body: Uint8Array | undefined) => WebhookAnswer,
): WebhookAnswer {
  switch (taken.kind) {
    case "whole":
      return answer(taken.body);
    case "too_large":
      return answer(undefined);
    case "too_slow":
      return textAnswer(408, "the request did not come in time");
    case "too_many":
      return textAnswer(503, "too many requests at one time");
  }
}

/** The header fields of an answer, but for the status. */
export function fieldsOf({ contentType, status }: WebhookAnswer): readonly [string, string][] {
  return [
    ["content-type", contentType],
    ...(status >= 400 ? [["x-content-type-options", "nosniff"]] as [string, string][] : []),
  ];
}

/** @param isEarly the request may not have ended: the peer is told to send no more. */
function send(stream: ServerStream<unknown>, answer: WebhookAnswer, isEarly: boolean): void {
  const body = utf8(answer.body);
  const isHead = stream.headers.get(":method") === "HEAD";
  stream.respond([
    [":status", String(answer.status)],
    ...fieldsOf(answer),
    ["content-length", String(body.length)],
  ], false);
  if (!isHead && body.length > 0) void stream.write(body);
  stream.end([]);
  if (isEarly) stream.reset(HTTP2_ERROR.NO_ERROR);
}
