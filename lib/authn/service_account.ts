/** Who a token of a service account is, out of a TokenReview: istiod's checks, in its order and words, with its gaps closed. */
import { quote } from "../base/mod.ts";
import type { TokenReview } from "../kube/mod.ts";

/** A service account, and the pod that its token is bound to. */
export interface ServiceAccount {
  /** Its namespace. */
  readonly namespace: string;
  /** Its name. */
  readonly name: string;
  /** The pod's name; empty for a token that is bound to none. */
  readonly podName: string;
  /** The pod's UID; empty with the name. */
  readonly podUid: string;
}

/** The service account, or why it is none. */
export type ReviewVerdict =
  | { readonly ok: true; readonly account: ServiceAccount }
  | { readonly ok: false; readonly reason: string };

const GROUP = "system:serviceaccounts";
const POD = "authentication.kubernetes.io/pod-";

/**
 * Judges a review.
 *
 * @param audiences those that were asked for; the server's answer is held to them, which istiod does not.
 */
export function judgeReview(review: TokenReview, audiences: readonly string[]): ReviewVerdict {
  const { error, authenticated, groups, username, extra } = review;
  if (error !== "") {
    return refuse(`the service account authentication returns an error: ${quote(error)}`);
  }
  if (!authenticated) return refuse("the token is not authenticated");
  const answered = review.audiences;
  if (answered.length > 0 && audiences.length > 0 && !answered.some((a) => audiences.includes(a))) {
    return refuse(`the token is for ${quote(answered.join(", "))} alone`);
  }
  if (!groups.includes(GROUP)) return refuse("the token is not a service account");
  const parts = username.split(":");
  const [system, kind, namespace = "", name = ""] = parts;
  if (parts.length !== 4 || system !== "system" || kind !== "serviceaccount") {
    return refuse(`invalid username field in the token review result: ${quote(username)}`);
  }
  if (namespace === "" || name === "") {
    return refuse(`namespace or name is empty in the token review result: ${quote(username)}`);
  }
  const podName = extra[`${POD}name`]?.[0] ?? "";
  const podUid = extra[`${POD}uid`]?.[0] ?? "";
  return { ok: true, account: { namespace, name, podName, podUid } };
}

function refuse(reason: string): ReviewVerdict {
  return { ok: false, reason };
}
