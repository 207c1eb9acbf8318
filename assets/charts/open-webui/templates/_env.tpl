{{- define "open-webui.databaseEnv" -}}
- name: DATABASE_URL
  valueFrom:
    secretKeyRef:
      name: {{ required "database.existingSecret: name a Secret with the key DATABASE_URL" .Values.database.existingSecret }}
      key: DATABASE_URL
{{- end -}}

{{/* The main container's environment. Each name comes from one place only (server-side apply refuses a name twice): the
     schema keeps the names set here out of `env` and `secretEnv`. */}}
{{- define "open-webui.env" -}}
{{ include "open-webui.databaseEnv" . }}
- name: WEBUI_SECRET_KEY
  valueFrom:
    secretKeyRef:
      name: {{ required "secretKey.existingSecret: name a Secret with the key WEBUI_SECRET_KEY" .Values.secretKey.existingSecret }}
      key: WEBUI_SECRET_KEY
{{- with .Values.admin.existingSecret }}
- name: WEBUI_ADMIN_EMAIL
  valueFrom:
    secretKeyRef:
      name: {{ . }}
      key: WEBUI_ADMIN_EMAIL
- name: WEBUI_ADMIN_PASSWORD
  valueFrom:
    secretKeyRef:
      name: {{ . }}
      key: WEBUI_ADMIN_PASSWORD
- name: WEBUI_ADMIN_NAME
  value: {{ $.Values.admin.name | quote }}
{{- end }}
# The image's root filesystem is read-only: the application copies its static files to STATIC_DIR at each start.
- name: STATIC_DIR
  value: /run/open-webui/static
- name: HOME
  value: /tmp
- name: PORT
  value: "8080"
- name: ENABLE_SIGNUP
  value: {{ ternary "True" "False" .Values.signup | quote }}
- name: ENABLE_PERSISTENT_CONFIG
  value: {{ ternary "True" "False" .Values.persistentConfig | quote }}
{{- with .Values.url }}
- name: WEBUI_URL
  value: {{ . | quote }}
- name: CORS_ALLOW_ORIGIN
  value: {{ . | trimSuffix "/" | quote }}
{{- if hasPrefix "https://" . }}
- name: WEBUI_SESSION_COOKIE_SECURE
  value: "True"
- name: WEBUI_AUTH_COOKIE_SECURE
  value: "True"
{{- end }}
{{- end }}
- name: ENABLE_OLLAMA_API
  value: {{ ternary "True" "False" (gt (len .Values.ollama.urls) 0) | quote }}
{{- with .Values.ollama.urls }}
- name: OLLAMA_BASE_URLS
  value: {{ join ";" . | quote }}
- name: RAG_OLLAMA_BASE_URL
  value: {{ first . | quote }}
{{- if $.Values.ollama.embeddingModel }}
- name: RAG_EMBEDDING_ENGINE
  value: ollama
- name: RAG_EMBEDDING_MODEL
  value: {{ $.Values.ollama.embeddingModel | quote }}
{{- end }}
{{- end }}
{{- with .Values.redis.existingSecret }}
- name: REDIS_URL
  valueFrom:
    secretKeyRef:
      name: {{ . }}
      key: REDIS_URL
- name: WEBSOCKET_MANAGER
  value: redis
{{- end }}
{{- range $name, $value := .Values.env }}
- name: {{ $name }}
  value: {{ $value | quote }}
{{- end }}
{{- range $name, $ref := .Values.secretEnv }}
- name: {{ $name }}
  valueFrom:
    secretKeyRef:
      name: {{ $ref.secret }}
      key: {{ $ref.key }}
{{- end }}
{{- end -}}
