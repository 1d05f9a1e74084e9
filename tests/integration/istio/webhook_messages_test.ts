/**
 * What the validation webhook answers beside what istiod's would say, word for word: its own code, `istiovalidate`, on every document that
 * an API server with Istio's CRDs would send on.
 */
import assert from "node:assert/strict";
import { parse } from "yaml";

import { validate } from "../../../lib/webhook/validate.ts";
import { judgeByIstio } from "../../support/istio_validation.ts";
import { announce, testWithPeers } from "../../support/peers.ts";
import { CORPORA } from "./corpus/mod.ts";
import { WHOLE_DOCUMENTS } from "./corpus/whole_documents.ts";

const DOCUMENTS: readonly unknown[] = [
  ...CORPORA.flatMap(({ apiVersion, kind, specs }) =>
    specs.map((spec, at) => ({
      ...{ apiVersion, kind },
      metadata: { name: `d${at}`, namespace: "shop" },
      spec: parse(spec) as unknown,
    }))
  ),
  ...WHOLE_DOCUMENTS.map((text) => parse(text) as unknown),
];

function answer(object: unknown): string {
  const none = { group: "", version: "", kind: "" };
  const { response } = validate({
    ...{ uid: "", namespace: "shop", operation: "CREATE", object, dryRun: false, kind: none },
    resource: { group: "", version: "", resource: "" },
  });
  return response.allowed ? "" : response.message;
}

/**
 * Refusals that were istiod's word for word when this was last looked at; they may only become more. The others say the same in other
 * words: Go's of numbers, addresses and key sets, and what istiod's lists of one fault look like.
 */
const SAME_AT_LEAST = 700;

/** A list of one fault, which istiod makes of some, as the fault alone. */
function withoutListsOfOne(message: string): string {
  return message.replaceAll(/1 error occurred:\n\t\* ([^\n]*)\n\n/g, "$1");
}

testWithPeers(
  "the webhook refuses in istiod's words",
  ["istiovalidate"],
  async (_t, { istiovalidate }) => {
    const verdicts = await judgeByIstio(istiovalidate, DOCUMENTS);
    const differences: string[] = [];
    let same = 0;
    for (const [at, object] of DOCUMENTS.entries()) {
      const { schema, error } = verdicts[at]!;
      // What its CRDs refuse an API server never asks about.
      if (schema !== "" || error === "") continue;
      const theirs = withoutListsOfOne(`configuration is invalid: ${error}`);
      const ours = answer(object);
      assert.notEqual(ours, "", JSON.stringify(object));
      if (ours === theirs) same++;
      else differences.push([object, theirs, ours].map((one) => JSON.stringify(one)).join("\n  "));
    }
    announce(`refusals in istiod's words: ${same} of ${same + differences.length}`);
    if (Deno.env.get("SIGNET_SHOW_DIFFERENCES")) announce(differences.join("\n"));
    assert.ok(same >= SAME_AT_LEAST, `${same} are the same`);
  },
);
