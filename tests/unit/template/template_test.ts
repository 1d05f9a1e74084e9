import { match, ok, strictEqual, throws } from "node:assert/strict";
import { isSignetError, SignetError } from "signet/base/mod.ts";
import { fault, goFunction, goInt, parseTemplate, SPRIG } from "signet/template/mod.ts";
import { ALL_CASES } from "../../support/template/cases/all.ts";
import { renderHere } from "../../support/template/case.ts";
import { cuts } from "../../support/template/cuts.ts";

Deno.test("parseTemplate() takes functions of its caller, which may replace its own", () => {
  const template = parseTemplate("t", "{{len .}} {{shout . | printf `%s!`}} {{none}}", {
    functions: {
      len: goFunction("string", (text) => `len of ${text}`),
      shout: (text) => String(text).toUpperCase(),
      none: () => undefined,
    },
  });
  strictEqual(template.render("a"), "len of a A! <no value>");
});

Deno.test("render() may be called again and again, with other data each time", () => {
  const template = parseTemplate("t", "{{$x := .}}{{range 2}}{{$x}}{{end}}", { functions: {} });
  strictEqual(template.render("a") + template.render(goInt(1)) + template.render("a"), "aa11aa");
  throws(() => parseTemplate("t", "{{fail .}}", { functions: SPRIG }).render("no"));
  strictEqual(template.render("b"), "bb");
});

Deno.test("A template that calls what sprig's pure part has not is refused when it is parsed", () => {
  const absent = [
    ...["now", "date", "ago", "randAlphaNum", "uuidv4", "env", "expandenv", "getHostByName"],
    ...["genCA", "genPrivateKey", "htpasswd", "bcrypt", "encryptAES", "shuffle", "randInt"],
  ];
  for (const name of absent) {
    throws(
      () => parseTemplate("t", `{{ ${name} }}`, { functions: SPRIG }),
      (thrown) =>
        isSignetError(thrown, "template.bad_syntax") &&
        thrown.message === `template: t:1: function "${name}" not defined`,
    );
  }
});

Deno.test("What a function throws is in the error, with the call, and its cause is kept", () => {
  const cause = fault("no such thing");
  const template = parseTemplate("t", "a\n{{ lookup `x` | print }}", {
    functions: {
      lookup: () => {
        throw cause;
      },
    },
  });
  throws(() => template.render({}), (thrown) => {
    ok(isSignetError(thrown, "template.failed"));
    strictEqual(
      thrown.message,
      'template: t:2:3: executing "t" at <lookup `x`>: error calling lookup: no such thing',
    );
    strictEqual((thrown as SignetError).cause, cause);
    return true;
  });
});

Deno.test("Any part of a template gives a text or an error in Go's words, and nothing else", () => {
  for (const part of cuts(ALL_CASES)) {
    const { output, error } = renderHere(part);
    if (error === undefined) strictEqual(typeof output, "string");
    else match(error, /^(template: t:|Cannot )/);
  }
});
