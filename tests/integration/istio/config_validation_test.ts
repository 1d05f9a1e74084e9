/**
 * Signet's verdict on documents beside those of the API server and of istiod's webhook: `istiovalidate` is their validation as a program.
 *
 * A document is refused when either refuses it, and warned of when the webhook alone has something to say. Where signet differs on
 * purpose the document stands in `DIFFERENCES` with the reason.
 */
import assert from "node:assert/strict";
import { parse } from "yaml";
import { documentToJson, type ParsedDocument, parseDocument } from "signet/istio/mod.ts";
import { judgeByIstio, type Verdict } from "../../support/istio_validation.ts";
import { mutated, randomFrom } from "../../support/json_mutations.ts";
import { announce, rounds, testWithPeers } from "../../support/peers.ts";
import { CORPORA } from "./corpus/mod.ts";
import { WHOLE_DOCUMENTS } from "./corpus/whole_documents.ts";

/** Differences on purpose: which documents, by their text, and why. */
const DIFFERENCES: readonly {
  /** What signet says of them. */
  readonly own: "refused" | "warned";
  /** How they are known: by what signet reports. */
  readonly reason: RegExp;
  /** Why. */
  readonly why: string;
}[] = [
  {
    own: "refused",
    reason: /is there twice$/,
    why: "a host or an address of a ServiceEntry that is there twice says nothing: it is a mistake",
  },
  {
    own: "refused",
    reason: /duplicate capture group name/,
    why:
      "Go takes two groups of one name, RE2 does not: Envoy would refuse the whole configuration",
  },
  {
    own: "refused",
    reason: /jwks parse error: Unexpected non-whitespace character after JSON/,
    why: "istiod reads the first value of a key set alone, Envoy refuses what follows it",
  },
  {
    own: "warned",
    reason: /^(?:outlier detection |consistent hash MinimumRingSize )/,
    why: "istiod loses warnings of the policies of ports and subsets on their way out",
  },
  {
    own: "warned",
    reason:
      /^(?:using legacy gatewayName format|invalid value for |config namespace |(?:empty )?domain name )/,
    why:
      "istiod loses warnings of a match's Gateways on their way out, and does not look at Gateways behind one without a namespace",
  },
];

interface Row {
  readonly kind: string;
  readonly document: unknown;
}

const ROWS: readonly Row[] = CORPORA.flatMap(({ apiVersion, kind, specs }) =>
  specs.map((spec, at) => ({
    kind,
    document: {
      apiVersion,
      kind,
      metadata: { name: `d${at}`, namespace: "shop" },
      spec: parse(spec) as unknown,
    },
  }))
);

type Word = "refused" | "warned" | "fine";

function wordOf({ schema, error, warning }: Verdict): Word {
  if (schema !== "" || error !== "") return "refused";
  return warning === "" ? "fine" : "warned";
}

function ownWord({ faults, warnings }: ParsedDocument): Word {
  if (faults.length > 0) return "refused";
  return warnings.length > 0 ? "warned" : "fine";
}

/** The place in `DIFFERENCES` of what signet alone says; -1 when it has none. */
function differenceOf(own: Word, { faults, warnings }: ParsedDocument): number {
  const said = own === "refused" ? faults : warnings;
  return DIFFERENCES.findIndex((difference) =>
    difference.own === own && said.every(({ reason }) => difference.reason.test(reason))
  );
}

interface Compared {
  /** Differences on purpose that were met. */
  readonly met: ReadonlySet<number>;
  /** A text for each row where the verdicts part. */
  readonly parted: readonly string[];
}

/** Compares rows whose verdicts come from Istio now. */
async function compareAll(istiovalidate: string, rows: readonly Row[]): Promise<Compared> {
  return compare(rows, await judgeByIstio(istiovalidate, rows.map(({ document }) => document)));
}

/** Compares rows with Istio's verdicts on them. */
function compare(rows: readonly Row[], verdicts: readonly Verdict[]): Compared {
  const met = new Set<number>();
  const parted: string[] = [];
  for (const [at, { document }] of rows.entries()) {
    const parsed = parseDocument(document);
    const [own, theirs] = [ownWord(parsed), wordOf(verdicts[at]!)];
    if (own === theirs) continue;
    const difference = differenceOf(own, parsed);
    if (difference >= 0) met.add(difference);
    else {
      const { faults, warnings } = parsed;
      const said = JSON.stringify({ document, ...verdicts[at], faults, warnings });
      parted.push(`signet: ${own}, Istio: ${theirs}: ${said}`);
    }
  }
  return { met, parted };
}

testWithPeers(
  "parseDocument() refuses and warns of what the API server and istiod's webhook do",
  ["istiovalidate"],
  async (t, { istiovalidate }) => {
    const whole = WHOLE_DOCUMENTS.map((text) => ({
      kind: "whole",
      document: parse(text) as unknown,
    }));
    const rows = [...ROWS, ...whole];
    const verdicts = await judgeByIstio(istiovalidate, rows.map(({ document }) => document));
    const met = new Set<number>();
    for (const kind of [...CORPORA.map(({ kind }) => kind), "whole"]) {
      const own = rows.flatMap((row, at) =>
        row.kind === kind ? [{ row, verdict: verdicts[at]! }] : []
      );
      await t.step(`${kind}: ${own.length} documents`, () => {
        const compared = compare(own.map(({ row }) => row), own.map(({ verdict }) => verdict));
        for (const difference of compared.met) met.add(difference);
        assert.deepEqual(compared.parted, []);
      });
    }
    const unmet = DIFFERENCES.filter((_, at) => !met.has(at)).map(({ why }) => why);
    assert.deepEqual(unmet, [], "differences that no document shows");
  },
);

testWithPeers(
  "documentToJson() gives documents back that read the same, to Istio too",
  ["istiovalidate"],
  async (_t, { istiovalidate }) => {
    const read = ROWS.flatMap(({ kind, document }) => {
      const { document: parsed } = parseDocument(document);
      return parsed === undefined ? [] : [{ kind, parsed, document: documentToJson(parsed) }];
    });
    for (const { parsed, document } of read) {
      assert.deepEqual(parseDocument(document).document, parsed, JSON.stringify(document));
    }
    assert.deepEqual((await compareAll(istiovalidate, read)).parted, []);
    assert.ok(read.length > 500, `${read.length} documents`);
  },
);

testWithPeers(
  "parseDocument() agrees with them on documents that were changed by chance",
  ["istiovalidate"],
  async (_t, { istiovalidate }) => {
    const count = rounds("changes of every document", 1, 25);
    // A run in CI says the same each time; the full one looks for what nobody has seen yet.
    const anySeed = () => crypto.getRandomValues(new Uint32Array(1))[0]!;
    const seed = Number(Deno.env.get("SIGNET_SEED") ?? (count > 1 ? anySeed() : 1));
    announce(`changes of documents: SIGNET_SEED=${seed}`);
    const random = randomFrom(seed);
    for (let round = 0; round < count; round++) {
      const rows = ROWS.map(({ kind, document }) => {
        const whole = document as { readonly spec: unknown };
        const changes = 1 + Math.floor(random() * 3);
        let spec = whole.spec;
        for (let change = 0; change < changes; change++) spec = mutated(spec, random);
        return { kind, document: { ...whole, spec } };
      });
      const { parted } = await compareAll(istiovalidate, rows);
      assert.deepEqual(parted, [], `SIGNET_SEED=${seed}`);
    }
  },
);
