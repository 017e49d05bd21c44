{{- define "gvList" -}}
<!-- Generated from the Go types by "make generate-all"; do not edit. -->

# API reference

Made from the Go types of `api/v1alpha1` by `make generate-all`: every field, its type and its limits. What the fields mean,
with examples and with what the operator answers, is in the pages of [the specification](../spec/README.md).
{{ range . }}{{ template "gvDetails" . }}{{ end -}}
{{- end -}}
