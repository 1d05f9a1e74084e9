/**
 * Signet's verdict on documents beside those of the API server and of istiod's webhook: `istiovalidate` is their validation as a program.
 *
 * A document is refused when either refuses it, and warned of when the webhook alone has something to say. Where signet differs on
 * purpose the document stands in `DIFFERENCES` with the reason.
 */
import assert from "node:assert/strict";
import { parse } from "yaml";
import { parseDocument } from "signet/istio/mod.ts";
import { judgeByIstio, type Verdict } from "../../support/istio_validation.ts";
import { testWithPeers } from "../../support/peers.ts";
import { CORPORA } from "./corpus/mod.ts";

/** Documents that signet judges otherwise, with the reason. */
const DIFFERENCES: Readonly<Record<string, string>> = {};

/** `refused`, `warned` or `fine`. */
function wordOf({ schema, error, warning }: Verdict): string {
  if (schema !== "" || error !== "") return "refused";
  return warning === "" ? "fine" : "warned";
}

testWithPeers(
  "parseDocument() refuses and warns of what the API server and istiod's webhook do",
  ["istiovalidate"],
  async (t, { istiovalidate }) => {
    const rows = CORPORA.flatMap(({ apiVersion, kind, specs }) =>
      specs.map((spec, at) => ({
        name: `${kind} ${spec}`,
        document: {
          apiVersion,
          kind,
          metadata: { name: `d${at}`, namespace: "shop" },
          spec: parse(spec) as unknown,
        },
      }))
    );
    const verdicts = await judgeByIstio(istiovalidate, rows.map(({ document }) => document));
    const unused = new Set(Object.keys(DIFFERENCES));
    for (const [at, { name, document }] of rows.entries()) {
      await t.step(name, () => {
        const { faults, warnings } = parseDocument(document);
        const own = faults.length > 0 ? "refused" : warnings.length > 0 ? "warned" : "fine";
        const theirs = wordOf(verdicts[at]!);
        const why = JSON.stringify({ ...verdicts[at], faults, warnings }, undefined, 1);
        unused.delete(name);
        assert.equal(own === theirs, !(name in DIFFERENCES), `${own}, Istio: ${theirs}: ${why}`);
      });
    }
    assert.deepEqual([...unused], [], "differences of documents that are not there");
  },
);
