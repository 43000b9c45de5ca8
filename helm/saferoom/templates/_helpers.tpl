{{- define "saferoom.labels" -}}
app.kubernetes.io/name: saferoom
app.kubernetes.io/instance: {{ .Release.Name }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ .Chart.Name }}-{{ .Chart.Version }}
{{- end }}

{{- /* What selects the pods of one part: (list $ "airlock"). */}}
{{- define "saferoom.selector" -}}
{{- $root := index . 0 -}}
app.kubernetes.io/name: saferoom
app.kubernetes.io/instance: {{ $root.Release.Name }}
app.kubernetes.io/component: {{ index . 1 }}
{{- end }}

{{- /* The same of a pod of the sub-chart: (list $ "hub"). */}}
{{- define "saferoom.jupyterhub" -}}
{{- $root := index . 0 -}}
app.kubernetes.io/name: jupyterhub
app.kubernetes.io/instance: {{ $root.Release.Name }}
app.kubernetes.io/component: {{ index . 1 }}
{{- end }}

{{- define "saferoom.image" -}}
{{ .name }}@{{ .digest }}
{{- end }}

{{- /* A pod's security context; its argument is the user id. */}}
{{- define "saferoom.podSecurity" -}}
runAsNonRoot: true
runAsUser: {{ . }}
runAsGroup: {{ . }}
fsGroup: {{ . }}
fsGroupChangePolicy: OnRootMismatch
seccompProfile:
  type: RuntimeDefault
{{- end }}

{{- define "saferoom.containerSecurity" -}}
allowPrivilegeEscalation: false
privileged: false
readOnlyRootFilesystem: true
runAsNonRoot: true
capabilities:
  drop: [ALL]
seccompProfile:
  type: RuntimeDefault
{{- end }}

{{- /* Limits that are requests, too, so that what runs is never taken for something that may be ended first. */}}
{{- define "saferoom.resources" -}}
requests:
  cpu: {{ .cpu | quote }}
  memory: {{ .memory | quote }}
limits:
  cpu: {{ .cpu | quote }}
  memory: {{ .memory | quote }}
{{- end }}

{{- define "saferoom.place" -}}
{{- with .nodeSelector }}
nodeSelector:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .tolerations }}
tolerations:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- end }}

{{- define "saferoom.pullSecrets" -}}
{{- with .Values.images.pullSecrets }}
imagePullSecrets:
  {{- range . }}
  - name: {{ . }}
  {{- end }}
{{- end }}
{{- end }}

{{- /* Nothing in it can ask the cluster, look up a name, or see its neighbours. */}}
{{- define "saferoom.closed" -}}
automountServiceAccountToken: false
enableServiceLinks: false
hostNetwork: false
hostPID: false
hostIPC: false
shareProcessNamespace: false
dnsPolicy: None
dnsConfig:
  nameservers: ["127.0.0.1"]
{{- end }}

{{- /* The volume with the instance's keys: from a Secret, or from a key management service by its CSI driver. */}}
{{- define "saferoom.keys" -}}
name: keys
{{- if eq .Values.keys.source "kms" }}
csi:
  driver: {{ .Values.keys.kms.driver }}
  readOnly: true
  volumeAttributes:
    secretProviderClass: {{ .Values.keys.kms.providerClass }}
{{- else }}
secret:
  secretName: saferoom-keys
  defaultMode: 0440
{{- end }}
{{- end }}

{{- /* A claim: (dict "root" $ "name" n "namespace" ns "size" s "class" c "mode" m "labels" extra). */}}
{{- define "saferoom.claim" -}}
apiVersion: v1
kind: PersistentVolumeClaim
metadata:
  name: {{ .name }}
  namespace: {{ .namespace }}
  annotations:
    helm.sh/resource-policy: keep
  labels:
    {{- include "saferoom.labels" .root | nindent 4 }}
    {{- with .labels }}
    {{- toYaml . | nindent 4 }}
    {{- end }}
spec:
  accessModes: [{{ .mode }}]
  {{- with .class }}
  storageClassName: {{ . }}
  {{- end }}
  resources:
    requests:
      storage: {{ .size }}
{{- end }}
