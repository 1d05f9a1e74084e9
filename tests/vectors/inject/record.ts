/**
 * Records what Istio's own webhook makes of pods by signet's built-in template: `pods.json`. Istio's own templates are not signet's to
 * keep, and with them `tests/integration/istio/injection_test.ts` asks the webhook itself.
 *
 * Usage: `scripts/deno run --allow-all tests/vectors/inject/record.ts`, with `istioinject` built by `scripts/deno task peers`
 */
import { askIstio } from "../../support/istio_injection.ts";
import { findPeer } from "../../support/peers.ts";
import { builtinQuestion, RECORDED_ROWS } from "./rows.ts";

if (import.meta.main) {
  const istioinject = findPeer("istioinject");
  if (istioinject === undefined) throw new TypeError("istioinject is missing, see scripts/peers.ts");
  const answers = await askIstio(istioinject, RECORDED_ROWS.map(builtinQuestion));
  const recorded = RECORDED_ROWS.map(({ name }, at) => {
    const { patched, error, config } = answers[at]!;
    if (config !== undefined) throw new TypeError(`${name}: ${config}`);
    return { name, ...patched === undefined ? {} : { patched }, ...error === undefined ? {} : { error } };
  });
  const lines = recorded.map((row) => `  ${JSON.stringify(row)}`).join(",\n");
  await Deno.writeTextFile(new URL("pods.json", import.meta.url), `[\n${lines}\n]\n`);
}
