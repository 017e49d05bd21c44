{{- define "type_members" -}}
{{- if eq .Name "metadata" }}the standard object's metadata{{ else }}{{ template "line" .Doc }}{{ end -}}
{{- end -}}
