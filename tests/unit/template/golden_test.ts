import { deepStrictEqual } from "node:assert/strict";
import { type Rendered, renderHere } from "../../support/template/case.ts";
import { ALL_CASES } from "../../support/template/cases/all.ts";
import { comparable, DIFFERENCES } from "../../support/template/differences.ts";

type Golden = Rendered & { readonly template: string; readonly group: string };

const golden: readonly Golden[] = JSON.parse(
  await Deno.readTextFile(new URL("../../vectors/template/golden.json", import.meta.url)),
);

Deno.test("golden.json has an answer of Go's for each case, in order", () => {
  deepStrictEqual(
    golden.map(({ template }) => template),
    ALL_CASES.map(({ template }) => template),
  );
});

for (const group of new Set(ALL_CASES.map((one) => one.group))) {
  Deno.test(`parseTemplate() and render() say what Go says: ${group}`, () => {
    const differing: unknown[] = [];
    ALL_CASES.forEach((one, at) => {
      if (one.group !== group || Object.hasOwn(DIFFERENCES, one.template)) return;
      const { output, error } = golden[at] as Golden;
      const wanted = comparable({ output, ...(error === undefined ? {} : { error }) });
      const here = comparable(renderHere(one));
      if (wanted.output !== here.output || wanted.error !== here.error) {
        differing.push({ template: one.template, wanted, here });
      }
    });
    deepStrictEqual(differing, []);
  });
}

Deno.test("Every listed difference is one", () => {
  const templates = ALL_CASES.map(({ template }) => template);
  for (const template of Object.keys(DIFFERENCES)) {
    const at = templates.indexOf(template);
    const { output, error } = golden[at] as Golden;
    const here = renderHere(ALL_CASES[at] as typeof ALL_CASES[number]);
    deepStrictEqual(output === here.output && error === here.error, false, template);
  }
});
