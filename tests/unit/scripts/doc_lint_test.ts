import assert from "node:assert/strict";

import { parseFindings } from "../../../scripts/doc_lint.ts";

Deno.test("parseFindings() reads what deno doc --lint prints", () => {
  const output = `error[private-type-ref]: public type 'A' references private type 'B'
  --> /x/lib/config/log_options.ts:8:1
  |${" "}
8 | export type A = typeof B;

error[missing-jsdoc]: exported symbol is missing JSDoc documentation
   --> /x/lib/http2/streams.ts:85:3
   |

error: Found 2 documentation lint errors.
`;
  assert.deepEqual(parseFindings(output, "/x/"), [
    {
      kind: "private-type-ref",
      file: "lib/config/log_options.ts",
      text:
        "lib/config/log_options.ts:8: public type 'A' references private type 'B' (private-type-ref)",
    },
    {
      kind: "missing-jsdoc",
      file: "lib/http2/streams.ts",
      text:
        "lib/http2/streams.ts:85: exported symbol is missing JSDoc documentation (missing-jsdoc)",
    },
  ]);
});
