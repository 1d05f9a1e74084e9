/**
 * The Helm chart's templates, out of the manifests of `packaging/kubernetes`: the same objects, with values where people differ. An object that
 * the manifests gain is in the chart as soon as it is generated anew, and a test says when that is due.
 */

/** What begins every template, so that nobody edits it. */
const HEADER =
  "{{- /* Made of packaging/kubernetes by scripts/deno task helm: change that, not this. */ -}}";

/** A text of the manifests, and what stands there in the chart. Each must be found in its file. */
type Substitution = readonly [from: string, to: string];

/** What differs from one installation to the next, by file. */
const SUBSTITUTIONS: Readonly<Record<string, readonly Substitution[]>> = {
  "deployment.yaml": [
    ["  replicas: 2\n", "  replicas: {{ .Values.replicas }}\n"],
    [
      "          image: signet\n",
      `          image: {{ printf "%s:%s" .Values.image.repository (.Values.image.tag | default .Chart.AppVersion) | quote }}
          imagePullPolicy: {{ .Values.image.pullPolicy }}
`,
    ],
    [
      "          args: [discovery, --registries=Kubernetes, --log_as_json]\n",
      `          args:
            - discovery
            - --registries=Kubernetes
            - --log_as_json
            {{- range .Values.args }}
            - {{ . | quote }}
            {{- end }}
`,
    ],
    [
      `                  fieldPath: metadata.namespace
`,
      `                  fieldPath: metadata.namespace
            {{- if .Values.ca.useCacerts }}
            - name: USE_CACERTS_FOR_SELF_SIGNED_CA
              value: "true"
            {{- end }}
            {{- if ne .Values.rootConfigMap "istio-ca-root-cert" }}
            - name: PILOT_CA_CERT_CONFIGMAP
              value: {{ .Values.rootConfigMap | quote }}
            {{- end }}
            {{- if ne .Values.crlConfigMap "istio-ca-crl" }}
            - name: PILOT_CRL_CONFIGMAP
              value: {{ .Values.crlConfigMap | quote }}
            {{- end }}
            {{- with .Values.revision }}
            - name: REVISION
              value: {{ . | quote }}
            {{- end }}
            {{- with .Values.sharedMeshConfig }}
            - name: SHARED_MESH_CONFIG
              value: {{ . | quote }}
            {{- end }}
            {{- range $name, $value := .Values.env }}
            {{- if has $name (list "POD_NAME" "POD_NAMESPACE" "USE_CACERTS_FOR_SELF_SIGNED_CA" "PILOT_CA_CERT_CONFIGMAP" "PILOT_CRL_CONFIGMAP" "REVISION" "SHARED_MESH_CONFIG") }}
            {{- fail (printf "env.%s: the chart's permissions depend on it; set the value that is made for it" $name) }}
            {{- end }}
            - name: {{ $name }}
              value: {{ $value | quote }}
            {{- end }}
`,
    ],
    [
      `            requests:
              cpu: 100m
              memory: 192Mi
`,
      `            {{- toYaml .Values.resources | nindent 12 }}
`,
    ],
    [
      "            name: istio\n",
      "            name: istio{{ if not (has .Values.revision (list "" "default")) }}-{{ .Values.revision }}{{ end }}\n",
    ],
    [
      `            secretName: cacerts
            optional: true
`,
      `            secretName: cacerts
            optional: {{ not .Values.ca.pluggedIn }}
`,
    ],
  ],
  "rbac.yaml": [
    [
      "  # The mesh config. With REVISION it is istio-REVISION; with SHARED_MESH_CONFIG add that one.\n",
      "  # The mesh config.\n",
    ],
    [
      "resourceNames: [istio]",
      "resourceNames: [istio{{ if not (has .Values.revision (list "" "default")) }}-{{ .Values.revision }}{{ end }}{{ with .Values.sharedMeshConfig }}, {{ . }}{{ end }}]",
    ],
    [
      "resourceNames: [istio-ca-root-cert, istio-ca-crl]",
      "resourceNames: {{ list .Values.rootConfigMap .Values.crlConfigMap | toJson }}",
    ],
    [
      `  # The CA. With USE_CACERTS_FOR_SELF_SIGNED_CA=true add cacerts.
`,
      `  {{- if not .Values.ca.pluggedIn }}
  # The CA.
`,
    ],
    [
      `    resourceNames: [istio-ca-secret]
    verbs: [get, list, watch, update]
`,
      `    resourceNames: [istio-ca-secret{{ if .Values.ca.useCacerts }}, cacerts{{ end }}]
    verbs: [get, list, watch, update]
  {{- end }}
`,
    ],
  ],
};
/** Options of the manifests, and the value that turns each on; a substitution puts the value where the option has an example. */
const OPTIONS: Readonly<
  Record<string, { readonly value: string; readonly example: Substitution }>
> = {
  signers: {
    value: "signers",
    example: ["[signers.example.com/*]", "{{ .Values.signers | toJson }}"],
  },
};

/** What the chart leaves to `helm install --create-namespace`. */
export const NOT_IN_CHART: readonly string[] = ["namespace.yaml"];

/**
 * The template of a file of an option: empty unless its value is given.
 *
 * @throws {TypeError} when there is no value for it, or the example is gone.
 */
export function optionTemplate(option: string, manifest: string): string {
  const known = OPTIONS[option];
  if (known === undefined) {
    throw new TypeError(
      `Cannot make the chart's ${option}: scripts/helm_chart.ts has no value for it`,
    );
  }
  const { value, example: [from, to] } = known;
  if (!manifest.includes(from)) {
    throw new TypeError(`Cannot make the chart's ${option}: the manifest should hold ${from}`);
  }
  const body = withNamespace(manifest.replace(from, () => to));
  return `${HEADER}\n{{- if .Values.${value} }}\n${body}{{- end }}\n`;
}

function withNamespace(text: string): string {
  return text.replaceAll("istio-system", "{{ .Release.Namespace }}");
}

/**
 * The template of a file of the manifests.
 *
 * @throws {TypeError} when the file has changed where a value stands.
 */
export function chartTemplate(name: string, manifest: string): string {
  let text = manifest;
  for (const [from, to] of SUBSTITUTIONS[name] ?? []) {
    if (text.split(from).length !== 2) {
      throw new TypeError(
        `Cannot make the chart's ${name}: the manifest should hold ${
          JSON.stringify(from)
        } once; mend scripts/helm_chart.ts`,
      );
    }
    text = text.replace(from, () => to);
  }
  return `${HEADER}\n${withNamespace(text)}`;
}
