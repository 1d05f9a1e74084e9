/** Asking the API server who a token is (`authentication.k8s.io/v1` TokenReview). */
import { asObject, asText, asTexts } from "./documents.ts";
import type { KubeClient } from "./port.ts";

/** Time for an answer, in milliseconds: callers wait for theirs meanwhile. */
const TIMEOUT_MS = 3_000;

/** What the API server says of a token. */
export interface TokenReview {
  /** True when it knows the token. */
  readonly authenticated: boolean;
  /** Why it could not tell; empty otherwise. */
  readonly error: string;
  /** The user. */
  readonly username: string;
  /** Its groups. */
  readonly groups: readonly string[];
  /** More about it: the pod that the token is bound to. */
  readonly extra: Readonly<Record<string, readonly string[]>>;
  /** Which of the audiences that were asked for the token is meant for. */
  readonly audiences: readonly string[];
}

/**
 * Reviews a token.
 *
 * @throws {SignetError} `kube.*`, never with the token in it.
 */
export async function reviewToken(
  client: Pick<KubeClient, "request">,
  { token, audiences }: { readonly token: string; readonly audiences: readonly string[] },
): Promise<TokenReview> {
  const answer = await client.request({
    method: "POST",
    isUrgent: true,
    timeoutMs: TIMEOUT_MS,
    path: "/apis/authentication.k8s.io/v1/tokenreviews",
    body: {
      apiVersion: "authentication.k8s.io/v1",
      kind: "TokenReview",
      spec: { token, ...(audiences.length === 0 ? {} : { audiences }) },
    },
  });
  const status = asObject(answer["status"]);
  const user = asObject(status["user"]);
  const extra = Object.entries(asObject(user["extra"])).map(([key, values]) =>
    [key, asTexts(values)] as const
  );
  return {
    authenticated: status["authenticated"] === true,
    error: asText(status["error"]),
    username: asText(user["username"]),
    groups: asTexts(user["groups"]),
    extra: Object.fromEntries(extra),
    audiences: asTexts(status["audiences"]),
  };
}
