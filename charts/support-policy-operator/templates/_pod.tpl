{{- /* The labels by which a Deployment of one of several shards, or the only one, finds its pods. */ -}}
{{- define "support-policy-operator.selector" -}}
app.kubernetes.io/name: support-policy-operator
{{- if .sharded }}
support.d2iq.io/shard: {{ .shard | quote }}
{{- end }}
{{- end }}

{{- /* What each pod of the chart has: how its image is pulled, as whom it runs, and on which nodes. */ -}}
{{- define "support-policy-operator.pod" -}}
securityContext:
  runAsNonRoot: true
  runAsUser: 65532
  seccompProfile:
    type: RuntimeDefault
{{- with .Values.image.pullSecrets }}
imagePullSecrets:
{{- range . }}
- name: {{ . | quote }}
{{- end }}
{{- end }}
{{- with .Values.priorityClassName }}
priorityClassName: {{ . | quote }}
{{- end }}
{{- with .Values.nodeSelector }}
nodeSelector:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .Values.tolerations }}
tolerations:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- end }}

{{- /* What each container of the chart has: the image, and no rights on its node. */ -}}
{{- define "support-policy-operator.container" -}}
{{- $image := .Values.image -}}
image: {{ ternary (printf "%s@%s" $image.repository $image.digest) (printf "%s:%s" $image.repository ($image.tag | default .Chart.AppVersion)) (ne $image.digest "") | quote }}
{{- with $image.pullPolicy }}
imagePullPolicy: {{ . }}
{{- end }}
securityContext:
  allowPrivilegeEscalation: false
  readOnlyRootFilesystem: true
  capabilities:
    drop: [ALL]
{{- end }}
