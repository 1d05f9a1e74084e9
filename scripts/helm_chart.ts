/**
 * The Helm chart's templates, out of the manifests of `packaging/kubernetes`: the same objects, with values where people differ. An object that
 * the manifests gain is in the chart as soon as it is generated anew, and a test says when that is due.
 */

/** What begins every template, so that nobody edits it. */
const HEADER =
  "{{- /* Made of packaging/kubernetes by scripts/deno task helm: change that, not this. */ -}}";

/** A text of the manifests, with the release's namespace, and what stands there in the chart. Each must be found in its file. */
type Substitution = readonly [from: string, to: string];

/** What stands in the place of the manifests' namespace. */
const NAMESPACE = "{{ .Release.Namespace }}";
/** What a revision adds to names, as istiod has it. */
const OF_REVISION =
  `{{ if not (has .Values.revision (list "" "default")) }}-{{ .Values.revision }}{{ end }}`;

const REVISION = '{{ .Values.revision | default "default" }}';
/** The mutating configuration's name, which istiod's charts end with a namespace that is not the usual one. */
const INJECTOR =
  `istio-sidecar-injector${OF_REVISION}{{ if ne .Release.Namespace "istio-system" }}-${NAMESPACE}{{ end }}`;
/** The end of the last entry of the mutating configuration. */
const LAST_ENTRY = `        - { key: istio.io/rev, operator: DoesNotExist }
    clientConfig: *inject
    rules: *pods
    failurePolicy: Fail
    reinvocationPolicy: Never
    sideEffects: None
    admissionReviewVersions: [v1]
`;

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
      `            name: istio${OF_REVISION}\n`,
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
  "webhooks.yaml": [
    [
      `  name: istio-validator-${NAMESPACE}
  labels:
    istio.io/rev: default
`,
      `  name: istio-validator${OF_REVISION}-${NAMESPACE}
  labels:
    istio.io/rev: ${REVISION}
`,
    ],
    [
      `  name: istio-sidecar-injector
  labels:
    istio.io/rev: default
`,
      `  name: ${INJECTOR}
  labels:
    istio.io/rev: ${REVISION}
`,
    ],
    [
      `        - { key: istio.io/rev, operator: In, values: [default] }
        - { key: istio-injection, operator: DoesNotExist }
`,
      `        - { key: istio.io/rev, operator: In, values: [${REVISION}] }
        - { key: istio-injection, operator: DoesNotExist }
`,
    ],
    [
      `        - { key: istio.io/rev, operator: In, values: [default] }
    clientConfig: *inject
`,
      `        - { key: istio.io/rev, operator: In, values: [${REVISION}] }
    clientConfig: *inject
`,
    ],
    // Labels that name no revision are the default one's.
    [
      "  - name: namespace.sidecar-injector.istio.io\n",
      `  {{- if has .Values.revision (list "" "default") }}
  - name: namespace.sidecar-injector.istio.io
`,
    ],
    [LAST_ENTRY, `${LAST_ENTRY}  {{- end }}\n`],
  ],
  "rbac.yaml": [
    [
      "are found by their label. With REVISION add those of that revision.\n",
      "are found by their label.\n",
    ],
    [
      `resources: [mutatingwebhookconfigurations]
    resourceNames: [istio-sidecar-injector]`,
      `resources: [mutatingwebhookconfigurations]
    resourceNames: [${INJECTOR}]`,
    ],
    [
      `  # Templates and values of sidecars. With a revision, istio-sidecar-injector-<revision>.
  - apiGroups: [""]
    resources: [configmaps]
    resourceNames: [istio-sidecar-injector]
`,
      `  # Templates and values of sidecars.
  - apiGroups: [""]
    resources: [configmaps]
    resourceNames: [istio-sidecar-injector${OF_REVISION}]
`,
    ],
    [
      `resourceNames: [istio-validator-${NAMESPACE}]`,
      `resourceNames: [istio-validator${OF_REVISION}-${NAMESPACE}]`,
    ],
    [
      "  # The mesh config. With REVISION it is istio-REVISION; with SHARED_MESH_CONFIG add that one.\n",
      "  # The mesh config.\n",
    ],
    [
      "resourceNames: [istio]",
      `resourceNames: [istio${OF_REVISION}{{ with .Values.sharedMeshConfig }}, {{ . }}{{ end }}]`,
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
/** Options of the manifests that a list turns on, which stands where the option has an example. Any other is on by `options.NAME`. */
const LISTS: Readonly<Record<string, { readonly value: string; readonly example: string }>> = {
  signers: { value: "signers", example: "[signers.example.com/*]" },
};

/** What the chart leaves to `helm install --create-namespace`. */
export const NOT_IN_CHART: readonly string[] = ["namespace.yaml"];

/**
 * One template for all options of the manifests: each is in it when its value is given, and a value for none is refused.
 *
 * @throws {TypeError} when the example of a list is gone.
 */
export function optionsTemplate(manifests: Readonly<Record<string, string>>): string {
  const names = Object.keys(manifests).sort();
  const switches = names.filter((name) => !Object.hasOwn(LISTS, name));
  const known = switches.map((name) => JSON.stringify(name)).join(" ");
  return [
    HEADER,
    "{{- range $name, $_ := .Values.options }}",
    `{{- if not (has $name (list ${known})) }}`,
    `{{- fail (printf "options.%s: there is no such option; there are: ${
      switches.join(", ")
    }" $name) }}`,
    "{{- end }}",
    "{{- end }}",
    ...names.flatMap((name) => {
      const { condition, body } = optionBody(name, manifests[name]!);
      return [`{{- if ${condition} }}`, "---", withNamespace(body).trimEnd(), "{{- end }}"];
    }),
    "",
  ].join("\n");
}

function optionBody(
  name: string,
  manifest: string,
): { readonly condition: string; readonly body: string } {
  const list = LISTS[name];
  if (list === undefined) return { condition: `index .Values.options "${name}"`, body: manifest };
  const { value, example } = list;
  if (!manifest.includes(example)) {
    throw new TypeError(`Cannot make the chart's ${name}: the manifest should hold ${example}`);
  }
  const body = manifest.replaceAll(example, () => `{{ .Values.${value} | toJson }}`);
  return { condition: `.Values.${value}`, body };
}

function withNamespace(text: string): string {
  return text.replaceAll("istio-system", NAMESPACE);
}

/**
 * The template of a file of the manifests.
 *
 * @throws {TypeError} when the file has changed where a value stands.
 */
export function chartTemplate(name: string, manifest: string): string {
  let text = withNamespace(manifest);
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
  return `${HEADER}\n${text}`;
}
