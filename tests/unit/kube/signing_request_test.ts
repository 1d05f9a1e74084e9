/** Requests to signers against an API server of paper: what happens at the edges that a real one seldom shows. */
import assert from "node:assert/strict";
import { isSignetError, SignetError } from "signet/base/mod.ts";
import { createSigningQueue, type KubeClient, type KubeDocument } from "signet/kube/mod.ts";
import {
  MAX_ASKED,
  MAX_CERTIFICATE_CHARS,
  MAX_WAITING,
  SIGNING_TIMEOUT_MS,
} from "../../../lib/kube/signing_request.ts";
import { createFakeClock } from "../../support/fake_clock.ts";

const REQUEST = {
  csrPem: "CSR",
  signerName: "example.com/x",
  usages: ["client auth"],
  expirationSeconds: 3600,
  names: ["spiffe://a/ns/b/sa/c"],
};
const PEM = "a certificate";

type Status = Readonly<Record<string, unknown>>;
const object = (version: string, status: Status = {}): KubeDocument => ({
  metadata: { name: "csr-workload-1", resourceVersion: version },
  status,
});
const signed = (version: string) => object(version, { certificate: btoa(PEM) });
const refusal = (status: number) =>
  new SignetError("kube.refused", "Cannot", { fields: { status } });
const away = () => new SignetError("kube.unavailable", "Cannot reach");

/** Answers of the paper: by method, in turn; the last of each again and again. */
interface Paper {
  readonly post?: readonly (KubeDocument | Error)[];
  readonly put?: readonly (KubeDocument | Error)[];
  readonly get?: readonly (KubeDocument | Error)[];
  readonly remove?: readonly (KubeDocument | Error)[];
  /** What each watch brings; none left: it stays open. */
  readonly watch?: readonly (readonly KubeDocument[] | Error)[];
}

function open(paper: Paper) {
  const clock = createFakeClock(0);
  const asked: { method: string; path: string; body: KubeDocument; query: unknown }[] = [];
  const leftOver: string[] = [];
  const turns = new Map<string, number>();
  const next = <T>(key: string, list: readonly T[]): T => {
    const at = turns.get(key) ?? 0;
    turns.set(key, at + 1);
    return list[Math.min(at, list.length - 1)]!;
  };
  const answers: Readonly<Record<string, readonly (KubeDocument | Error)[]>> = {
    POST: paper.post ?? [object("1")],
    PUT: paper.put ?? [object("2")],
    GET: paper.get ?? [object("3")],
    DELETE: paper.remove ?? [{}],
  };
  const client: KubeClient = {
    server: "https://paper",
    request({ method = "GET", path, body, query }) {
      asked.push({ method, path, body: body as KubeDocument, query });
      const answer = next(method, answers[method]!);
      return answer instanceof Error ? Promise.reject(answer) : Promise.resolve(answer);
    },
    async *watch({ query, signal }) {
      asked.push({ method: "WATCH", path: "", body: {}, query });
      const at = asked.filter(({ method }) => method === "WATCH").length - 1;
      const events = paper.watch?.[at];
      if (events instanceof Error) throw events;
      if (events !== undefined) {
        for (const one of events) yield { type: "MODIFIED" as const, object: one };
        return;
      }
      signal!.throwIfAborted();
      await new Promise((_, reject) =>
        signal!.addEventListener("abort", () => reject(signal!.reason))
      );
    },
    [Symbol.dispose]() {},
  };
  const ask = createSigningQueue({
    ...{ client, clock },
    onLeftOver: (name) => void leftOver.push(name),
  });
  return { ask, asked, leftOver, clock };
}

const isNotSigned = (pattern: RegExp) => (thrown: unknown) =>
  isSignetError(thrown, "kube.not_signed") && pattern.test(thrown.message);

Deno.test("a request is made, approved, watched from there, and deleted", async () => {
  const { ask, asked } = open({ watch: [[object("3")], [signed("4")]], get: [] });
  assert.equal(await ask(REQUEST), PEM);
  const [post, put, watch] = asked;
  assert.deepEqual(post!.body["spec"], {
    request: btoa("CSR"),
    signerName: "example.com/x",
    usages: ["client auth"],
    expirationSeconds: 3600,
  });
  const { conditions } = put!.body["status"] as { conditions: Status[] };
  const words = "CSR (csr-workload-1) for the certificate (spiffe://a/ns/b/sa/c) is approved";
  assert.deepEqual(conditions, [
    { type: "Approved", status: "True", reason: words, message: words },
  ]);
  assert.deepEqual(watch!.query, {
    fieldSelector: "metadata.name=csr-workload-1",
    resourceVersion: "2",
  });
  assert.equal(asked.at(-1)!.method, "DELETE");
});

Deno.test("a lifetime is left out when none is wanted, and never too large for the API", async () => {
  for (const [wanted, sent] of [[undefined, undefined], [1e12, 2 ** 31 - 1]] as const) {
    const { ask, asked } = open({ put: [signed("2")] });
    await ask({ ...REQUEST, expirationSeconds: wanted });
    assert.equal((asked[0]!.body["spec"] as Status)["expirationSeconds"], sent);
  }
});

Deno.test("a watch that ends, fails or is too old leads to a look, and the certificate is found", async () => {
  const watches = { ends: [], fails: away() };
  for (const [name, watch] of Object.entries(watches)) {
    const { ask, clock } = open({ watch: [watch, [signed("9")]], get: [signed("5")] });
    const asking = ask(REQUEST);
    for (let look = 0; look < 5; look++) await clock.advance(1_000);
    assert.equal(await asking, PEM, name);
  }
});

Deno.test("what the signer denies or fails is told at once, and the request is deleted", async () => {
  for (const type of ["Denied", "Failed"]) {
    const conditions = [{ type, status: "True", reason: "r", message: "no ink" }];
    const { ask, asked } = open({ watch: [[object("3", { conditions })]] });
    await assert.rejects(
      ask(REQUEST),
      isNotSigned(new RegExp(`is ${type.toLowerCase()}: "no ink"`)),
    );
    assert.equal(asked.at(-1)!.method, "DELETE");
  }
});

Deno.test("a signer that does nothing is waited for a minute; a request that goes away is not", async () => {
  const { ask, asked, clock } = open({});
  const asking = assert.rejects(
    ask(REQUEST),
    isNotSigned(/timeout when watching CSR csr-workload-1$/),
  );
  await clock.advance(SIGNING_TIMEOUT_MS);
  await asking;
  assert.equal(asked.at(-1)!.method, "DELETE");
  const gone = open({ watch: [[]], get: [refusal(404)] });
  await assert.rejects(gone.ask(REQUEST), (thrown) => isSignetError(thrown, "kube.refused"));
});

Deno.test("an approval that another was faster with is made again; one that an approver gave is kept", async () => {
  const conditions = [{ type: "Approved", status: "True", reason: "r", message: "m" }];
  const { ask, asked } = open({
    put: [refusal(409), signed("4")],
    get: [object("3", { conditions: [{ type: "Seen" }] })],
  });
  assert.equal(await ask(REQUEST), PEM);
  const { conditions: sent } = asked[3]!.body["status"] as { conditions: Status[] };
  assert.deepEqual(sent.map(({ type }) => type), ["Seen", "Approved"]);
  const given = open({
    put: [refusal(409)],
    get: [object("3", { conditions, certificate: btoa(PEM) })],
  });
  assert.equal(await given.ask(REQUEST), PEM);
  assert.equal(given.asked.filter(({ method }) => method === "PUT").length, 1);
});

Deno.test("an answer that is too large or no base64 is not taken", async () => {
  const large = "A".repeat(MAX_CERTIFICATE_CHARS + 1);
  const cases = [[large, /characters, at most/], ["***", /is not base64/]] as const;
  for (const [certificate, words] of cases) {
    const { ask } = open({ put: [object("2", { certificate })] });
    await assert.rejects(ask(REQUEST), isNotSigned(words));
  }
});

Deno.test("a request that cannot be deleted is told, and one that is gone is not", async () => {
  const stuck = open({ put: [signed("2")], remove: [away()] });
  assert.equal(await stuck.ask(REQUEST), PEM);
  assert.deepEqual(stuck.leftOver, ["csr-workload-1"]);
  const gone = open({ put: [signed("2")], remove: [refusal(404)] });
  assert.equal(await gone.ask(REQUEST), PEM);
  assert.deepEqual(gone.leftOver, []);
});

Deno.test("requests beyond a bound wait for their turn, and beyond another are turned away", async () => {
  const { ask, asked, clock } = open({});
  const all = Array.from(
    { length: MAX_ASKED + MAX_WAITING },
    () => ask(REQUEST).catch((thrown: Error) => thrown.message),
  );
  await assert.rejects(ask(REQUEST), isNotSigned(/other requests wait for their turn/));
  assert.equal(asked.filter(({ method }) => method === "POST").length, MAX_ASKED);
  const every = Promise.all(all);
  let isOver = false;
  void every.finally(() => isOver = true);
  for (let turn = 0; turn < 100 && !isOver; turn++) await clock.advance(SIGNING_TIMEOUT_MS);
  assert.ok(isOver, "some request never had its turn");
  for (const said of await every) assert.match(said, /timeout when watching/);
});
