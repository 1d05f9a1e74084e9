/**
 * From a request that has come whole to its answer: the rules that `/inject` and `/validate` have in common, in istiod's order, and what
 * each makes of a review.
 */
import type { Clock } from "../base/mod.ts";
import { asObject, asText } from "../kube/mod.ts";
import { EVENT, type Logger, METRIC, type Metrics } from "../telemetry/mod.ts";
import {
  type AdmissionRequest,
  type AdmissionResponse,
  decodeReview,
  encodeReview,
  goKindOf,
} from "./admission_review.ts";
import { labelsOf } from "./kinds.ts";
import type { Injector, WebhookAnswer, WebhookRequest } from "./port.ts";
import { validate } from "./validate.ts";

/** Largest body: istiod's bound, and twice what an API server takes for one object. */
export const MAX_BODY_BYTES = 6 << 20;
const INJECT = "/inject";
const VALIDATE = "/validate";
const JSON_TYPE = "application/json";
const TEXT_TYPE = "text/plain; charset=utf-8";

/** What a path is for; `undefined` when there is nothing. */
export type Route = "inject" | "validate" | "ready" | "https_ready" | undefined;

/** What the handler needs of the world. */
export interface ReviewHost {
  /** Time. */
  readonly clock: Clock;
  /** Injects; without it there is no `/inject`. */
  readonly injector: Injector | undefined;
  /** For refusals and failures. */
  readonly logger: Logger;
  /** For counters. */
  readonly metrics: Metrics;
}

/** Answers requests. */
export interface ReviewHandler {
  /** What a path is for. */
  routeOf(path: string): Route;
  /** Answers a review; `body` is read before this returns. Never throws. */
  answer(route: "inject" | "validate", request: WebhookRequest): WebhookAnswer;
}

/** A text as Go's servers send their errors. */
export function textAnswer(status: number, message: string): WebhookAnswer {
  return { status, contentType: TEXT_TYPE, body: `${message}\n` };
}

/** Makes the handler. */
export function createReviewHandler(host: ReviewHost): ReviewHandler {
  const { clock, metrics } = host;
  const logger = host.logger.scoped("webhook");
  const seconds = {
    inject: metrics.histogram(METRIC.webhookSeconds, { path: INJECT }),
    validate: metrics.histogram(METRIC.webhookSeconds, { path: VALIDATE }),
  };
  const review = {
    inject: injection({ ...host, logger }),
    validate: validation({ ...host, logger }),
  };
  return {
    routeOf(path) {
      const isBelow = (prefix: string) => path === prefix || path.startsWith(`${prefix}/`);
      if (isBelow(VALIDATE)) return "validate";
      if (isBelow(INJECT)) return host.injector === undefined ? undefined : "inject";
      if (path === "/ready") return "ready";
      return path === "/httpsReady" ? "https_ready" : undefined;
    },
    answer(route, request) {
      const startedMs = clock.monotonicMs();
      try {
        const refused = commonFault(request);
        if (refused === undefined) return review[route](request);
        if (route === "validate") {
          metrics.counter(METRIC.validationHttpError, { status: String(refused.status) }).inc();
        }
        return refused;
      } catch (thrown) {
        logger.error(EVENT.webhookFailed, "Failed on a review", { path: route }, thrown);
        return textAnswer(500, "could not answer the review");
      } finally {
        seconds[route].observe((clock.monotonicMs() - startedMs) / 1000);
      }
    },
  };
}

/** What is refused before the body is looked into, in istiod's order. */
function commonFault({ body, contentType }: WebhookRequest): WebhookAnswer | undefined {
  if (body === undefined) {
    return textAnswer(400, `Request entity too large: limit is ${MAX_BODY_BYTES}`);
  }
  if (body.length === 0) return textAnswer(400, "no body found");
  if (contentType !== JSON_TYPE) {
    return textAnswer(415, `invalid Content-Type, want \`${JSON_TYPE}\``);
  }
  return undefined;
}

function jsonAnswer(body: string): WebhookAnswer {
  return { status: 200, contentType: JSON_TYPE, body };
}

function validation({ logger, metrics }: ReviewHost) {
  return ({ body }: WebhookRequest): WebhookAnswer => {
    const decoded = decodeReview(body!);
    if (decoded.kind !== "request") {
      const prefix = decoded.kind === "undecodable" ? "could not decode body: " : "";
      const message = `${prefix}${decoded.message}`;
      logger.info(EVENT.webhookRefused, "Refused a review", { path: VALIDATE, reason: message });
      return jsonAnswer(encodeReview(decoded, { allowed: false, message }));
    }
    const { request } = decoded;
    const { response, reason, kind } = validate(request);
    if (!request.dryRun) {
      const labels = labelsOf(kind);
      if (reason === undefined) metrics.counter(METRIC.validationPassed, labels).inc();
      else metrics.counter(METRIC.validationFailed, { ...labels, reason }).inc();
    }
    if (!response.allowed) logRefusal(logger, request, response);
    return jsonAnswer(encodeReview(decoded, response));
  };
}

/** The proof that signet itself tries is refused each time, and is no news. */
function logRefusal(
  logger: Logger,
  { object, namespace, dryRun }: AdmissionRequest,
  { message }: Extract<AdmissionResponse, { allowed: false }>,
): void {
  if (message.includes("webhook-always-reject")) return;
  const { kind, metadata } = asObject(object);
  logger.info(EVENT.webhookRefused, "Refused a configuration", {
    kind: asText(kind),
    name: asText(asObject(metadata)["name"]),
    namespace,
    dry_run: dryRun,
    reason: message,
  });
}

function injection({ injector, logger }: ReviewHost) {
  const refused = (message: string): AdmissionResponse => {
    logger.info(EVENT.webhookRefused, "Refused a review", { path: INJECT, reason: message });
    return { allowed: false, message };
  };
  return ({ body, path }: WebhookRequest): WebhookAnswer => {
    const decoded = decodeReview(body!);
    if (decoded.kind !== "request") {
      return jsonAnswer(encodeReview(decoded, refused(decoded.message)));
    }
    const { object, namespace, dryRun } = decoded.request;
    if (goKindOf(object) !== "object") {
      const message = object === undefined
        ? "unexpected end of JSON input"
        : `json: cannot unmarshal ${goKindOf(object)} into Go value of type v1.Pod`;
      return jsonAnswer(encodeReview(decoded, refused(message)));
    }
    const outcome = injector!.inject({
      ...{ pod: asObject(object), namespace, dryRun },
      path: path.slice(INJECT.length),
    });
    switch (outcome.kind) {
      case "skipped":
        return jsonAnswer(encodeReview(decoded, { allowed: true }));
      case "patched":
        return jsonAnswer(encodeReview(decoded, { allowed: true, patch: outcome.patch }));
      case "failed":
        return jsonAnswer(encodeReview(decoded, { allowed: false, message: outcome.message }));
    }
  };
}
