{{- define "type" -}}
{{- $type := . -}}
{{- if markdownShouldRenderType $type }}
### {{ $type.Name }}

{{ trim $type.Doc }}
{{- $limits := list }}
{{- range $type.Validation }}{{ $limits = append $limits . }}{{ end }}
{{- if $type.IsAlias }}

It is a {{ markdownRenderTypeLink $type.UnderlyingType }}.
{{- else if $limits }}

Limits: {{ join ", " $limits }}.
{{- end }}
{{- if $type.References }}

Part of{{ range $i, $r := $type.SortedReferences }}{{ if $i }},{{ end }} {{ markdownRenderTypeLink $r }}{{ end }}.
{{- end }}
{{- if $type.Members }}

| Field | Type | Meaning | Limits |
| --- | --- | --- | --- |
{{- if $type.GVK }}
| `apiVersion` | string | `{{ $type.GVK.Group }}/{{ $type.GVK.Version }}` | |
| `kind` | string | `{{ $type.GVK.Kind }}` | |
{{- end }}
{{- range $type.Members }}
| `{{ .Name }}` | {{ markdownRenderType .Type }} | {{ template "type_members" . }} | {{ template "limits" . }} |
{{- end }}
{{- end }}
{{- if $type.EnumValues }}

| Value | Meaning |
| --- | --- |
{{- range $type.EnumValues }}
| `{{ .Name }}` | {{ template "line" .Doc }} |
{{- end }}
{{- end }}
{{ end -}}
{{- end -}}
{{- define "line" }}{{ markdownRenderFieldDoc . | replace "<br />" " " | trim }}{{ end -}}
{{- define "limits" -}}
{{- $limits := list -}}
{{- range .Validation -}}
{{- if hasPrefix "Required" . }}{{ $limits = prepend $limits "required" -}}
{{- else if not (hasPrefix "Optional" .) }}{{ $limits = append $limits (markdownRenderFieldDoc .) }}{{ end -}}
{{- end -}}
{{- join ", " $limits -}}
{{- end -}}
