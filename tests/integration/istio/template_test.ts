import { deepStrictEqual, ok } from "node:assert/strict";
import { renderHere } from "../../support/template/case.ts";
import { ALL_CASES } from "../../support/template/cases/all.ts";
import { comparable, DIFFERENCES } from "../../support/template/differences.ts";
import { renderByGo } from "../../support/template/go_template.ts";
import { announce, rounds, testWithPeers } from "../../support/peers.ts";
import { chanceOf, randomCase } from "../../support/template/random_templates.ts";
import { shippedByIstio } from "../../support/istio_injection.ts";
import { parseTemplate, SPRIG } from "signet/template/mod.ts";

testWithPeers(
  "render() says of every case what Go's text/template and sprig say",
  ["gotemplate"],
  async (_t, { gotemplate }) => {
    const answers = await renderByGo(gotemplate, ALL_CASES);
    const differing = ALL_CASES.flatMap((one, at) => {
      if (Object.hasOwn(DIFFERENCES, one.template)) return [];
      const wanted = comparable(answers[at] ?? { output: "" });
      const here = comparable(renderHere(one));
      const isSame = wanted.output === here.output && wanted.error === here.error;
      return isSame ? [] : [{ template: one.template, wanted, here }];
    });
    deepStrictEqual(differing, []);
  },
);

/** Templates of one round. */
const BY_CHANCE = 400;

testWithPeers(
  "render() says of templates made by chance what Go's text/template and sprig say",
  ["gotemplate"],
  async (_t, { gotemplate }) => {
    const count = rounds(`rounds of ${BY_CHANCE} templates by chance`, 1, 50);
    const anySeed = () => crypto.getRandomValues(new Uint32Array(1))[0] ?? 1;
    const seed = Number(Deno.env.get("SIGNET_SEED") ?? (count > 1 ? anySeed() : 1));
    announce(`templates by chance: SIGNET_SEED=${seed}`);
    const chance = chanceOf(seed);
    for (let round = 0; round < count; round++) {
      const cases = Array.from({ length: BY_CHANCE }, () => randomCase(chance));
      const answers = await renderByGo(gotemplate, cases);
      const differing = cases.flatMap((one, at) => {
        const wanted = comparable(answers[at] ?? { output: "" });
        const here = comparable(renderHere(one));
        const isSame = wanted.output === here.output && wanted.error === here.error;
        return isSame ? [] : [{ template: one.template, wanted, here }];
      });
      deepStrictEqual(differing, [], `SIGNET_SEED=${seed}`);
      ok(answers.filter(({ error }) => error === undefined).length > BY_CHANCE / 5);
    }
  },
);

/** What istiod adds to sprig's functions. */
const ISTIO_FUNCTIONS = [
  ...["formatDuration", "isset", "excludeInboundPort", "includeInboundPorts", "kubevirtInterfaces"],
  ...[
    "excludeInterfaces",
    "applicationPorts",
    "annotation",
    "valueOrDefault",
    "toJSON",
    "fromJSON",
  ],
  ...["structToJSON", "protoToJSON", "toYaml", "directory", "toLower", "appendMultusNetwork"],
  ...["env", "strdict", "toJsonMap", "mergeMaps", "omitNil", "otelResourceAttributes"],
];

testWithPeers(
  "parseTemplate() takes every template that Istio ships",
  ["istioinject"],
  async (_t, { istioinject }) => {
    const { templates } = await shippedByIstio(istioinject);
    const stubs = Object.fromEntries(ISTIO_FUNCTIONS.map((name) => [name, () => ""]));
    for (const [name, text] of Object.entries(templates)) {
      parseTemplate(name, text, { functions: { ...SPRIG, ...stubs } });
    }
    ok(Object.keys(templates).includes("sidecar"), Object.keys(templates).join());
  },
);
