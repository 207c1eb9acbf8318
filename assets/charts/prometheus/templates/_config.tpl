{{- /* prometheus.yml. Series that no rule and no dashboard asks for are dropped on arrival: memory goes by the number of
     series (prometheus.io/docs/prometheus/latest/storage). */ -}}
{{- define "prometheus.config" -}}
global:
  scrape_interval: {{ .Values.scrape.interval }}
  scrape_timeout: {{ .Values.scrape.timeout }}
  evaluation_interval: {{ .Values.scrape.interval }}
  {{- with .Values.externalLabels }}
  external_labels:
    {{- toYaml . | nindent 4 }}
  {{- end }}
rule_files:
  - /etc/prometheus/rules/*.yaml
{{- with .Values.alertmanager.address }}
alerting:
  alertmanagers:
    - static_configs:
        - targets: [{{ . | quote }}]
{{- end }}
scrape_configs:
  # Pods of this namespace that ask for it: the charts beside this one, and whatever an operator adds.
  - job_name: pods
    kubernetes_sd_configs:
      - role: pod
        namespaces:
          names: [{{ .Release.Namespace | quote }}]
    relabel_configs:
      - source_labels: [__meta_kubernetes_pod_annotation_prometheus_io_scrape, __meta_kubernetes_pod_phase]
        regex: true;Running
        action: keep
      # Told from the others by its own job below: it names other pods than itself in `namespace` and `pod`.
      - source_labels: [__meta_kubernetes_pod_label_app_kubernetes_io_name]
        regex: kube-state-metrics
        action: drop
      # Discovery gives one target for each container port: the annotated one is kept.
      - source_labels: [__meta_kubernetes_pod_annotation_prometheus_io_port]
        target_label: __meta_kubernetes_pod_container_port_number
        action: keepequal
      {{- include "prometheus.podLabelsOf" . | nindent 6 }}
    metric_relabel_configs:
      {{- include "prometheus.ballast" . | nindent 6 }}
  # What the API server knows of each object.
  - job_name: kube-state-metrics
    honor_labels: true
    kubernetes_sd_configs:
      - role: pod
        namespaces:
          names: [{{ .Release.Namespace | quote }}]
    relabel_configs:
      - source_labels:
          - __meta_kubernetes_pod_label_app_kubernetes_io_name
          - __meta_kubernetes_pod_container_port_name
          - __meta_kubernetes_pod_phase
        regex: kube-state-metrics;http;Running
        action: keep
    metric_relabel_configs:
      {{- include "prometheus.ballast" . | nindent 6 }}
  # Each container's memory and processor time, from the kubelets.
  - job_name: cadvisor
    metrics_path: /metrics/cadvisor
    {{- include "prometheus.kubelet" . | nindent 4 }}
    metric_relabel_configs:
      - source_labels: [__name__]
        regex: container_(memory_working_set_bytes|memory_rss|spec_memory_limit_bytes|cpu_usage_seconds_total|cpu_cfs_throttled_periods_total|cpu_cfs_periods_total|oom_events_total|network_(receive|transmit)_bytes_total)
        action: keep
      # cgroups that are no container: slices of systemd, and each pod's own sum. The network is counted for the pod.
      - source_labels: [__name__, container, pod]
        regex: container_(memory|spec|cpu|oom)[a-z_]+;;.*|container_network[a-z_]+;;
        action: drop
      # `id` stays: for a moment a restarted container is there twice.
      - regex: image|name
        action: labeldrop
  # How full the volumes are, and little else: in k3s this page holds the whole server's metrics.
  - job_name: kubelet
    metrics_path: /metrics
    {{- include "prometheus.kubelet" . | nindent 4 }}
    metric_relabel_configs:
      - source_labels: [__name__]
        regex: kubelet_volume_stats_(available|capacity|used)_bytes|kubelet_volume_stats_inodes(_free)?
        action: keep
  {{- with .Values.ingressController }}
  # Requests, errors and latency of each Service that is reached from outside, as Traefik saw them.
  - job_name: traefik
    kubernetes_sd_configs:
      - role: pod
        namespaces:
          names: [{{ .namespace | quote }}]
    relabel_configs:
      - source_labels: [__meta_kubernetes_pod_label_app_kubernetes_io_name, __meta_kubernetes_pod_container_port_name]
        regex: {{ .app }};metrics
        action: keep
    metric_relabel_configs:
      - source_labels: [__name__]
        regex: traefik_service_(requests_total|request_duration_seconds_(bucket|count|sum))|traefik_tls_certs_not_after
        action: keep
  {{- end }}
  # When certificates expire.
  - job_name: cert-manager
    kubernetes_sd_configs:
      - role: pod
        namespaces:
          names: [{{ .Values.certManager.namespace | quote }}]
    # It names other namespaces than its own.
    honor_labels: true
    relabel_configs:
      - source_labels: [__meta_kubernetes_pod_label_app_kubernetes_io_name, __meta_kubernetes_pod_container_port_name]
        regex: cert-manager;http-metrics
        action: keep
    metric_relabel_configs:
      - source_labels: [__name__]
        regex: certmanager_certificate_.*
        action: keep
{{- end -}}

{{- /* Discovery and credentials of the kubelets' own pages. */ -}}
{{- define "prometheus.kubelet" -}}
scheme: https
authorization:
  credentials_file: /var/run/secrets/kubernetes.io/serviceaccount/token
tls_config:
  ca_file: /var/run/secrets/kubernetes.io/serviceaccount/ca.crt
  insecure_skip_verify: {{ .Values.kubelet.insecureSkipVerify }}
kubernetes_sd_configs:
  - role: node
relabel_configs:
  - source_labels: [__meta_kubernetes_node_name]
    target_label: node
{{- end -}}

{{- define "prometheus.podLabelsOf" -}}
- source_labels: [__meta_kubernetes_pod_label_app_kubernetes_io_name]
  target_label: job
- source_labels: [__meta_kubernetes_namespace]
  target_label: namespace
- source_labels: [__meta_kubernetes_pod_name]
  target_label: pod
- source_labels: [__meta_kubernetes_pod_node_name]
  target_label: node
{{- end -}}

{{- /* Series about the programs' own Go runtime and HTTP handlers: half of what each page holds. */ -}}
{{- define "prometheus.ballast" -}}
- source_labels: [__name__]
  regex: go_(gc|memstats|sched|cgo|cpu|info|threads|sync|godebug)[a-z_]*|promhttp_.*|net_conntrack_.*|prometheus_(http|sd|engine|remote|tsdb_compaction|tsdb_head_gc)_.*_(bucket|sum|count)|(loki|grafana|alloy|alertmanager)_.*_bucket
  action: drop
{{- end -}}
