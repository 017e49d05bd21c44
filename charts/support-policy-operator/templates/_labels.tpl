{{- /* Helm's own labels, for each object. What selects pods does not have them: selectors cannot be changed, and an operator
that was installed with kustomize can be taken over. */ -}}
{{- define "support-policy-operator.labels" -}}
helm.sh/chart: {{ .Chart.Name }}-{{ .Chart.Version | replace "+" "_" }}
app.kubernetes.io/instance: {{ .Release.Name | quote }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
{{- end }}
