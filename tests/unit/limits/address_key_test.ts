import assert from "node:assert/strict";

import { addressKey } from "signet/limits/mod.ts";

Deno.test("addressKey() is an IPv4 address or the /64 of an IPv6 one", () => {
  const rows: Readonly<Record<string, string>> = {
    "192.0.2.7:443": "192.0.2.7",
    "[::ffff:192.0.2.7]:443": "192.0.2.7",
    "[2001:db8:1:2:3:4:5:6]:1": "20010db800010002/64",
    "[2001:db8:1:2::]:65535": "20010db800010002/64",
    "[fe80::1%eth0]:1": "fe80000000000000/64",
    "[::1]:1": "0000000000000000/64",
    "unknown:undefined": "unknown",
    "": "unknown",
    "a.b.c.d:1": "unknown",
    "192.0.2.7": "unknown",
  };
  for (const [remoteAddress, key] of Object.entries(rows)) {
    assert.equal(addressKey(remoteAddress), key, remoteAddress);
  }
});
