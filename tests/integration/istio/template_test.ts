import { deepStrictEqual } from "node:assert/strict";
import { renderHere } from "../../support/template/case.ts";
import { ALL_CASES } from "../../support/template/cases/all.ts";
import { comparable, DIFFERENCES } from "../../support/template/differences.ts";
import { renderByGo } from "../../support/template/go_template.ts";
import { testWithPeers } from "../../support/peers.ts";

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
