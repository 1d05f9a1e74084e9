/**
 * Templates of Go's `text/template`: what `istiod` renders sidecars with renders here to the same text, with the same errors. Pure.
 *
 * Left out: complex numbers, channels, functions that are ranged over, and maps whose keys are not texts.
 *
 * @example Render a template
 * ```ts
 * import { goInt, parseTemplate } from "signet/template/mod.ts";
 *
 * const template = parseTemplate("ports", "{{range $i, $p := .ports}}{{if $i}},{{end}}{{$p}}{{end}}", {
 *   functions: {},
 * });
 * if (template.render({ ports: [goInt(80), goInt(443)] }) !== "80,443") throw new TypeError("Should render");
 * ```
 *
 * @module
 */
export {
  GoInt,
  goInt,
  type GoIntType,
  type GoMethod,
  GoNamed,
  type GoNamedType,
  GoNil,
  goNil,
  GoStruct,
  goStruct,
  type GoStructType,
  goTyped,
  type TemplateFunction,
  typeName,
} from "./go_values.ts";
export { TEMPLATE_LIMITS, type TemplateLimits } from "./limits.ts";
export type { MissingKey } from "./run.ts";
export { goFunction } from "./signature.ts";
export { formatValue } from "./go_format.ts";
export { fault } from "./failure.ts";
export { look } from "./allowance.ts";
export { parseTemplate, type ParseTemplateOptions, type Template } from "./template.ts";
export { SPRIG } from "./sprig/functions.ts";
