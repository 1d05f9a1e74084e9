/**
 * The template for those who bring none: a sidecar that a real pilot-agent runs with, by the names that Istio's own has. It asks for a native
 * sidecar, no interception and other images by the same annotations, and takes resources from its values alone.
 *
 * Left out of what Istio's own template does: CNI, Multus, tracers, user volumes, custom bootstraps, nftables.
 */
import type { InjectorTexts } from "./port.ts";

/** The sidecar, for Go's templates. */
export const BUILTIN_TEMPLATE = `{{- define "amounts" -}}
requests: {cpu: {{ annotation .ObjectMeta "sidecar.istio.io/proxyCPU" "100m" | quote }}, memory: {{ annotation .ObjectMeta "sidecar.istio.io/proxyMemory" "128Mi" | quote }}}
      limits: {cpu: {{ annotation .ObjectMeta "sidecar.istio.io/proxyCPULimit" "2" | quote }}, memory: {{ annotation .ObjectMeta "sidecar.istio.io/proxyMemoryLimit" "1Gi" | quote }}}
{{- end -}}
{{- $pod := .ObjectMeta -}}
{{- $mode := annotation $pod "sidecar.istio.io/interceptionMode" .ProxyConfig.InterceptionMode -}}
{{- $native := eq (annotation $pod "sidecar.istio.io/nativeSidecar" .NativeSidecars) "true" -}}
{{- $image := annotation $pod "sidecar.istio.io/proxyImage" .Values.image -}}
{{- $status := annotation $pod "status.sidecar.istio.io/port" .ProxyConfig.StatusPort -}}
{{- $holds := and .ProxyConfig.HoldApplicationUntilProxyStarts.GetValue (not $native) -}}
{{- $root := eq $mode "TPROXY" -}}
{{- $first := "" -}}
{{- $names := "" -}}
{{- range .Spec.Containers -}}
{{- if ne .Name "istio-proxy" -}}
{{- if $first -}}{{- $names = printf "%s,%s" $names .Name -}}{{- else -}}{{- $first = .Name -}}{{- $names = .Name -}}{{- end -}}
{{- end -}}
{{- end -}}
{{- $labels := $pod.Labels -}}
{{- $app := or (index $labels "service.istio.io/canonical-name") (index $labels "app.kubernetes.io/name") (index $labels "app") .DeploymentMeta.Name -}}
metadata:
  labels:
    security.istio.io/tlsMode: {{ or (index $labels "security.istio.io/tlsMode") "istio" | quote }}
    service.istio.io/canonical-name: {{ $app | trunc 63 | trimSuffix "-" | quote }}
    service.istio.io/canonical-revision: {{ or (index $labels "service.istio.io/canonical-revision") (index $labels "app.kubernetes.io/version") (index $labels "version") "latest" | quote }}
    {{- if eq (index .ProxyConfig.ProxyMetadata "ISTIO_META_ENABLE_HBONE") "true" }}
    networking.istio.io/tunnel: {{ or (index $labels "networking.istio.io/tunnel") "http" | quote }}
    {{- end }}
  annotations:
    istio.io/rev: {{ or .Revision "default" | quote }}
    {{- if $first }}
    kubectl.kubernetes.io/default-container: {{ annotation $pod "kubectl.kubernetes.io/default-container" $first | quote }}
    kubectl.kubernetes.io/default-logs-container: {{ annotation $pod "kubectl.kubernetes.io/default-logs-container" $first | quote }}
    {{- end }}
spec:
  {{- if or $native (ne $mode "NONE") }}
  initContainers:
  {{- end }}
  {{- if ne $mode "NONE" }}
  - name: istio-init
    image: {{ $image | quote }}
    args:
    - istio-iptables
    - -p
    - "{{ .MeshConfig.ProxyListenPort }}"
    - -z
    - "{{ .MeshConfig.ProxyInboundListenPort }}"
    - -u
    - "{{ .ProxyUID }}"
    - -m
    - {{ $mode | quote }}
    - -i
    - {{ annotation $pod "traffic.sidecar.istio.io/includeOutboundIPRanges" "*" | quote }}
    - -x
    - {{ annotation $pod "traffic.sidecar.istio.io/excludeOutboundIPRanges" "" | quote }}
    - -b
    - {{ annotation $pod "traffic.sidecar.istio.io/includeInboundPorts" "*" | quote }}
    - -d
    - {{ printf "15090,15021,%s" (excludeInboundPort $status (annotation $pod "traffic.sidecar.istio.io/excludeInboundPorts" "")) | trimSuffix "," | quote }}
    {{- if isset $pod.Annotations "traffic.sidecar.istio.io/includeOutboundPorts" }}
    - -q
    - {{ index $pod.Annotations "traffic.sidecar.istio.io/includeOutboundPorts" | quote }}
    {{- end }}
    {{- if isset $pod.Annotations "traffic.sidecar.istio.io/excludeOutboundPorts" }}
    - -o
    - {{ index $pod.Annotations "traffic.sidecar.istio.io/excludeOutboundPorts" | quote }}
    {{- end }}
    {{- if isset $pod.Annotations "traffic.sidecar.istio.io/excludeInterfaces" }}
    - -c
    - {{ index $pod.Annotations "traffic.sidecar.istio.io/excludeInterfaces" | quote }}
    {{- end }}
    - --log_output_level=default:info
    resources:
      {{ template "amounts" . }}
    securityContext:
      allowPrivilegeEscalation: false
      privileged: false
      readOnlyRootFilesystem: false
      runAsUser: 0
      runAsGroup: 0
      runAsNonRoot: false
      capabilities: {add: [NET_ADMIN, NET_RAW], drop: [ALL]}
  {{- end }}
  {{- if not $native }}
  containers:
  {{- end }}
  - name: istio-proxy
    image: {{ $image | quote }}
    {{- if $native }}
    restartPolicy: Always
    {{- end }}
    args:
    - proxy
    - sidecar
    - --domain
    - $(POD_NAMESPACE).svc.cluster.local
    - --proxyLogLevel={{ annotation $pod "sidecar.istio.io/logLevel" "warning" }}
    - --proxyComponentLogLevel={{ annotation $pod "sidecar.istio.io/componentLogLevel" "misc:error" }}
    - --log_output_level={{ annotation $pod "sidecar.istio.io/agentLogLevel" "default:info" }}
    ports:
    - name: http-envoy-prom
      containerPort: 15090
      protocol: TCP
    {{- if $holds }}
    lifecycle:
      postStart:
        exec:
          command: [pilot-agent, wait]
    {{- else if $native }}
    lifecycle:
      preStop:
        exec:
          command: [pilot-agent, request, "--debug-port={{ $status }}", POST, drain]
    {{- end }}
    env:
    - name: PILOT_CERT_PROVIDER
      value: istiod
    - name: CA_ADDR
      value: {{ .ProxyConfig.DiscoveryAddress | quote }}
    - name: POD_NAME
      valueFrom: {fieldRef: {fieldPath: metadata.name}}
    - name: POD_NAMESPACE
      valueFrom: {fieldRef: {fieldPath: metadata.namespace}}
    - name: INSTANCE_IP
      valueFrom: {fieldRef: {fieldPath: status.podIP}}
    - name: SERVICE_ACCOUNT
      valueFrom: {fieldRef: {fieldPath: spec.serviceAccountName}}
    - name: HOST_IP
      valueFrom: {fieldRef: {fieldPath: status.hostIP}}
    - name: ISTIO_CPU_LIMIT
      valueFrom: {resourceFieldRef: {resource: limits.cpu, divisor: "1"}}
    - name: PROXY_CONFIG
      value: {{ protoToJSON .ProxyConfig | quote }}
    - name: ISTIO_META_POD_PORTS
      value: |-
        [
        {{- $comma := "" -}}
        {{- range .Spec.Containers }}{{ range .Ports }}{{ $comma }}{{ structToJSON . }}{{ $comma = "," }}{{ end }}{{ end -}}
        ]
    - name: ISTIO_META_APP_CONTAINERS
      value: {{ $names | quote }}
    - name: GOMEMLIMIT
      valueFrom: {resourceFieldRef: {resource: limits.memory, divisor: "1"}}
    - name: GOMAXPROCS
      valueFrom: {resourceFieldRef: {resource: limits.cpu, divisor: "1"}}
    - name: ISTIO_META_CLUSTER_ID
      value: {{ or .Values.global.multiCluster.clusterName "Kubernetes" | quote }}
    - name: ISTIO_META_NODE_NAME
      valueFrom: {fieldRef: {fieldPath: spec.nodeName}}
    - name: ISTIO_META_INTERCEPTION_MODE
      value: {{ $mode | quote }}
    {{- with or (index $labels "service.istio.io/workload-name") .DeploymentMeta.Name }}
    - name: ISTIO_META_WORKLOAD_NAME
      value: {{ . | quote }}
    {{- end }}
    {{- if and .TypeMeta.APIVersion .DeploymentMeta.Name }}
    - name: ISTIO_META_OWNER
      value: kubernetes://apis/{{ .TypeMeta.APIVersion }}/namespaces/{{ or .DeploymentMeta.Namespace "default" }}/{{ toLower .TypeMeta.Kind }}s/{{ .DeploymentMeta.Name }}
    {{- end }}
    - name: ISTIO_META_MESH_ID
      value: {{ or .ProxyConfig.MeshId .MeshConfig.TrustDomain | quote }}
    - name: TRUST_DOMAIN
      value: {{ .MeshConfig.TrustDomain | quote }}
    {{- range $name, $value := .ProxyConfig.ProxyMetadata }}
    - name: {{ $name | quote }}
      value: {{ $value | quote }}
    {{- end }}
    {{- if ne $status "0" }}
    startupProbe:
      httpGet: {path: /healthz/ready, port: 15021}
      periodSeconds: 1
      timeoutSeconds: 3
      failureThreshold: 600
    readinessProbe:
      httpGet: {path: /healthz/ready, port: 15021}
      initialDelaySeconds: {{ annotation $pod "readiness.status.sidecar.istio.io/initialDelaySeconds" "0" }}
      periodSeconds: {{ annotation $pod "readiness.status.sidecar.istio.io/periodSeconds" "15" }}
      timeoutSeconds: 3
      failureThreshold: {{ annotation $pod "readiness.status.sidecar.istio.io/failureThreshold" "4" }}
    {{- end }}
    resources:
      {{ template "amounts" . }}
    securityContext:
      allowPrivilegeEscalation: false
      privileged: false
      readOnlyRootFilesystem: true
      runAsUser: {{ if $root }}0{{ else }}{{ .ProxyUID }}{{ end }}
      runAsGroup: {{ .ProxyGID }}
      runAsNonRoot: {{ not $root }}
      {{- if $root }}
      capabilities: {add: [NET_ADMIN], drop: [ALL]}
      {{- else }}
      capabilities: {drop: [ALL]}
      {{- end }}
    volumeMounts:
    - {name: workload-socket, mountPath: /var/run/secrets/workload-spiffe-uds}
    - {name: credential-socket, mountPath: /var/run/secrets/credential-uds}
    - {name: workload-certs, mountPath: /var/run/secrets/workload-spiffe-credentials}
    - {name: istiod-ca-cert, mountPath: /var/run/secrets/istio}
    - {name: istio-ca-crl, mountPath: /var/run/secrets/istio/crl}
    - {name: istio-data, mountPath: /var/lib/istio/data}
    - {name: istio-envoy, mountPath: /etc/istio/proxy}
    - {name: istio-token, mountPath: /var/run/secrets/tokens}
    - {name: istio-podinfo, mountPath: /etc/istio/pod}
  volumes:
  - {name: workload-socket, emptyDir: {}}
  - {name: credential-socket, emptyDir: {}}
  - {name: workload-certs, emptyDir: {}}
  - {name: istio-envoy, emptyDir: {medium: Memory}}
  - {name: istio-data, emptyDir: {}}
  - name: istio-podinfo
    downwardAPI:
      items:
      - {path: labels, fieldRef: {fieldPath: metadata.labels}}
      - {path: annotations, fieldRef: {fieldPath: metadata.annotations}}
  - name: istio-token
    projected:
      sources:
      - serviceAccountToken: {audience: istio-ca, expirationSeconds: 43200, path: istio-token}
  - name: istiod-ca-cert
    configMap: {name: istio-ca-root-cert}
  - name: istio-ca-crl
    configMap: {name: istio-ca-crl, optional: true}
`;

/** What the built-in template needs. */
export interface BuiltinOptions {
  /** Image of the proxy, with everything that a container's image has. */
  readonly image: string;
  /** Name of the cluster. */
  readonly clusterName: string;
}

/** Configuration and values of the built-in template, in the form of Istio's. */
export function builtinTexts({ image, clusterName }: BuiltinOptions): InjectorTexts {
  return {
    config: JSON.stringify({
      policy: "enabled",
      defaultTemplates: ["sidecar"],
      templates: { sidecar: BUILTIN_TEMPLATE },
    }),
    values: JSON.stringify({
      image,
      global: { multiCluster: { clusterName } },
      sidecarInjectorWebhook: { rewriteAppHTTPProbe: true },
    }),
  };
}
