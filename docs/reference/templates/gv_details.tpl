{{- define "gvDetails" }}
## {{ .GroupVersionString }}

{{ trim .Doc }}

Kinds:
{{ range .SortedKinds }}
- {{ $.TypeForKind . | markdownRenderTypeLink }}
{{- end }}
{{ range .SortedKinds }}{{ template "type" ($.TypeForKind .) }}{{ end -}}
{{- range .SortedTypes }}{{ if not .GVK }}{{ template "type" . }}{{ end }}{{ end -}}
{{- end -}}
