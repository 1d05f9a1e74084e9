import assert from "node:assert/strict";
import { isSignetError } from "signet/base/mod.ts";
import { parseResolvConf } from "../../../../lib/dns/forward/resolv_conf.ts";
import { MAX_UPSTREAMS, parseUpstream } from "../../../../lib/dns/forward/upstream.ts";

const GOOD = [
  ["10.0.0.1", "udp://10.0.0.1:53"],
  ["2001:DB8::1", "udp://[2001:db8::1]:53"],
  ["fe80::1%eth0", "udp://[fe80::1%eth0]:53"],
  ["udp://10.0.0.1:5353", "udp://10.0.0.1:5353"],
  ["tcp://[2001:db8::1]", "tcp://[2001:db8::1]:53"],
  ["tcp://[2001:db8::1]:54", "tcp://[2001:db8::1]:54"],
  ["tls://10.0.0.1", "tls://10.0.0.1:853"],
  ["tls://10.0.0.1#dns.example", "tls://10.0.0.1:853#dns.example"],
  ["tls://[::1]:8853#dns.example", "tls://[::1]:8853#dns.example"],
] as const;

Deno.test("parseUpstream() takes addresses with a transport, a port and a name", async (t) => {
  for (const [text, label] of GOOD) {
    await t.step(text, () => {
      const upstream = parseUpstream(text);
      assert.equal(upstream.label, label);
      assert.deepEqual(parseUpstream(label), upstream);
    });
  }
});

const BAD = [
  ...["", "dns.example", "udp://dns.example", "https://10.0.0.1", "10.0.0.1:0", "10.0.0.1:65536"],
  ...["udp://10.0.0.1#name", "tls://10.0.0.1#", "tls://10.0.0.1#bad name", "tls://10.0.0.1:853#-"],
  "tls://10.0.0.1#10.0.0.2",
  ...["10.0.0.256", "udp://[10.0.0.1", "10.0.0.1%eth0", "fe80::1%", "fe80::1%a%b", "udp://"],
];

Deno.test("parseUpstream() refuses what is no address", async (t) => {
  for (const text of BAD) {
    await t.step(JSON.stringify(text), () => {
      assert.throws(
        () => parseUpstream(text),
        (thrown) => isSignetError(thrown, "config.bad_value"),
      );
    });
  }
});

Deno.test("parseResolvConf() takes every nameserver once, in order, and says which lines are of no use", () => {
  const { upstreams, refused } = parseResolvConf(
    [
      "# nameserver 10.9.9.9",
      "search example.com",
      "nameserver 10.0.0.1",
      "  nameserver\t2001:db8::1  # trailing",
      "nameserver 10.0.0.1",
      "nameserver dns.example",
      "nameserver",
      "options timeout:1 rotate",
      "nameservers 10.0.0.2",
    ].join("\n"),
  );
  assert.deepEqual(upstreams.map(({ label }) => label), [
    "udp://10.0.0.1:53",
    "udp://[2001:db8::1]:53",
  ]);
  assert.deepEqual(refused, [{ line: 6, text: "dns.example" }, { line: 7, text: "" }]);
});

Deno.test("parseResolvConf() stops at a number of servers", () => {
  const text = Array.from({ length: 100 }, (_, i) => `nameserver 10.0.0.${i}`).join("\n");
  const { upstreams, refused } = parseResolvConf(text);
  assert.equal(upstreams.length, MAX_UPSTREAMS);
  assert.equal(refused.length, 100 - MAX_UPSTREAMS);
});
