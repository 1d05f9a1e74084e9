/**
 * `JWT_RULE`: an issuer of ID tokens as istiod takes it, JSON with `issuer`, `jwks_uri` and `audiences`. Whatever is wrong in it is a start
 * error; fields of Istio's JWTRule that say nothing about who may ask a CA are named in a notice.
 */
import { messageOf } from "../base/mod.ts";
import { BadValue, type Option, type OptionSpec } from "./option.ts";

/** An issuer whose ID tokens are accepted. */
export interface JwtRule {
  /** `iss` of its tokens, exactly. */
  readonly issuer: string;
  /** Where its keys are; found by discovery when absent. */
  readonly jwksUri: string | undefined;
  /** Audiences, of which a token must name one. */
  readonly audiences: readonly string[];
  /** Fields that have no effect. */
  readonly unknownFields: readonly string[];
}

const FIELDS = ["issuer", "jwks_uri", "audiences"];

/** The option; empty text is no rule. */
export function jwtRuleOption(spec: OptionSpec): Option<JwtRule | undefined> {
  return {
    ...spec,
    kind: "JSON",
    isStrict: true,
    parse: (text) => text === "" ? undefined : parseJwtRule(text),
  };
}

function parseJwtRule(text: string): JwtRule {
  const rule = parseObject(text);
  const issuer = rule["issuer"];
  if (typeof issuer !== "string" || issuer === "") {
    throw new BadValue("should have an issuer, a text that is not empty");
  }
  const jwksUri = rule["jwks_uri"] ?? "";
  if (typeof jwksUri !== "string") throw new BadValue("should have a text as jwks_uri");
  const audiences = rule["audiences"] ?? [];
  if (!Array.isArray(audiences) || !audiences.every((one) => typeof one === "string")) {
    throw new BadValue("should have a list of texts as audiences");
  }
  if (jwksUri === "") checkUrl(issuer, "issuer, as jwks_uri is not given");
  else checkUrl(jwksUri, "jwks_uri");
  return {
    issuer,
    jwksUri: jwksUri === "" ? undefined : jwksUri,
    audiences,
    unknownFields: Object.keys(rule).filter((field) => !FIELDS.includes(field)),
  };
}

function parseObject(text: string): Readonly<Record<string, unknown>> {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (thrown) {
    throw new BadValue(`should be JSON: ${messageOf(thrown)}`);
  }
  if (typeof value === "object" && value !== null && !Array.isArray(value)) {
    return value as Readonly<Record<string, unknown>>;
  }
  throw new BadValue('should be a JSON object such as {"issuer": "...", "audiences": ["..."]}');
}

/** An http or https URL. */
export function isHttpUrl(text: string): boolean {
  const url = URL.parse(text);
  return url !== null && (url.protocol === "https:" || url.protocol === "http:");
}

function checkUrl(text: string, what: string): void {
  if (!isHttpUrl(text)) throw new BadValue(`should have an http or https URL as ${what}`);
}
