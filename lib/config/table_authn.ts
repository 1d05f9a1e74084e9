/** The options of authentication: issuers of ID tokens, istiod's variables. */
import { jwtRuleOption } from "./jwt_rule.ts";
import { listOption, pathOption, textOption } from "./option.ts";

/** Who may ask for a certificate, beside holders of one. */
export const AUTHN_OPTIONS = {
  jwtRule: jwtRuleOption({
    variable: "JWT_RULE",
    fallback: "",
    help:
      'issuer of ID tokens to accept: {"issuer": "...", "jwks_uri": "...", "audiences": ["..."]}',
  }),
  tokenIssuer: textOption({
    variable: "TOKEN_ISSUER",
    fallback: "",
    help:
      "outside Kubernetes: issuer of ID tokens to accept; empty takes that of ./var/run/secrets/tokens/istio-token",
  }),
  audience: textOption({
    variable: "AUDIENCE",
    fallback: "",
    help: "outside Kubernetes: audience of those tokens; empty takes the first of that file's",
  }),
  trustedNodeAccounts: listOption({
    variable: "CA_TRUSTED_NODE_ACCOUNTS",
    fallback: "",
    help:
      "in a cluster: service accounts, namespace/name, that may ask for the certificates of pods on their own node",
  }),
  trustedGateways: listOption({
    variable: "TRUSTED_GATEWAY_CIDR",
    fallback: "",
    help:
      "gateways, such as 10.1.0.0/16, whose header x-forwarded-client-cert is believed; any turns it on for this machine, too",
  }),
  sslCertFile: pathOption({
    variable: "SSL_CERT_FILE",
    fallback: "",
    help: "roots that issuers are checked against, PEM; empty takes the system's",
  }),
} as const;
