/** The admission webhooks as a part of the server: their handler, its port, and the configurations by which an API server finds them. */
import type { ServingMaterial } from "../server_cert/mod.ts";
import { followConfigurations } from "./cluster/follow.ts";
import { handOver } from "./cluster/hand_over.ts";
import { createIntake, type Intake } from "./intake.ts";
import { answerTaken, fieldsOf, listenReviews, type WebhookListener } from "./listen.ts";
import type { WebhookAnswer, WebhookConfig, WebhookHost } from "./port.ts";
import { createReviewHandler, MAX_BODY_BYTES, type ReviewHandler } from "./reviews.ts";

/** Webhooks that are served. */
export interface WebhookServer extends AsyncDisposable {
  /** Where HTTPS listens; `undefined` when they are on the plain HTTP ports. */
  readonly addr: string | undefined;
  /** Its paths. */
  readonly paths: readonly string[];
  /** Stops accepting, answers what is in flight until the deadline, closes. */
  drain(deadlineMs: number): Promise<void>;
}

/**
 * Serves the webhooks until disposed.
 *
 * @throws {SignetError} `transport.bind_failed`.
 */
export async function listenWebhook(
  config: WebhookConfig,
  host: WebhookHost,
): Promise<WebhookServer> {
  await using opened = new AsyncDisposableStack();
  const { clock, cert, http, injector } = host;
  const handler = createReviewHandler(host);
  const intake = opened.use(createIntake(clock));
  // Without a certificate every handshake would fail.
  const addr = cert.listens ? config.addr : undefined;
  const listener = addr && opened.use(
    await listenReviews({
      ...{ addr, tlsMinVersion: config.tlsMinVersion, material: cert.current },
    }, { ...host, handler, intake, ready: () => http.ready() }),
  );
  if (config.addr === undefined) http.addHandler(plainHandler(handler, intake));
  if (injector !== undefined) http.addProbe(() => injector.ready);
  opened.use(followCertificate(config, host, listener, opened));
  const kept = opened.move();
  return {
    addr: listener?.addr,
    paths: [...(injector === undefined ? [] : ["/inject"]), "/validate"],
    drain: async (deadlineMs) => await listener?.drain(deadlineMs),
    [Symbol.asyncDispose]: () => kept[Symbol.asyncDispose](),
  };
}

/** Shows each next certificate, in a cluster once its roots are known there. */
function followCertificate(
  { cluster }: WebhookConfig,
  host: WebhookHost,
  listener: WebhookListener | undefined,
  opened: AsyncDisposableStack,
): AsyncDisposable {
  const { kube } = host;
  const configurations = cluster === undefined || kube === undefined
    ? undefined
    : opened.use(followConfigurations(cluster, { ...host, ...kube }));
  return handOver({
    ...host,
    configurations,
    logger: host.logger.scoped("webhook"),
    show: (material: ServingMaterial) => listener?.show(material),
  });
}

/** The same on a plain HTTP port, for a gateway that ends TLS. */
function plainHandler(
  handler: ReviewHandler,
  intake: Intake,
): (request: Request) => Promise<Response> | undefined {
  return (request) => {
    const path = new URL(request.url).pathname;
    const route = handler.routeOf(path);
    if (route === "https_ready") return Promise.resolve(new Response(null));
    if (route !== "inject" && route !== "validate") return undefined;
    const contentType = request.headers.get("content-type") ?? undefined;
    return (async () => {
      const taken = await intake.readAll(request.body ?? noBody(), MAX_BODY_BYTES);
      const answer = answerTaken(
        taken,
        (body) => handler.answer(route, { path, contentType, body }),
      );
      return responseOf(answer);
    })();
  };
}

async function* noBody(): AsyncIterable<Uint8Array> {}

function responseOf(answer: WebhookAnswer): Response {
  const headers = new Headers(
    fieldsOf(answer).map(([name, value]): [string, string] => [
      name,
      value,
    ]),
  );
  return new Response(answer.body, { status: answer.status, headers });
}
