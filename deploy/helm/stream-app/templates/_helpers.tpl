{{/* Names are the release's, so that two releases fit into one namespace. */}}
{{- define "stream-app.name" -}}
{{- $release := .root.Release.Name | trunc 40 | trimSuffix "-" -}}
{{- ternary $release (printf "%s-stream-app" $release) (contains "stream-app" $release) -}}-{{ .component }}
{{- end }}

{{- define "stream-app.selector" -}}
app.kubernetes.io/name: stream-app
app.kubernetes.io/instance: {{ .root.Release.Name }}
app.kubernetes.io/component: {{ .component }}
{{- end }}

{{- define "stream-app.labels" -}}
{{ include "stream-app.selector" . }}
app.kubernetes.io/version: {{ .root.Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .root.Release.Service }}
helm.sh/chart: {{ .root.Chart.Name }}-{{ .root.Chart.Version }}
{{- end }}

{{/* The files of a component's secrets: variable, the Secret, its key. Nothing that is secret is ever a variable's value. */}}
{{- define "stream-app.secrets" -}}
{{- $values := .root.Values -}}
{{- $exporter := eq .component "exporter" -}}
{{- $found := list -}}
{{- if not $exporter -}}
{{- $found = append $found (dict "variable" "STREAM_APP_KAFKA_PASSWORD_FILE" "secret" $values.kafka.passwordSecret) -}}
{{- $found = append $found (dict "variable" "STREAM_APP_KAFKA_CA_FILE" "secret" $values.kafka.caSecret) -}}
{{- with $values.kafka.clientSecret -}}
{{- $found = append $found (dict "variable" "STREAM_APP_KAFKA_CERT_FILE" "secret" (dict "name" . "key" "tls.crt")) -}}
{{- $found = append $found (dict "variable" "STREAM_APP_KAFKA_KEY_FILE" "secret" (dict "name" . "key" "tls.key")) -}}
{{- end -}}
{{- end -}}
{{- $own := ternary $values.exporter.passwordSecret dict $exporter -}}
{{- $password := default $values.redis.passwordSecret $own -}}
{{- $found = append $found (dict "variable" "STREAM_APP_REDIS_PASSWORD_FILE" "secret" $password) -}}
{{- $sentinel := $values.redis.sentinelPasswordSecret -}}
{{- $found = append $found (dict "variable" "STREAM_APP_REDIS_SENTINEL_PASSWORD_FILE" "secret" $sentinel) -}}
{{- $found = append $found (dict "variable" "STREAM_APP_REDIS_CA_FILE" "secret" $values.redis.caSecret) -}}
{{- if $exporter -}}
{{- $found = append $found (dict "variable" "STREAM_APP_DETAIL_TOKEN_FILE" "secret" $values.exporter.detailTokenSecret) -}}
{{- end -}}
{{- range $found -}}
{{- if .secret.name }}
- variable: {{ .variable }}
  file: {{ .variable | trimPrefix "STREAM_APP_" | trimSuffix "_FILE" | lower }}
  name: {{ .secret.name }}
  key: {{ .secret.key }}
{{- end -}}
{{- end -}}
{{- end }}

{{- define "stream-app.environment" -}}
{{- $values := .root.Values -}}
# The pod's own network: a Service or Ingress decides who reaches it.
- {name: STREAM_APP_HOST, value: "0.0.0.0"}
- {name: STREAM_APP_REDIS_URL, value: {{ $values.redis.url | quote }}}
{{- $own := ternary $values.exporter.username "" (eq .component "exporter") }}
{{- with default $values.redis.username $own }}
- {name: STREAM_APP_REDIS_USERNAME, value: {{ . | quote }}}
{{- end }}
{{- with $values.redis.sentinelUsername }}
- {name: STREAM_APP_REDIS_SENTINEL_USERNAME, value: {{ . | quote }}}
{{- end }}
{{- if ne .component "exporter" }}
- {name: STREAM_APP_KAFKA_URL, value: {{ $values.kafka.url | quote }}}
- {name: STREAM_APP_KAFKA_SECURITY, value: {{ $values.kafka.security }}}
- {name: STREAM_APP_KAFKA_SASL_MECHANISM, value: {{ $values.kafka.saslMechanism }}}
{{- with $values.kafka.username }}
- {name: STREAM_APP_KAFKA_USERNAME, value: {{ . | quote }}}
{{- end }}
{{- end }}
{{- if eq .component "exporter" }}
{{- with $values.alerts }}
- {name: STREAM_APP_ALERTS_FILE, value: /etc/stream-app/alerts.toml}
{{- end }}
{{- with $values.targets }}
- {name: STREAM_APP_TARGETS_FILE, value: /etc/stream-app/targets.toml}
{{- end }}
{{- end }}
{{- range fromYamlArray (include "stream-app.secrets" .) }}
- {name: {{ .variable }}, value: /run/secrets/stream-app/{{ .file }}}
{{- end }}
{{- range $name, $value := $values.settings }}
- {name: {{ $name }}, value: {{ $value | quote }}}
{{- end }}
{{- end }}

{{- define "stream-app.volumes" -}}
- name: tmp
  emptyDir: {sizeLimit: 64Mi}
{{- if and (eq .component "exporter") (or .root.Values.alerts .root.Values.targets) }}
- name: config
  configMap: {name: {{ include "stream-app.name" (dict "root" .root "component" "config") }}}
{{- end }}
{{- with fromYamlArray (include "stream-app.secrets" .) }}
- name: secrets
  projected:
    defaultMode: 0440
    sources:
      {{- range . }}
      - secret: {name: {{ .name }}, items: [{key: {{ .key }}, path: {{ .file }}}]}
      {{- end }}
{{- end }}
{{- end }}

{{- define "stream-app.mounts" -}}
- {name: tmp, mountPath: /tmp}
{{- if and (eq .component "exporter") (or .root.Values.alerts .root.Values.targets) }}
- {name: config, mountPath: /etc/stream-app, readOnly: true}
{{- end }}
{{- if fromYamlArray (include "stream-app.secrets" .) }}
- {name: secrets, mountPath: /run/secrets/stream-app, readOnly: true}
{{- end }}
{{- end }}

{{/* What the pods of all components have in common. */}}
{{- define "stream-app.pod" -}}
automountServiceAccountToken: false
# With links, the Service of the exporter would set STREAM_APP_EXPORTER_PORT to an address.
enableServiceLinks: false
securityContext:
  runAsNonRoot: true
  runAsUser: 10001
  runAsGroup: 10001
  fsGroup: 10001
  seccompProfile: {type: RuntimeDefault}
{{- with .root.Values.imagePullSecrets }}
imagePullSecrets: {{ toJson . }}
{{- end }}
{{- with .root.Values.nodeSelector }}
nodeSelector: {{ toJson . }}
{{- end }}
{{- with .root.Values.tolerations }}
tolerations: {{ toJson . }}
{{- end }}
{{- end }}

{{- define "stream-app.container" -}}
name: {{ .component }}
image: "{{ .root.Values.image.repository }}:{{ default .root.Chart.AppVersion .root.Values.image.tag }}"
imagePullPolicy: {{ .root.Values.image.pullPolicy }}
args: [{{ .component }}]
securityContext:
  allowPrivilegeEscalation: false
  readOnlyRootFilesystem: true
  capabilities: {drop: [ALL]}
{{- end }}
