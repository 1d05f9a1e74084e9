/** RequestAuthentications. */
import type { Corpus } from "./port.ts";

const N = "n4EPtAOCc9AlkeQHPzHStgAbgs7bTZLwUBZdR8_KuKPEHLd4rHVTeT";
const X = "f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU";
const Y = "x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0";
const EC = `"kty":"EC","crv":"P-256","x":"${X}","y":"${Y}"`;
const RSA = `"kty":"RSA","n":"${N}","e":"AQAB"`;

const JWKS = [
  `{"keys":[{${RSA},"kid":"a"}]}`,
  `{"keys":[{${EC}},{${RSA}}]}`,
  `{${RSA}}`,
  `{"keys":[]}`,
  "{}",
  "[]",
  "null",
  "5",
  "garbage",
  `{"keys":[{}]}`,
  `{"keys":{}}`,
  `{"keys":[{"kty":"XYZ"}]}`,
  `{"keys":[{"kty":"RSA","e":"AQAB"}]}`,
  `{"keys":[{"kty":"RSA","n":"${N}"}]}`,
  `{"keys":[{"kty":"EC","crv":"P-256","x":"${X}"}]}`,
  `{"keys":[{"kty":"EC","x":"${X}","y":"${Y}"}]}`,
  `{"keys":[{"kty":"EC","crv":"P-999","x":"${X}","y":"${Y}"}]}`,
  `{"keys":[{"kty":"oct","k":"c2VjcmV0"}]}`,
  `{"keys":[{"kty":"oct"}]}`,
  `{"keys":[{"kty":"OKP","crv":"Ed25519","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}]}`,
  `{"keys":[{"kty":"OKP","crv":"Ed25519"}]}`,
  `{"keys":[{${EC},"d":"jpsQnnGQmL-YBIffH1136cspYG6-0iY7X1fCE9-E9LI"}]}`,
  `{"keys":[{${RSA},"use":"sig","alg":"RS256"}]}`,
  `{"keys":[{"kty":"RSA","n":"not base64!","e":"AQAB"}]}`,
  `{"keys":[{${RSA}}]} trailing`,
];

const URIS = [
  ...[
    "https://a.example/keys",
    "http://a.example",
    "https://a.example:8443/k?x=y#z",
    "foo",
    "''",
    "ftp://a",
    "https://",
  ],
  ...[
    "https://a.example:port/",
    "https://a.example:/",
    "HTTPS://a.example",
    "//a.example",
    "/keys",
    "http:foo",
    "'https://[::1]:80/'",
  ],
  ...[
    "'https://a b/'",
    "'https://a/ b'",
    "https://a/%zz",
    "https://a%zz/",
    "https://u:p@a/",
    "https://a.example:99999/",
    "'https://a.example/\"'",
  ],
  ...[
    "'http://[::1'",
    "'http://a^b'",
    "'http://a|b/'",
    "mailto:a@b",
    "'http://a/%20'",
    "'http://%41/'",
  ],
];

/** Rules of tokens. */
const RULES = [
  "{}",
  "null",
  "{ issuer: a }",
  "{ issuer: '' }",
  "{ issuer: null }",
  "{ jwks: '{}' }",
  "{ issuer: a, audiences: [b] }",
  "{ issuer: a, audiences: [''] }",
  "{ issuer: a, audiences: b }",
  ...URIS.flatMap((uri) => [`{ issuer: a, jwksUri: ${uri} }`, `{ jwks_uri: ${uri} }`]),
  `{ jwksUri: 'https://a.example/${"x".repeat(2032)}' }`,
  `{ jwksUri: 'https://a.example/${"x".repeat(2029)}' }`,
  "{ jwksUri: 'https://a', jwks_uri: 'https://a' }",
  `{ jwksUri: 'https://a', jwks: '{"keys":[]}' }`,
  `{ jwks_uri: 'https://a', jwks: '{"keys":[]}' }`,
  ...JWKS.map((jwks) => `{ issuer: a, jwks: '${jwks}' }`),
  "{ issuer: a, jwks: '' }",
  "{ issuer: a, fromHeaders: [{ name: x }, { name: y, prefix: 'Bearer ' }] }",
  "{ issuer: a, fromHeaders: [{ name: '' }] }",
  "{ issuer: a, fromHeaders: [{ prefix: a }] }",
  "{ issuer: a, fromHeaders: [x] }",
  "{ issuer: a, fromParams: [p] }",
  "{ issuer: a, fromParams: [''] }",
  "{ issuer: a, fromCookies: [c] }",
  "{ issuer: a, fromCookies: [''] }",
  "{ issuer: a, forwardOriginalToken: true, outputPayloadToHeader: x }",
  "{ issuer: a, forwardOriginalToken: yes }",
  "{ issuer: a, outputClaimToHeaders: [{ header: x-a, claim: b }] }",
  "{ issuer: a, outputClaimToHeaders: [{ header: x-a }] }",
  "{ issuer: a, outputClaimToHeaders: [{ claim: b }] }",
  "{ issuer: a, outputClaimToHeaders: [{ header: '', claim: b }] }",
  "{ issuer: a, outputClaimToHeaders: [{ header: x-a, claim: '' }] }",
  "{ issuer: a, outputClaimToHeaders: [{ header: 'x a', claim: b }] }",
  "{ issuer: a, outputClaimToHeaders: [{ header: x_a, claim: b.c }] }",
  "{ issuer: a, timeout: 5s }",
  "{ issuer: a, timeout: 0s }",
  "{ issuer: a, timeout: 1.5ms }",
  "{ issuer: a, spaceDelimitedClaims: [scope] }",
  "{ issuer: a, spaceDelimitedClaims: [''] }",
  "{ issuer: a, isuer: b }",
];

/** Documents of RequestAuthentication. */
export const REQUEST_AUTHENTICATIONS: Corpus = {
  apiVersion: "security.istio.io/v1beta1",
  kind: "RequestAuthentication",
  specs: [
    "{}",
    "{ jwtRules: [] }",
    "{ jwtRules: {} }",
    ...RULES.map((rule) => `{ jwtRules: [${rule}] }`),
    "{ jwtRules: [{ issuer: a }, { issuer: a }] }",
    "{ selector: {} }",
    "{ selector: { matchLabels: { app: a } }, jwtRules: [{ issuer: a }] }",
    "{ selector: { matchLabels: { app: 'a*' } } }",
    "{ selector: {}, targetRefs: [] }",
    "{ selector: {}, targetRef: { kind: Service, name: s } }",
    "{ targetRef: { kind: Service, name: s } }",
    "{ targetRefs: [{ kind: Service, name: s }, { kind: Pod, name: s }] }",
  ],
};
