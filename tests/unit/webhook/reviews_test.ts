/** What `/inject` and `/validate` have in common, row by row, and the answers to reviews of every form. */
import assert from "node:assert/strict";

import { utf8 } from "signet/base/mod.ts";
import { createLogger, createMetrics } from "signet/telemetry/mod.ts";
import type { Injector, InjectRequest } from "signet/webhook/mod.ts";
import { createReviewHandler, MAX_BODY_BYTES } from "../../../lib/webhook/reviews.ts";
import { createFakeClock } from "../../support/fake_clock.ts";

function handlerWith(injector?: Injector) {
  const clock = createFakeClock(0);
  const lines: string[] = [];
  const logger = createLogger({ levels: { default: "info" }, json: true }, {
    clock,
    sink: (line) => void lines.push(line),
  });
  const metrics = createMetrics();
  const handler = createReviewHandler({ clock, injector, logger, metrics });
  const post = (
    path: string,
    body: string | Uint8Array | undefined,
    contentType: string | undefined = "application/json",
  ) =>
    handler.answer(path.startsWith("/inject") ? "inject" : "validate", {
      path,
      contentType,
      body: typeof body === "string" ? utf8(body) : body,
    });
  const review = (path: string, body: unknown) => {
    const answer = post(path, typeof body === "string" ? body : JSON.stringify(body));
    assert.deepEqual([answer.status, answer.contentType], [200, "application/json"]);
    return JSON.parse(answer.body);
  };
  return { handler, post, review, lines, metrics };
}

const REQUEST = {
  uid: "705ab4f5-6393-11e8-b7cc-42010a800002",
  kind: { group: "", version: "v1", kind: "Pod" },
  resource: { group: "", version: "v1", resource: "pods" },
  namespace: "shop",
  operation: "CREATE",
  object: { metadata: { generateName: "web-" }, spec: {} },
};
const REVIEW = { apiVersion: "admission.k8s.io/v1", kind: "AdmissionReview", request: REQUEST };

/** One that keeps what it was asked. */
function injectorWith(outcome: ReturnType<Injector["inject"]>) {
  const asked: InjectRequest[] = [];
  const injector: Injector = {
    ready: true,
    inject(request) {
      asked.push(request);
      return outcome;
    },
  };
  return { injector, asked };
}

Deno.test("requests are refused in istiod's order, with its statuses and texts", async (t) => {
  const { injector } = injectorWith({ kind: "skipped" });
  const { post, metrics } = handlerWith(injector);
  const big = undefined;
  const rows: readonly (readonly [
    string,
    string | Uint8Array | undefined,
    string | undefined,
    number,
    string,
  ])[] = [
    [
      "too large",
      big,
      "text/plain",
      400,
      `Request entity too large: limit is ${MAX_BODY_BYTES}\n`,
    ],
    ["empty", "", "text/plain", 400, "no body found\n"],
    ["another type", "{}", "text/plain", 415, "invalid Content-Type, want `application/json`\n"],
    ["no type", "{}", "", 415, "invalid Content-Type, want `application/json`\n"],
    [
      "a type with a charset",
      "{}",
      "application/json; charset=utf-8",
      415,
      "invalid Content-Type, want `application/json`\n",
    ],
  ];
  for (const path of ["/inject", "/validate"]) {
    for (const [what, body, type, status, text] of rows) {
      await t.step(`${path} ${what}`, () => {
        const answer = post(path, body, type);
        assert.deepEqual(answer, { status, contentType: "text/plain; charset=utf-8", body: text });
      });
    }
  }
  const { body } = await metrics.expose();
  assert.match(body, /galley_validation_http_error\{status="400"\} 2/);
  assert.match(body, /galley_validation_http_error\{status="415"\} 3/);
});

Deno.test("what is no review is answered without kind and version, in the words of Kubernetes' decoder", async (t) => {
  const { injector } = injectorWith({ kind: "skipped" });
  const { review } = handlerWith(injector);
  const deep = "[".repeat(10_000) + "]".repeat(10_000);
  const rows: readonly (readonly [string, unknown, RegExp])[] = [
    ["no JSON", "{", /^couldn't get version\/kind; json parse error: /],
    [
      "a truncated review",
      JSON.stringify(REVIEW).slice(0, -7),
      /^couldn't get version\/kind; json/,
    ],
    ["a list", "[]", /cannot unmarshal array into Go value/],
    ["a text", '"x"', /cannot unmarshal string into Go value/],
    ["null", "null", /cannot unmarshal null into Go value/],
    ["nothing in it", "{}", /^Object 'Kind' is missing in '\{\}'$/],
    ["no version", '{"kind":"AdmissionReview"}', /^Object 'apiVersion' is missing in '/],
    [
      "another version",
      { ...REVIEW, apiVersion: "admission.k8s.io/v2" },
      /^no kind "AdmissionReview" is registered for version "admission.k8s.io\/v2" in scheme /,
    ],
    ["another kind", { ...REVIEW, kind: "Pod" }, /^no kind "Pod" is registered for version /],
    [
      "deep",
      `{"kind":"AdmissionReview","apiVersion":"admission.k8s.io/v1","request":${deep}}`,
      /max depth/,
    ],
    ["deep in a text", `{"x":"${"[".repeat(5_000)}"}`, /^Object 'Kind' is missing/],
    [
      "a request that is a text",
      { ...REVIEW, request: "x" },
      /cannot unmarshal string into Go struct/,
    ],
    [
      "a uid that is a number",
      { ...REVIEW, request: { ...REQUEST, uid: 7 } },
      /cannot unmarshal number into Go struct field AdmissionReview.request.uid of type types.UID/,
    ],
  ];
  for (const [what, body, expected] of rows) {
    await t.step(what, () => {
      for (const [path, prefix] of [["/inject", ""], ["/validate", "could not decode body: "]]) {
        const { response, ...rest } = review(path!, body);
        assert.deepEqual(rest, {});
        assert.equal(response.uid, "");
        assert.equal(response.allowed, false);
        assert.deepEqual(response.status.metadata, {});
        const { message } = response.status;
        assert.equal(message.slice(0, prefix!.length), prefix);
        assert.match(message.slice(prefix!.length), expected);
        assert.ok(message.length < 600, `${message.length} characters`);
      }
    });
  }
});

Deno.test("a review is answered in its version, with its uid", () => {
  const { injector } = injectorWith({ kind: "skipped" });
  const { review } = handlerWith(injector);
  for (const apiVersion of ["admission.k8s.io/v1", "admission.k8s.io/v1beta1"]) {
    assert.deepEqual(review("/inject", { ...REVIEW, apiVersion }), {
      kind: "AdmissionReview",
      apiVersion,
      response: { uid: REQUEST.uid, allowed: true },
    });
    assert.deepEqual(review("/validate", { apiVersion, kind: "AdmissionReview" }), {
      kind: "AdmissionReview",
      apiVersion,
      response: {
        uid: "",
        allowed: false,
        status: { metadata: {}, message: "no request in AdmissionReview" },
      },
    });
  }
  const { uid: _, ...nameless } = REQUEST;
  const { response } = review("/inject", { ...REVIEW, request: nameless });
  assert.deepEqual(response, { uid: "", allowed: true });
});

Deno.test("an injector gets the pod, its namespace and the path, and its outcome is the answer", () => {
  const patch = [{ op: "add", path: "/metadata/labels", value: { "a/b": "é" } }];
  const patched = injectorWith({ kind: "patched", patch });
  const { review } = handlerWith(patched.injector);
  const { response } = review("/inject/cluster/c1/net/n1", {
    ...REVIEW,
    request: { ...REQUEST, dryRun: true },
  });
  assert.equal(response.patchType, "JSONPatch");
  const bytes = Uint8Array.fromBase64(response.patch);
  assert.deepEqual(JSON.parse(new TextDecoder().decode(bytes)), patch);
  assert.deepEqual(patched.asked, [{
    pod: REQUEST.object,
    namespace: "shop",
    path: "/cluster/c1/net/n1",
    dryRun: true,
  }]);
  const failed = injectorWith({ kind: "failed", message: "no such template" });
  assert.deepEqual(handlerWith(failed.injector).review("/inject", REVIEW).response, {
    uid: REQUEST.uid,
    allowed: false,
    status: { metadata: {}, message: "no such template" },
  });
  const wrong = handlerWith(failed.injector).review("/inject", {
    ...REVIEW,
    request: { ...REQUEST, object: "x" },
  });
  assert.equal(
    wrong.response.status.message,
    "json: cannot unmarshal string into Go value of type v1.Pod",
  );
});

Deno.test("a refusal is logged, whatever stands where a name should be", () => {
  const { review, lines } = handlerWith();
  const object = {
    apiVersion: "foo.io/v1",
    kind: "Foo",
    metadata: { name: { toString: 1, valueOf: 1 } },
  };
  const { response } = review("/validate", { ...REVIEW, request: { ...REQUEST, object } });
  assert.equal(response.allowed, false);
  assert.match(lines.at(-1)!, /Refused a configuration/);
});

Deno.test("a handler that throws answers 500 and logs", () => {
  const { post, lines } = handlerWith({
    ready: true,
    inject() {
      throw new RangeError("Maximum call stack size exceeded");
    },
  });
  const answer = post("/inject", JSON.stringify(REVIEW));
  assert.equal(answer.status, 500);
  assert.doesNotMatch(answer.body, /stack/);
  assert.match(lines.join("\n"), /Maximum call stack/);
});

Deno.test("paths: what is served, with and without an injector", () => {
  const { handler } = handlerWith();
  const withInjector = handlerWith(injectorWith({ kind: "skipped" }).injector).handler;
  const rows: readonly (readonly [string, string | undefined, string | undefined])[] = [
    ["/inject", undefined, "inject"],
    ["/inject/cluster/c1", undefined, "inject"],
    ["/injector", undefined, undefined],
    ["/validate", "validate", "validate"],
    ["/validate/x", "validate", "validate"],
    ["/ready", "ready", "ready"],
    ["/httpsReady", "https_ready", "https_ready"],
    ["/", undefined, undefined],
    ["/metrics", undefined, undefined],
    ["/admitpilot", undefined, undefined],
  ];
  for (const [path, without, withIt] of rows) {
    assert.equal(handler.routeOf(path), without, path);
    assert.equal(withInjector.routeOf(path), withIt, path);
  }
});
