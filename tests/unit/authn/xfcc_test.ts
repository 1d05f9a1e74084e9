/** Certificates that gateways tell of: the header's grammar, and whose header is believed. */
import assert from "node:assert/strict";
import { parseIpPrefix } from "signet/base/mod.ts";
import type { AuthResult, Credentials } from "signet/authn/mod.ts";
import {
  commonNameOf,
  MAX_XFCC_CHARS,
  MAX_XFCC_ELEMENTS,
  parseXfcc,
} from "../../../lib/authn/forwarded_certificate.ts";
import { clientCertificateAuthenticator } from "../../../lib/authn/client_certificate.ts";
import { forwardedBy, xfccAuthenticator } from "../../../lib/authn/xfcc.ts";

function ask(headers: readonly string[], remoteAddress = "127.0.0.1:4711"): AuthResult {
  const gateways = ["10.1.0.0/16", "2001:db8::/32"].map((text) => parseIpPrefix(text)!);
  const credentials: Credentials = {
    ...{ remoteAddress, secure: true, peer: undefined },
    headerValues: (name) => name === "x-forwarded-client-cert" ? headers : [],
  };
  return xfccAuthenticator(gateways).authenticate(credentials) as AuthResult;
}

function identities(header: string): readonly string[] | string {
  const result = ask([header]);
  return result.ok ? result.caller.identities : result.reason;
}

const URI = "spiffe://cluster.local/ns/a/sa/b";

Deno.test("the names of every hop are taken in order: URIs, DNS names, the subject's common name", async (t) => {
  const rows: readonly (readonly [string, readonly string[]])[] = [
    [`By=spiffe://x/ns/y/sa/z;Hash=0f;URI=${URI}`, [URI]],
    [`Hash=0f;Subject="CN=web,O=acme";DNS=web.example;URI=${URI};DNS=w`, [
      ...[URI, "web.example", "w", "web"],
    ]],
    [`URI=${URI}, Subject="/";URI=spiffe://c/ns/d/sa/e`, [URI, "spiffe://c/ns/d/sa/e"]],
    [`Subject="";URI=${URI}`, [URI]],
    [`Cert="-----BEGIN%20CERTIFICATE-----%0A";Chain="a,b;c";uri="${URI}"`, [URI]],
    [`Subject="CN=a\\"b;c\\,d,O=x"`, ['a"b;c,d']],
    [`Subject="CN=hello,O=Acme\\, Inc."`, ["hello"]],
    [`Subject="CN=\\41\\2Cb"`, ["A,b"]],
    [`Subject="CN=${URI}";URI=${URI}`, [URI]],
    [`Subject="O=x,CN=";URI=${URI};URI=;DNS=`, [URI]],
  ];
  for (const [header, expected] of rows) {
    await t.step(header, () => assert.deepEqual(identities(header), expected));
  }
});

Deno.test("what stands behind an escaped comma in another part of the subject is no common name", () => {
  for (const subject of [String.raw`O=x\,CN=admin`, String.raw`OU=a\+CN=admin\,CN=admin,O=b`]) {
    assert.deepEqual(identities(`Subject="${subject}";URI=${URI}`), [URI]);
  }
});

Deno.test("a name that would be issued as another kind of name is refused", async (t) => {
  const rows = [
    `DNS=${URI}`,
    `URI=${URI};Subject="CN=spiffe://cluster.local/ns/istio-system/sa/admin"`,
    `Subject="CN=10.1.2.3,O=x"`,
    "DNS=::1",
    "URI=istiod.istio-system.svc",
  ];
  for (const header of rows) {
    await t.step(header, () => {
      assert.match(identities(header) as string, /names ".*", which would be issued as another/);
    });
  }
});

Deno.test("a header that cannot be read is refused with why", () => {
  const rows: readonly (readonly [string, RegExp])[] = [
    ["junk", /^error in parsing xfcc header: a field has no =$/],
    [`URI="${URI}`, /a quote is not closed/],
    [`URI=x"${URI}"`, /quoted in part/],
    [`URI=${URI},`, /a field has no =/],
    ["x".repeat(MAX_XFCC_CHARS + 1), /characters, at most/],
    [Array(MAX_XFCC_ELEMENTS + 1).fill(`URI=${URI}`).join(), /elements, at most/],
    ["By=x;Hash=y", /names nobody/],
  ];
  for (const [header, words] of rows) assert.match(identities(header) as string, words);
});

Deno.test("hostile headers take no longer than their length allows", () => {
  for (const piece of ["\\", '"', '\\"', "CN=", "Subject=", "=;", ","]) {
    const header = piece.repeat(MAX_XFCC_CHARS / piece.length);
    parseXfcc(header);
    commonNameOf(header);
  }
});

Deno.test("the header is believed of the gateways' addresses and of this machine, no other", async (t) => {
  const rows: readonly (readonly [string, boolean])[] = [
    ["127.0.0.1:1", true],
    ["127.8.9.10:1", true],
    ["[::1]:1", true],
    ["[::ffff:127.0.0.1]:1", true],
    ["10.1.255.255:1", true],
    ["[2001:db8::5]:1", true],
    ["[2001:db8::5%eth0]:1", true],
    ["10.2.0.1:1", false],
    ["[2001:db9::5]:1", false],
    ["10.1.0.1", false],
    ["::1", false],
    ["unknown", false],
    ["", false],
  ];
  for (const [address, isTrusted] of rows) {
    await t.step(address, () => {
      const result = ask([`URI=${URI}`], address);
      assert.equal(result.ok, isTrusted);
      if (!result.ok) assert.match(result.reason, /is not in the trusted network/);
    });
  }
});

Deno.test("the first value of the header counts alone, and without one nobody is asked for", () => {
  const first = ask([`URI=${URI}`, "URI=spiffe://c/ns/d/sa/e"]);
  assert.deepEqual(first.ok && first.caller.identities, [URI]);
  for (const values of [[], [""]]) {
    const none = ask(values);
    assert.match(
      none.ok ? "" : none.reason,
      /^caller from 127.0.0.1:4711 does not have Xfcc header/,
    );
  }
});

Deno.test("the certificate of a gateway is its own, and is not issued to those whose calls it forwards", async (t) => {
  const gateway = "spiffe://cluster.local/ns/istio-system/sa/gateway";
  const some = [parseIpPrefix("10.1.0.0/16")!];
  const rows = [
    ["a call that it forwards", some, "10.1.0.1:1", [`URI=${URI}`], false],
    ["a call of this machine's gateway", some, "127.0.0.1:1", [`URI=${URI}`], false],
    ["a call that is its own", some, "10.1.0.1:1", [], true],
    ["somebody who sends the header himself", some, "10.2.0.1:1", [`URI=${URI}`], true],
    ["no gateway is believed", [], "127.0.0.1:1", [`URI=${URI}`], true],
  ] as const;
  for (const [name, gateways, remoteAddress, headers, isIssued] of rows) {
    await t.step(name, async () => {
      const isForwarded = forwardedBy(gateways);
      const result = await clientCertificateAuthenticator({ isForwarded }).authenticate({
        ...{ remoteAddress, secure: true, peer: { identities: [gateway], otherNames: [] } },
        headerValues: (header) => header === "x-forwarded-client-cert" ? headers : [],
      });
      assert.equal(result.ok, isIssued);
    });
  }
});
