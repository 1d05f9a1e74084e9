import { match, ok, strictEqual, throws } from "node:assert/strict";
import { isSignetError } from "signet/base/mod.ts";
import {
  parseTemplate,
  type ParseTemplateOptions,
  SPRIG,
  type TemplateLimits,
} from "signet/template/mod.ts";

type Options = Omit<ParseTemplateOptions, "functions">;

function render(text: string, data: unknown = {}, options: Options = {}): string {
  return parseTemplate("t", text, { functions: SPRIG, ...options }).render(data);
}

/** Runs it, and gives the message of the error that it must end in. */
function refusal(text: string, data: unknown = {}, options: Options = {}): string {
  let message = "";
  throws(() => render(text, data, options), (thrown) => {
    ok(isSignetError(thrown, "template.failed", "template.bad_syntax"), String(thrown));
    message = thrown.message;
    return true;
  });
  ok(
    !message.includes("\n") && message.length < 2_000,
    `one line, not ${message.length} characters`,
  );
  return message;
}

const limits = (own: Partial<TemplateLimits>): Options => ({ limits: own });

Deno.test("parseTemplate() refuses a text longer than maxTextChars", () => {
  strictEqual(render("12345678", {}, limits({ maxTextChars: 8 })), "12345678");
  match(refusal("123456789", {}, limits({ maxTextChars: 8 })), /9 characters, at most 8/);
});

Deno.test("parseTemplate() refuses blocks and parentheses that nest deeper than maxNesting", () => {
  const parens = (depth: number) => `{{${"(".repeat(depth)}1${")".repeat(depth)}}}`;
  const blocks = (depth: number) => "{{if 1}}".repeat(depth) + "x" + "{{end}}".repeat(depth);
  const chain = (length: number) => `{{if 0}}${"{{else if 0}}".repeat(length)}{{else}}x{{end}}`;
  for (const text of [parens, blocks, chain]) {
    ok(render(text(9), {}, limits({ maxNesting: 10 })).length > 0);
    match(refusal(text(11), {}, limits({ maxNesting: 10 })), /nest deeper than 10/);
    ok(render(text(300)).length > 0);
    match(refusal(text(20_000)), /nest deeper than 400/);
  }
});

Deno.test("render() ends templates that call one another without end", () => {
  const endless = '{{define "a"}}{{template "b" .}}{{end}}{{define "b"}}{{template "a" .}}{{end}}';
  match(refusal(`${endless}{{template "a" .}}`), /exceeded maximum template depth \(800\)/);
  const self =
    '{{define "a"}}{{if true}}{{with 1}}{{range 1}}{{template "a"}}{{end}}{{end}}{{end}}{{end}}';
  match(refusal(`${self}{{template "a"}}`), /exceeded maximum template depth/);
  match(
    refusal('{{template "t" .}}'),
    /executing "t" at <\{\{template "t" \.\}\}>: exceeded maximum template depth/,
  );
});

Deno.test("render() reaches maxDepth before the stack ends, whatever nests", () => {
  const body = `{{template "a" (((index (list (list .)) 0)))}}`;
  const nested = `{{define "a"}}{{with (((1)))}}{{range list 1}}${body}{{end}}{{end}}{{end}}`;
  match(refusal(`${nested}{{template "a" 1}}`), /exceeded maximum template depth/);
});

Deno.test("render() takes no more than maxSteps, however little each round does", () => {
  match(refusal("{{range 1000000000000}}{{end}}"), /takes more than 200000 steps/);
  match(refusal("{{range 800}}{{range 800}}{{end}}{{end}}"), /takes more than 200000 steps/);
  const twice = (at: number) =>
    `{{define "${at}"}}{{template "${at + 1}"}}{{template "${at + 1}"}}{{end}}`;
  const doubling = Array.from({ length: 60 }, (_, at) => twice(at)).join("");
  match(
    refusal(`${doubling}{{define "60"}}{{end}}{{template "0"}}`),
    /takes more than 200000 steps/,
  );
  strictEqual(render("{{range 3}}{{.}}{{end}}", {}, limits({ maxSteps: 10 })), "012");
  match(refusal("{{range 10}}{{.}}{{end}}", {}, limits({ maxSteps: 10 })), /more than 10 steps/);
});

Deno.test("render() counts long texts and lists that functions are given or make", () => {
  const upper = "{{$a := repeat 2000000 `a`}}{{range 150000}}{{$b := upper $a}}{{end}}";
  match(refusal(upper), /takes more than 200000 steps/);
  const reverse = "{{$l := until 90000}}{{range 150000}}{{$b := reverse $l}}{{end}}";
  match(refusal(reverse), /takes more than 200000 steps/);
});

Deno.test("parseTemplate() refuses more variables in scope than maxVariables", () => {
  const declared = (count: number) => "{{$x := 1}}".repeat(count);
  ok(render(`${declared(2)}{{$x}}`, {}, limits({ maxVariables: 3 })).length > 0);
  match(
    refusal(declared(3), {}, limits({ maxVariables: 3 })),
    /more than 3 variables are in scope/,
  );
  match(refusal(declared(20_000)), /more than 1000 variables are in scope/);
  strictEqual(render(`{{range 1}}${declared(990)}{{end}}`.repeat(3)), "");
});

Deno.test("render() writes no more than maxOutputChars", () => {
  strictEqual(render("{{range 5}}ab{{end}}", {}, limits({ maxOutputChars: 10 })), "ababababab");
  const message = refusal("{{range 6}}ab{{end}}", {}, limits({ maxOutputChars: 10 }));
  match(message, /writes more than 10 characters/);
  match(refusal('{{range 100000}}{{"0123456789"}}{{repeat 100 "a"}}{{end}}'), /writes more than/);
});

Deno.test("A function makes no text beyond the bound, by whatever it is given", () => {
  const doubling = "{{$x := `0123456789`}}{{range 40}}{{$x = printf `%s%s` $x $x}}{{end}}";
  for (
    const text of [
      doubling,
      "{{repeat 100000000 `abc`}}",
      "{{repeat 2000000 `a` | indent 2000000}}",
      "{{indent 1000000000 `a`}}",
      "{{$l := `\n` | repeat 4000}}{{indent 4000 $l}}",
      "{{$a := repeat 100000 `a`}}{{replace `a` $a $a}}",
      "{{$a := repeat 100000 `a`}}{{replace `` $a $a}}",
      "{{$a := repeat 100000 `a`}}{{join $a (until 1000)}}",
      "{{$a := repeat 400 `a`}}{{repeat 10000 `b` | regexReplaceAll `a` $a}}",
      `{{printf "${"%1000000d".repeat(30)}" 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15}}`,
      '{{printf "%[1]*[2]d%[1]*[2]d%[1]*[2]d%[1]*[2]d%[1]*[2]d%[1]*[2]d" 1000000 1}}',
      "{{$a := repeat 500000 `<`}}{{html $a $a}}",
      "{{$a := repeat 400000 `é`}}{{urlquery $a}}",
      "{{$a := repeat 400000 `<`}}{{toJson $a}}",
      "{{$a := repeat 200000 `a`}}{{wrapWith 1 `0123456789` $a}}",
    ]
  ) match(refusal(text), /makes more than|more than [0-9]+ characters|Invalid string length/);
  const searches = "{{$a := repeat 100000 `a`}}{{regexReplaceAll `a` $a $a}}";
  match(refusal(searches), /functions look at more than 2000000 values/);
});

Deno.test("A function makes no list beyond the bound", () => {
  const doubling = "{{$l := list 1 2}}{{range 40}}{{$l = concat $l $l}}{{end}}";
  for (
    const text of [
      "{{until 1000000000}}",
      "{{untilStep 0 1000000000 1}}",
      "{{seq 1000000000}}",
      "{{seq 1 1000000000 | len}}",
      doubling,
      "{{$a := repeat 100001 `a`}}{{splitList `` $a | len}}",
      "{{$a := repeat 100001 `a`}}{{split `a` $a | len}}",
    ]
  ) match(refusal(text), /makes more than 100000 items/);
});

Deno.test("Lists that hold one another many times over are looked at within a bound", () => {
  const shared = "{{$l := list}}{{range 60}}{{$l = list $l $l}}{{end}}";
  const other = "{{$m := list}}{{range 60}}{{$m = list $m $m}}{{end}}";
  for (
    const text of [
      "{{$l}}",
      "{{print $l}}",
      "{{printf `%v` $l}}",
      "{{printf `%d` $l}}",
      "{{toString $l}}",
      "{{mustToJson $l}}",
      "{{mustToPrettyJson $l}}",
      "{{deepCopy $l | len}}",
      `${other}{{deepEqual $l $m}}`,
      `${other}{{has $l (list $m)}}`,
      `${other}{{uniq (list $l $m) | len}}`,
      "{{eq $l $l}}",
    ]
  ) match(refusal(shared + text), /more than [0-9]+ (values|characters)/);
});

Deno.test("All functions of a rendering look at no more than maxLooks, however little each does", () => {
  const shared = "{{$l := list}}{{range 16}}{{$l = list $l $l}}{{end}}";
  const maps = "{{$m := dict}}{{range 60}}{{$m = dict `x` $m `y` $m}}{{end}}";
  for (
    const text of [
      `${shared}{{range 100000}}{{$_ := deepEqual $l $l}}{{end}}`,
      `${shared}{{range 100000}}{{$_ := toStrings (list $l)}}{{end}}`,
      `${shared}{{range 100000}}{{$_ := dict $l 1}}{{end}}`,
      `${maps}{{merge $m $m}}`,
      "{{$a := repeat 20000 `a`}}{{range 100000}}{{$_ := regexFind `b|[c-x]+y` $a}}{{end}}",
      "{{$a := repeat 90000 `a`}}{{$_ := regexFindAll `a.*z|a` $a -1}}",
    ]
  ) match(refusal(text), /functions look at more than 2000000 values/);
  const few = "{{range 20}}{{$_ := deepEqual . .}}{{end}}";
  strictEqual(render(few, {}, limits({ maxLooks: 20 })), "");
  match(refusal(few, {}, limits({ maxLooks: 19 })), /look at more than 19 values/);
});

Deno.test("What a function makes of being refused does not hide it", () => {
  const text = "{{range 5}}{{if regexMatch `aaaaaaaa` `b`}}x{{end}}{{end}}";
  strictEqual(render(text), "");
  match(refusal(text, {}, limits({ maxLooks: 20 })), /look at more than 20 values/);
});

Deno.test("render() counts large maps and long pipelines", () => {
  const map = "{{$m := dict}}{{range $i, $_ := until 10000}}{{$_ := set $m (print $i) 1}}{{end}}";
  for (
    const text of [
      `${map}{{range 40000}}{{$_ := omit $m "a"}}{{end}}`,
      `${map}{{range 30000}}{{range $m}}{{break}}{{end}}{{end}}`,
      `{{range 90000}}{{if and${" 1".repeat(640)}}}{{end}}{{end}}`,
      `{{$m := dict}}{{$_ := set $m "a" $m}}{{range 90000}}{{$_ := $m${".a".repeat(640)}}}{{end}}`,
    ]
  ) match(refusal(text), /takes more than 200000 steps/);
});

Deno.test("A function takes no more than in proportion to what it is given", () => {
  const set = "{{$s := print (repeat 1000000 `b`) `a`}}{{trimAll $s (repeat 1000000 `a`)}}";
  strictEqual(render(set), "");
  match(refusal(`{{divf 1${" 1e-300".repeat(60)}}}`), /quotient has more than 10000 digits/);
  render("{{len (printf (repeat 200000 `%[`) 1)}}");
});

Deno.test("Lists that nest deeper than any document are refused, a cycle among maps too", () => {
  const deep = "{{$l := list}}{{range 5000}}{{$l = list $l}}{{end}}";
  for (
    const use of [
      "{{$l}}",
      "{{mustToJson $l}}",
      "{{deepCopy $l | len}}",
      "{{deepEqual $l (list $l)}}",
    ]
  ) {
    match(refusal(deep + use), /deeper than 500/);
  }
  const cycle = "{{$d := dict}}{{$_ := set $d `d` $d}}";
  for (const use of ["{{$d}}", "{{mustToJson $d}}", "{{deepCopy $d | len}}"]) {
    match(refusal(cycle + use), /deeper than 500|more than [0-9]+ characters/);
  }
  match(refusal(`${cycle}{{merge $d $d (dict "d" $d)}}`), /merges deeper than 500/);
});

Deno.test("A list is compared with itself within a bound", () => {
  match(refusal("{{uniq (until 1000) | len}}"), /looks at more than 200000 values/);
});

Deno.test("Expressions that take seconds to compile or to match are refused", () => {
  for (
    const text of [
      "{{regexMatch (repeat 5000 `a?`) `a`}}",
      "{{regexFind (repeat 5000 `a?`) `a`}}",
      "{{regexFind `((a{100}){100}){100}` `a`}}",
      "{{regexFind `(a{1,900}){1,900}` `a`}}",
      "{{regexFind (repeat 400 `a?`) (repeat 1000000 `a`)}}",
    ]
  ) {
    try {
      render(text);
    } catch (thrown) {
      ok(isSignetError(thrown, "template.failed"), String(thrown));
      match(thrown.message, /regular expression|invalid repeat count|regexp/);
    }
  }
  match(refusal("{{regexFind (repeat 5000 `a?`) `a`}}"), /with its repeats is too large/);
  match(refusal("{{regexFind (repeat 400 `a?`) (repeat 1000000 `a`)}}"), /too large for a text/);
});

Deno.test("Numbers with more digits than anyone has are refused", () => {
  const huge = "{{$x := 9.9}}{{range 400}}{{$x = mulf $x 1.1}}{{end}}{{$x}}";
  ok(render(huge).length > 0);
  match(refusal("{{mulf (float64 `inf`) 2}}"), /Cannot create a Decimal from \+Inf/);
});

Deno.test("A map's keys are members and nothing else", () => {
  strictEqual(
    render("{{.constructor}} {{.__proto__}} {{.toString}}", {}),
    "<no value> <no value> <no value>",
  );
  strictEqual(
    render('{{index . "constructor" | default "none"}} {{hasKey . "__proto__"}}'),
    "none false",
  );
  const polluting =
    '{{$d := dict "__proto__" (dict "x" 1)}}{{$_ := set $d "__proto__" (dict "y" 2)}}' +
    '{{$_ = merge . (dict "__proto__" (dict "z" 3))}}{{(dict).z}} {{$d | toJson}}';
  strictEqual(render(polluting, {}), '<no value> {"__proto__":{"y":2}}');
  strictEqual(({} as Record<string, unknown>).z, undefined);
});

Deno.test("What a function may not change it does not: frozen data is refused", () => {
  match(refusal('{{set . "a" 1}}', Object.freeze({})), /error calling set: /);
});
