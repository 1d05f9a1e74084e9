/**
 * Signet's verdict on documents beside Istio's own: `istiovalidate` is Istio's validation as a program.
 *
 * Where the two differ on purpose the document stands in `DIFFERENCES` with the reason.
 */
import assert from "node:assert/strict";
import { parseIstioFile } from "signet/istio/mod.ts";
import { testWithPeers } from "../../support/peers.ts";

const SPECS: Readonly<Record<string, readonly string[]>> = {
  ServiceEntry: [
    "{ hosts: [a.example], resolution: NONE, ports: [{ number: 80, name: http, protocol: HTTP }] }",
    "{ hosts: [a.example, '*.b.example'], ports: [{ number: 443, name: tls, protocol: TLS }] }",
    "{ hosts: ['*'], ports: [{ number: 80, name: http, protocol: HTTP }] }",
    "{ hosts: [], ports: [{ number: 80, name: http, protocol: HTTP }] }",
    "{ hosts: [a..example], ports: [{ number: 80, name: http, protocol: HTTP }] }",
    "{ hosts: ['a*.example'], ports: [{ number: 80, name: http, protocol: HTTP }] }",
    "{ hosts: ['*a.example'], ports: [{ number: 80, name: http, protocol: HTTP }] }",
    `{ hosts: [${"a".repeat(64)}.example], ports: [{ number: 80, name: http, protocol: HTTP }] }`,
    "{ hosts: [a.example], addresses: [10.0.0.1, 10.1.0.0/16], ports: [{ number: 80, name: http, protocol: HTTP }] }",
    "{ hosts: [a.example], addresses: ['2001:db8::1', '2001:db8::/64'], ports: [{ number: 80, name: http, protocol: HTTP }] }",
    "{ hosts: [a.example], addresses: [10.0.0.300], ports: [{ number: 80, name: http, protocol: HTTP }] }",
    "{ hosts: [a.example], addresses: [10.0.0.0/33], ports: [{ number: 80, name: http, protocol: HTTP }] }",
    "{ hosts: [a.example], addresses: [b.example], ports: [{ number: 80, name: http, protocol: HTTP }] }",
    "{ hosts: [a.example], addresses: [10.1.0.0/16], resolution: DNS, ports: [{ number: 80, name: http, protocol: HTTP }] }",
    "{ hosts: [a.example], addresses: [10.1.0.0/16], resolution: STATIC, endpoints: [{ address: 10.0.0.1 }], ports: [{ number: 80, name: http, protocol: HTTP }] }",
    "{ hosts: [a.example], ports: [{ number: 0, name: http, protocol: HTTP }] }",
    "{ hosts: [a.example], ports: [{ number: 65536, name: http, protocol: HTTP }] }",
    "{ hosts: [a.example], ports: [{ number: 80, name: http, protocol: HTTP }, { number: 80, name: other, protocol: HTTP }] }",
    "{ hosts: [a.example], ports: [{ number: 80, name: http, protocol: HTTP }, { number: 81, name: http, protocol: HTTP }] }",
    "{ hosts: [a.example], ports: [{ number: 80, name: http, protocol: HTTP, targetPort: 65536 }] }",
    "{ hosts: [a.example], ports: [{ number: 80, name: 'not a name', protocol: HTTP }] }",
    "{ hosts: [a.example], ports: [{ number: 80, name: http, protocol: QUIC }] }",
    "{ hosts: [a.example], ports: [{ number: 80, name: http, protocol: grpc-web }] }",
    "{ hosts: [a.example], endpoints: [{ address: 10.0.0.1 }], ports: [{ number: 80, name: http, protocol: HTTP }] }",
    "{ hosts: [a.example], resolution: STATIC, endpoints: [{ address: 10.0.0.1 }], workloadSelector: { labels: { a: b } }, ports: [{ number: 80, name: http, protocol: HTTP }] }",
    "{ hosts: [a.example], resolution: STATIC, workloadSelector: { labels: { a: b } }, ports: [{ number: 80, name: http, protocol: HTTP }] }",
    "{ hosts: [a.example], resolution: STATIC, endpoints: [{ address: b.example }], ports: [{ number: 80, name: http, protocol: HTTP }] }",
    "{ hosts: [a.example], resolution: STATIC, endpoints: [{ address: 'unix:///run/a' }], ports: [{ number: 80, name: http, protocol: HTTP }] }",
    "{ hosts: [a.example], resolution: DNS, endpoints: [{ address: b.example }, { address: 10.0.0.1 }], ports: [{ number: 80, name: http, protocol: HTTP }] }",
    "{ hosts: [a.example], resolution: DNS, endpoints: [{ address: 'unix:///run/a' }], ports: [{ number: 80, name: http, protocol: HTTP }] }",
    "{ hosts: [a.example], resolution: DNS, endpoints: [{ address: b.example, ports: { http: 99999 } }], ports: [{ number: 80, name: http, protocol: HTTP }] }",
    "{ hosts: [a.example], resolution: DNS, endpoints: [{ address: b.example, labels: { app: 'a b' } }], ports: [{ number: 80, name: http, protocol: HTTP }] }",
    "{ hosts: ['*.a.example'], resolution: DNS, ports: [{ number: 80, name: http, protocol: HTTP }] }",
    "{ hosts: ['*.a.example'], resolution: DNS, endpoints: [{ address: b.example }], ports: [{ number: 80, name: http, protocol: HTTP }] }",
    "{ hosts: [a.example], resolution: DNS_ROUND_ROBIN, endpoints: [{ address: b.example }, { address: c.example }], ports: [{ number: 80, name: http, protocol: HTTP }] }",
    "{ hosts: [a.example], resolution: DNS_ROUND_ROBIN, ports: [{ number: 80, name: http, protocol: HTTP }] }",
    "{ hosts: ['*.a.example'], resolution: DNS_ROUND_ROBIN, ports: [{ number: 80, name: http, protocol: HTTP }] }",
    "{ hosts: [a.example], exportTo: ['.'], ports: [{ number: 80, name: http, protocol: HTTP }] }",
    "{ hosts: [a.example], exportTo: ['*'], ports: [{ number: 80, name: http, protocol: HTTP }] }",
    "{ hosts: [a.example], exportTo: ['a b'], ports: [{ number: 80, name: http, protocol: HTTP }] }",
    "{ hosts: [a.example], exportTo: [ns, ns], ports: [{ number: 80, name: http, protocol: HTTP }] }",
    "{ hosts: [a.example], exportTo: [ns, '.'], ports: [{ number: 80, name: http, protocol: HTTP }] }",
    "{ hosts: [a.example], exportTo: [ns, '*'], ports: [{ number: 80, name: http, protocol: HTTP }] }",
    "{ hosts: [a.example], location: INSIDE, ports: [{ number: 80, name: http, protocol: HTTP }] }",
    "{ hosts: [a.example], resolution: GUESS, ports: [{ number: 80, name: http, protocol: HTTP }] }",
    "{ hosts: [a.example, b.example], resolution: STATIC, endpoints: [{ address: 10.0.0.1 }], ports: [{ number: 80, name: tcp, protocol: TCP }] }",
    "{ hosts: ['*.a.example'], resolution: DYNAMIC_DNS, ports: [{ number: 80, name: http, protocol: HTTP }] }",
    "{ hosts: [a.example], resolution: DYNAMIC_DNS, location: MESH_INTERNAL, ports: [{ number: 80, name: http, protocol: HTTP }] }",
    "{ hosts: [a.example] }",
    "{ hosts: [a.example, b.example], ports: [{ number: 80, name: tcp, protocol: TCP }] }",
    "{ hosts: [a.example, b.example], resolution: DNS, ports: [{ number: 80, name: http, protocol: HTTP }, { number: 81, name: tcp, protocol: MONGO }] }",
    "{ hosts: [a.example, b.example], resolution: DNS, ports: [{ number: 80, name: http, protocol: HTTPS }, { number: 81, name: web, protocol: HTTP_PROXY }] }",
    "{ hosts: ['*.a.example'], resolution: DYNAMIC_DNS, location: MESH_INTERNAL, ports: [{ number: 80, name: http, protocol: HTTP }] }",
    "{ hosts: ['*.a.example'], resolution: DYNAMIC_DNS, ports: [{ number: 80, name: http, protocol: TCP }] }",
    "{ hosts: ['*.a.example'], resolution: DYNAMIC_DNS, addresses: [10.0.0.1], ports: [{ number: 80, name: http, protocol: HTTP }] }",
    "{ hosts: ['*.a.example'], resolution: DYNAMIC_DNS, endpoints: [{ address: b.example }], ports: [{ number: 80, name: http, protocol: HTTP }] }",
    "{ hosts: [a.example], resolution: STATIC, endpoints: [{ address: 10.0.0.1, ports: { other: 81 } }], ports: [{ number: 80, name: http, protocol: HTTP }] }",
    "{ hosts: [a.example], resolution: STATIC, endpoints: [{ address: 10.0.0.1, ports: { http: 81 } }], ports: [{ number: 80, name: http, protocol: HTTP }] }",
    "{ hosts: [a.example], resolution: DNS_ROUND_ROBIN, endpoints: [{ address: 'unix:///run/a' }], ports: [{ number: 80, name: http, protocol: HTTP }] }",
    "{ hosts: [a.example], exportTo: [shop, '.'], ports: [{ number: 80, name: http, protocol: HTTP }] }",
    "{ hosts: [a.example], exportTo: ['~'], ports: [{ number: 80, name: http, protocol: HTTP }] }",
    "{ hosts: [a.example], workloadSelector: { labels: { a: b } }, ports: [{ number: 80, name: http, protocol: HTTP }] }",
    "{ hosts: [a.example], resolution: STATIC, endpoints: [{ address: '' }], ports: [{ number: 80, name: http, protocol: HTTP }] }",
    "{ hosts: [a.example], resolution: STATIC, endpoints: [{ address: '', network: n }], ports: [{ number: 80, name: http, protocol: HTTP }] }",
    "{ hosts: [a_b.example], ports: [{ number: 80, name: http, protocol: HTTP }] }",
    "{ hosts: [A.example.], ports: [{ number: 80, name: http, protocol: HTTP }] }",
    "{ hosts: [a.example], ports: [{ number: 80, name: HTTP, protocol: HTTP }] }",
    "{ hosts: [a.example], resolution: STATIC, workloadSelector: { labels: { a: '*' } }, ports: [{ number: 80, name: http, protocol: HTTP }] }",
    "{ hosts: [a.example], resolution: STATIC, workloadSelector: {}, ports: [{ number: 80, name: http, protocol: HTTP }] }",
    "{ hosts: [a.example], subjectAltNames: [x, x], ports: [{ number: 80, name: http, protocol: HTTP }] }",
  ],
  WorkloadEntry: [
    "{ address: 10.0.0.1 }",
    "{ address: '2001:db8::1', ports: { http: 8080 }, labels: { app: a }, network: n, locality: eu/a, weight: 3, serviceAccount: s }",
    "{ address: vm.example }",
    "{ address: '' }",
    "{ address: '', network: n }",
    "{ address: 10.0.0.1, ports: { http: 0 } }",
    "{ address: 10.0.0.1, ports: { http: 65536 } }",
    "{ address: 10.0.0.1, ports: { '@': 80 } }",
    "{ address: 'unix:///run/a' }",
    "{ address: 'unix:///run/' }",
    "{ address: 'unix://run' }",
    "{ address: 'unix://@a' }",
    "{ address: 'unix://@a', ports: { http: 80 } }",
    "{ address: 10.0.0.1, labels: { app: 'a b' } }",
    "{ address: 10.0.0.1, labels: { 'a b': app } }",
    "{ address: 'a b' }",
    "{ address: '*.vm.example' }",
    "{ address: 10.0.0.1, labels: { example.com/app: a } }",
    "{ address: 10.0.0.1, labels: { Example.com/app: a } }",
    "{ address: 10.0.0.1, labels: { /app: a } }",
    "{ address: 10.0.0.1, serviceAccount: 'a b' }",
    "{ address: 10.0.0.1, locality: 'a/b/c/d' }",
    "{ address: 10.0.0.1, weight: -1 }",
    "{ address: 10.0.0.1, adress: 10.0.0.2 }",
  ],
};

/** Documents that signet judges otherwise, with the reason. */
const DIFFERENCES: Readonly<Record<string, string>> = {
  "{ hosts: ['*a.example'], ports: [{ number: 80, name: http, protocol: HTTP }] }":
    "half a label as a wildcard: Istio warns, as no lookup ever matches it",
  "{ address: 10.0.0.1, adress: 10.0.0.2 }":
    "a field that does not exist: the API server drops it, here it is a mistake that a person wants to hear of",
};

testWithPeers(
  "parseIstioFile() takes the documents that Istio's own validation takes",
  ["istiovalidate"],
  async (t, { istiovalidate }) => {
    const documents = Object.entries(SPECS).flatMap(([kind, specs]) =>
      specs.map((spec, at) => ({
        spec,
        text: `apiVersion: networking.istio.io/v1
kind: ${kind}
metadata: { name: d${at}, namespace: shop }
spec: ${spec}
`,
      }))
    );
    const child = new Deno.Command(istiovalidate, { stdin: "piped", stdout: "piped" }).spawn();
    const writer = child.stdin.getWriter();
    await writer.write(new TextEncoder().encode(documents.map(({ text }) => text).join("---\n")));
    await writer.close();
    const { code, stdout } = await child.output();
    assert.equal(code, 0);
    const verdicts = new TextDecoder().decode(stdout).trim().split("\n").map((line) =>
      JSON.parse(line).error as string
    );
    assert.equal(verdicts.length, documents.length);
    for (const [at, { spec, text }] of documents.entries()) {
      await t.step(spec, () => {
        const { faults } = parseIstioFile(text, "a.yaml");
        const agree = (faults.length > 0) === (verdicts[at] !== "");
        const why = `Istio: ${verdicts[at] || "fine"}; signet: ${JSON.stringify(faults)}`;
        assert.equal(agree, !(spec in DIFFERENCES), why);
      });
    }
  },
);
