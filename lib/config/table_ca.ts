/** The rows of the table of options that say which CA signs: one that is plugged in, or a root of signet's own. */
import { boolOption, choiceOption, durationOption, intOption, pathOption } from "./option.ts";

/** A CA that somebody else looks after. */
const PLUGGED_IN_CA = {
  rootCaDir: pathOption({
    variable: "ROOT_CA_DIR",
    fallback: "./etc/cacerts",
    help:
      "plugged-in CA: ca-cert.pem, ca-key.pem, root-cert.pem, cert-chain.pem, or tls.crt, tls.key, ca.crt; wins over the state directory's; empty turns it off",
  }),
  autoReloadPluginCerts: boolOption({
    variable: "AUTO_RELOAD_PLUGIN_CERTS",
    fallback: "true",
    help: "take the plugged-in CA again when its files change",
  }),
  enableCaCrl: boolOption({
    variable: "PILOT_ENABLE_CA_CRL",
    fallback: "true",
    help: "read ca-crl.pem of the plugged-in CA; every certificate of its chain needs a list then",
  }),
  multiRootMesh: boolOption({
    variable: "ISTIO_MULTIROOT_MESH",
    fallback: "false",
    help:
      "let the plugged-in CA's roots change while signet runs, when the old ones hold the new or the new the old",
  }),
} as const;

/** A root of signet's own. */
const SELF_SIGNED_ROOT = {
  selfSignedRootKey: choiceOption(
    {
      flag: "selfSignedRootKey",
      variable: "SIGNET_SELF_SIGNED_ROOT_KEY",
      fallback: "P-256",
      help: "key of a new root; a root that is there keeps its own",
    },
    ["P-256", "P-384", "RSA-2048", "RSA-3072", "RSA-4096"],
  ),
  selfSignedCaRsaKeySize: intOption({
    variable: "CITADEL_SELF_SIGNED_CA_RSA_KEY_SIZE",
    fallback: "2048",
    help:
      "when it is set and --selfSignedRootKey is not: a new root has an RSA key of 2048, 3072 or 4096 bits",
  }, { min: 0, max: 1_000_000 }),
  rootCheckInterval: durationOption({
    variable: "CITADEL_SELF_SIGNED_ROOT_CERT_CHECK_INTERVAL",
    fallback: "1h",
    help:
      "time between two looks whether signet's own root is due for renewal; 0s and less never renew",
  }, { minMs: -Infinity }),
  rootGracePercentile: intOption({
    variable: "CITADEL_SELF_SIGNED_ROOT_CERT_GRACE_PERIOD_PERCENTILE",
    fallback: "20",
    help: "percent of its life that is left when signet's own root is renewed, with the same key",
  }, { min: 0, max: 100 }),
  rootRotationJitter: boolOption({
    variable: "CITADEL_ENABLE_JITTER_FOR_ROOT_CERT_ROTATOR",
    fallback: "true",
    help: "begin those looks after a random part of the interval",
  }),
} as const;

/** Options of the CA. */
export const CA_OPTIONS = { ...PLUGGED_IN_CA, ...SELF_SIGNED_ROOT } as const;
