import assert from "node:assert/strict";

import { answerDebug, createLogger, createLogLevels } from "signet/telemetry/mod.ts";
import { createFakeClock } from "../../support/fake_clock.ts";

const ENDPOINTS = [
  { name: "config", help: "settings", read: () => ({ a: 1 }) },
  {
    name: "names",
    help: "names",
    check: (query: URLSearchParams) => query.has("bad") ? "give something good" : undefined,
    read: (query: URLSearchParams) => query.get("of"),
  },
  {
    name: "scopes",
    help: "levels",
    read: () => "read",
    write: (query: URLSearchParams) => query.has("ok") ? undefined : "wrong",
  },
];

interface Asked {
  readonly method?: string;
  readonly peer?: string;
  readonly headers?: Readonly<Record<string, string>>;
}

function ask(path: string, { method = "GET", peer = "127.0.0.1", headers = {} }: Asked = {}) {
  const url = new URL(path, "http://localhost:8080");
  const all = new Headers({ host: "localhost:8080", ...headers });
  return answerDebug({ method, url, headers: all, peer }, ENDPOINTS);
}

Deno.test("answerDebug() shows an index, a list and pages", () => {
  assert.match(ask("/debug").body, /<a href="\/debug\/config">config<\/a>/);
  assert.equal(ask("/debug/").contentType, "text/html; charset=utf-8");
  assert.deepEqual(JSON.parse(ask("/debug/list").body).map((each: { name: string }) => each.name), [
    "debug/config",
    "debug/names",
    "debug/scopes",
  ]);
  assert.deepEqual(JSON.parse(ask("/debug/config").body), { a: 1 });
});

Deno.test("answerDebug() hands a page its query, and says what is wrong with it", () => {
  assert.equal(ask("/debug/names?of=shop").body, '"shop"\n');
  const { status, body } = ask("/debug/names?bad");
  assert.deepEqual([status, body], [400, "give something good\n"]);
});

Deno.test("answerDebug() says which pages and methods are not there", () => {
  for (
    const path of [
      "/debug/adsz",
      "/debug/pprof/heap",
      "/debug/config/x",
    ]
  ) {
    assert.equal(ask(path).status, 404, path);
  }
  for (const method of ["POST", "PUT", "DELETE", "OPTIONS"]) {
    assert.equal(ask("/debug/config", { method }).status, 405, method);
    assert.equal(ask("/debug", { method }).status, 405, method);
  }
  assert.equal(ask("/debug/scopes", { method: "PUT" }).status, 400);
  assert.equal(ask("/debug/scopes?ok", { method: "PUT" }).status, 200);
});

Deno.test("answerDebug() refuses whoever is not on this machine and means it", () => {
  const refused: Readonly<Record<string, Asked>> = {
    "another machine": { peer: "192.0.2.1" },
    "another machine, IPv6": { peer: "2001:db8::1" },
    "an address that looks like one": { peer: "::ffff:192.0.2.1" },
    "a name that was bound again": { headers: { host: "evil.example:8080" } },
    "a name that begins like one": { headers: { host: "localhost.evil.example" } },
    "a name that ends like one": { headers: { host: "evil-127.0.0.1" } },
    "no name": { headers: { host: "" } },
    "a proxy": { headers: { "x-forwarded-for": "192.0.2.1" } },
    "another proxy": { headers: { forwarded: "for=192.0.2.1" } },
    "a page of another origin": { headers: { origin: "https://evil.example" } },
    "an image on another site": { headers: { "sec-fetch-site": "cross-site" } },
  };
  for (const [name, asked] of Object.entries(refused)) {
    for (const path of ["/debug", "/debug/list", "/debug/config", "/debug/none"]) {
      assert.equal(ask(path, asked).status, 403, `${name} ${path}`);
    }
  }
  const taken: Asked[] = [
    { peer: "::1" },
    { peer: "::ffff:127.0.0.1" },
    { peer: "127.1.2.3", headers: { host: "127.0.0.1" } },
    { headers: { host: "[::1]:15014" } },
    { headers: { "sec-fetch-site": "same-origin" } },
  ];
  for (const asked of taken) assert.equal(ask("/debug", asked).status, 200, JSON.stringify(asked));
});

Deno.test("createLogLevels() changes loggers that exist", () => {
  const lines: string[] = [];
  const levels = createLogLevels({ default: "info", ca: "warn" });
  const logger = createLogger({ levels: {}, json: true }, {
    clock: createFakeClock(0),
    sink: (line) => void lines.push(line),
    levels,
  });
  const [ca, grpc] = [logger.scoped("ca"), logger.scoped("grpc")];
  ca.info("a", "");
  grpc.info("b", "");
  assert.equal(lines.length, 1);
  assert.ok(levels.set("ca", "debug"));
  assert.ok(levels.set("default", "error"));
  ca.debug("c", "");
  grpc.info("d", "");
  assert.equal(lines.length, 2);
  assert.equal(grpc.enabled("warn"), false);
  assert.deepEqual(levels.read(), { ca: "debug", default: "error", grpc: "error" });
});

Deno.test("createLogLevels() refuses what is no scope or level, and too many", () => {
  const levels = createLogLevels({});
  for (
    const [scope, level] of [["", "info"], ["a b", "info"], ["a".repeat(65), "info"], [
      "ca",
      "loud",
    ]]
  ) {
    assert.equal(levels.set(scope!, level!), false, `${scope} ${level}`);
  }
  for (let n = 0; n < 300; n++) levels.set(`scope${n}`, "info");
  assert.ok(Object.keys(levels.read()).length <= 201);
});
