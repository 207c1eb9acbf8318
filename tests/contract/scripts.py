"""What people do with kubectl, as scripts; the chart of nobody that they do it to."""

from __future__ import annotations

from .shell import Run, Script, lines, section

WORKLOADS = """
apiVersion: apps/v1
kind: Deployment
metadata: {name: web, labels: {app: web}}
spec:
  replicas: 2
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}, annotations: {wizard.test/logs: hello}}
    spec:
      containers:
        - name: main
          image: sound:1
          args: [serve]
          env: [{name: A, value: b}, {name: C, valueFrom: {configMapKeyRef: {name: cm, key: a}}}]
          ports: [{containerPort: 8080, name: http}]
          readinessProbe: {httpGet: {path: /, port: http}}
          resources: {requests: {cpu: 10m, memory: 16Mi}, limits: {memory: 64Mi}}
          volumeMounts: [{name: cfg, mountPath: /cfg}]
      volumes: [{name: cfg, configMap: {name: cm}}]
---
apiVersion: apps/v1
kind: StatefulSet
metadata: {name: db}
spec:
  serviceName: db
  selector: {matchLabels: {app: db}}
  template:
    metadata: {labels: {app: db}}
    spec: {containers: [{name: main, image: "sound:1", volumeMounts: [{name: data, mountPath: /data}]}]}
  volumeClaimTemplates:
    - {metadata: {name: data}, spec: {accessModes: [ReadWriteOnce], resources: {requests: {storage: 1Gi}}}}
---
apiVersion: v1
kind: Service
metadata: {name: web}
spec: {selector: {app: web}, ports: [{port: 80, targetPort: http, name: http}]}
---
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata: {name: web}
spec:
  ingressClassName: nobody-s
  tls: [{hosts: [a.example], secretName: tls}]
  rules:
    - host: a.example
      http: {paths: [{path: /, pathType: Prefix, backend: {service: {name: web, port: {number: 80}}}}]}
---
apiVersion: batch/v1
kind: Job
metadata: {name: once}
spec:
  template:
    metadata: {annotations: {wizard.test/logs: "one\\ntwo"}}
    spec: {restartPolicy: Never, containers: [{name: main, image: "sound:1"}]}
---
apiVersion: batch/v1
kind: CronJob
metadata: {name: often}
spec:
  schedule: "0 0 1 1 *"
  jobTemplate: {spec: {template: {spec: {restartPolicy: Never, containers: [{name: main, image: "sound:1"}]}}}}
---
apiVersion: policy/v1
kind: PodDisruptionBudget
metadata: {name: web}
spec: {minAvailable: 1, selector: {matchLabels: {app: web}}}
---
apiVersion: v1
kind: ConfigMap
metadata: {name: cm}
data: {a: b}
---
apiVersion: v1
kind: ServiceAccount
metadata: {name: bob}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: RoleBinding
metadata: {name: bob}
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: view}
subjects: [{kind: ServiceAccount, name: bob, namespace: "{ns}"}]
"""
CHANGED = WORKLOADS.replace("replicas: 2", "replicas: 3").replace("data: {a: b}", "data: {a: c, d: e}")
_PARTLY = """
apiVersion: apps/v1
kind: Deployment
metadata: {name: web}
spec: {replicas: 4, minReadySeconds: 1}
"""
_NEVER = """
apiVersion: apps/v1
kind: StatefulSet
metadata: {name: db}
spec:
  serviceName: db
  replicas: 2
  selector: {matchLabels: {app: db}}
  template:
    metadata: {labels: {app: db}, annotations: {wizard.test/never-ready: "true"}}
    spec: {containers: [{name: main, image: "sound:1"}]}
"""
_REASON = "jsonpath={.status.containerStatuses[0].state.waiting.reason}"
_BOB = "system:serviceaccount:{ns}:bob"
_MINE = lines(r"k-\w+-[0-9a-f]{6}")
UP = [
    Run("apply", "apply -f -", WORKLOADS),
    Run("deployment is out", "rollout status deployment/web --timeout=60s", quiet=True),
    Run("stateful set is out", "rollout status statefulset/db --timeout=60s", quiet=True),
    Run("job is done", "wait --for=condition=complete job/once --timeout=60s"),
]

SCRIPTS = [
    Script(
        "read",
        [
            *UP,
            Run("apply again", "apply -f -", WORKLOADS),
            Run("get all", "get all -A -o wide", cut=_MINE),
            Run("get rest", "get ingress,pdb,configmap,serviceaccount,rolebinding,pvc,endpointslices -o wide"),
            Run("get by label", "get pods -l app=web,app!=db --show-labels"),
            Run("get by field", "get pods --field-selector status.phase=Succeeded -o name"),
            Run("get sorted", "get pods,services --sort-by=.metadata.name -o custom-columns=K:.kind,N:.metadata.name"),
            Run(
                "get path",
                "get deployment web -o jsonpath={.status.readyReplicas}/{.spec.template.spec.containers[*].image}",
            ),
            Run("get nothing", "get secrets"),
            Run("get none", "get pod none"),
            Run("get what is not", "get unicorns"),
            Run("describe pod", "describe pod db-0", cut=section("Name", "Events")),
            Run("events of a pod", "events --for pod/db-0", cut=lines("Scheduled")),
            Run("describe deployment", "describe deployment web"),
            Run("describe stateful set", "describe statefulset db"),
            Run("describe ingress", "describe ingress web"),
            Run("describe service", "describe service web"),
            Run("describe job", "describe job once"),
            Run("describe cron job", "describe cronjob often"),
            Run("describe budget", "describe pdb web", cut=section("Name", "Events")),
            Run("describe config map", "describe configmap cm"),
            Run("describe binding", "describe rolebinding bob"),
            Run("describe node", "describe node server", cut=lines("^Allocated", "overcommitted", "Requests")),
            Run("capacity of the node", "describe node server", cut=section("Capacity", "System Info")),
            Run("logs of a job", "logs job/once", cut=lines("one", "two")),
            Run("follow to the end", "logs -f job/once", cut=lines("one", "two")),
            Run("logs of several", "logs -l app=web --prefix --tail=-1", cut=lines("hello")),
            Run("logs of none", "logs none"),
            Run("logs of no container", "logs db-0 -c other"),
            Run("logs before", "logs db-0 --previous"),
        ],
    ),
    Script(
        "roll",
        [
            *UP,
            Run("status", "rollout status deployment/web"),
            Run("available", "wait --for=condition=Available deployment/web --timeout=10s"),
            Run("by path", "wait --for=jsonpath={.status.readyReplicas}=2 deployment/web --timeout=10s"),
            Run("never", "wait --for=condition=Never deployment/web --timeout=1s"),
            Run("set image", "set image deployment/web main=sound:2"),
            Run("annotate", "annotate deployment/web kubernetes.io/change-cause=two"),
            Run("out", "rollout status deployment/web --timeout=60s", cut=lines("successfully")),
            Run("history", "rollout history deployment/web"),
            Run("one revision", "rollout history deployment/web --revision=2"),
            Run("undo", "rollout undo deployment/web"),
            Run("undone", "rollout status deployment/web --timeout=60s", cut=lines("successfully")),
            Run("history after", "rollout history deployment/web"),
            Run("undo to nothing", "rollout undo deployment/web --to-revision=9"),
            Run("pause", "rollout pause deployment/web"),
            Run("pause again", "rollout pause deployment/web"),
            Run("undo while paused", "rollout undo deployment/web"),
            Run("resume", "rollout resume deployment/web"),
            Run("restart", "rollout restart statefulset/db"),
            Run("restarted", "rollout status statefulset/db --timeout=60s", cut=lines("complete")),
            Run("scale", "scale deployment/web --replicas=3 --current-replicas=2"),
            Run("scale from another", "scale deployment/web --replicas=1 --current-replicas=2"),
            Run("scale several", "scale deployment/web statefulset/db --replicas=1"),
            Run("scaled", "wait --for=jsonpath={.status.replicas}=1 deployment/web statefulset/db --timeout=60s"),
            Run("label", "label deployment/web tier=front"),
            Run("label again", "label deployment/web tier=back"),
            Run("label over", "label deployment/web tier=back --overwrite"),
            Run("unlabel", "label deployment/web tier-"),
            Run("patch", 'patch service web -p {"spec":{"type":"NodePort"}}'),
            Run("patch nothing", 'patch service web -p {"spec":{"type":"NodePort"}}'),
            Run("patch wrongly", 'patch service web -p {"spec":{"type":"Strange"}}'),
            Run("expose", "expose deployment web --name=other --port=90 --target-port=8080"),
            Run("the exposed", "get service other -o custom-columns=P:.spec.ports[*].port,S:.spec.selector"),
            Run("create a job", "create job again --from=cronjob/often"),
            Run("autoscale", "autoscale deployment web --min=1 --max=3 --cpu=80%"),
            Run("delete in the foreground", "delete deployment web --cascade=foreground --timeout=60s"),
            Run("nothing is left", "get replicasets,pods -l app=web"),
            Run("delete and leave", "delete statefulset db --cascade=orphan"),
            Run("it is left", "get pods -l app=db -o name"),
            Run("delete what is not", "delete deployment web"),
            Run("delete perhaps", "delete deployment web --ignore-not-found"),
            Run("delete by label", "delete pods -l app=db --wait=true --timeout=60s"),
            Run("gone", "wait --for=delete pod/db-0 --timeout=60s"),
        ],
    ),
    Script(
        "apply",
        [
            Run("server-side", "apply --server-side -f -", WORKLOADS),
            Run("again", "apply --server-side -f -", WORKLOADS),
            Run("a conflict", "apply --server-side --field-manager=me -f -", _PARTLY),
            Run("forced", "apply --server-side --field-manager=me --force-conflicts -f -", _PARTLY),
            Run("back", "apply --server-side -f -", WORKLOADS, cut=lines("conflict", "error", "Please")),
            Run("by the client", "apply -f -", CHANGED),
            Run("no difference", "diff -f -", CHANGED, cut=lines(r"^[+-] ")),
            Run("a difference", "diff -f -", WORKLOADS, cut=lines(r"^[+-] .*(replicas|a:|d:|e)")),
            Run("dry, by the server", "apply -f - --dry-run=server", WORKLOADS),
            Run("dry, by the client", "create configmap new --from-literal=a=b --dry-run=client -o yaml"),
            Run("made up", "create configmap new --from-literal=a=b --dry-run=server -o name"),
            Run("create again", "create configmap cm --from-literal=a=b"),
            Run("create what is wrong", "create -f -", "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: A_b}\n"),
            Run(
                "what has an unknown field",
                "apply -f -",
                "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: x}\ndate: {}\n",
            ),
            Run("replace", "replace -f -", "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: cm}\ndata: {z: z}\n"),
            Run("replaced", "get configmap cm -o jsonpath={.data}"),
            Run("prune", "delete -f - --wait=false", WORKLOADS),
        ],
    ),
    Script(
        "stuck",
        [
            Run("apply", "apply -f -", _NEVER),
            Run("it runs", "wait --for=jsonpath={.status.phase}=Running pod/db-0 --timeout=30s"),
            Run("its first pod", "get pods -o name"),
            Run("mend it", "apply -f -", _NEVER.replace("sound:1", "sound:2").replace("true", "false")),
            Run("seen", "wait --for=jsonpath={.status.observedGeneration}=2 statefulset/db --timeout=30s"),
            Run("no end", "rollout status statefulset/db --timeout=2s", cut=lines("Waiting")),
            Run("not replaced: one after the other", "get pod db-0 -o jsonpath={.spec.containers[0].image}"),
            Run("by hand", "delete pod db-0 --timeout=30s"),
            Run("all of them", "rollout status statefulset/db --timeout=60s", quiet=True),
            Run("are new", "get pods -o jsonpath={.items[*].spec.containers[0].image}"),
            Run("no image", "create deployment lost --image=does-not-exist:1"),
            Run("waits", f"wait --for={_REASON}=ImagePullBackOff pod -l app=lost --timeout=60s", cut=lines("met")),
            Run("in the deployment", "get deployment lost"),
            Run("crashing", "create deployment mad --image=crash-loop:1"),
            Run("backs off", f"wait --for={_REASON}=CrashLoopBackOff pod -l app=mad --timeout=60s", cut=lines("met")),
            Run("its last words", "logs deployment/mad --previous", cut=lines("FATAL")),
        ],
    ),
    Script(
        "access",
        [
            Run("apply", "apply -f -", WORKLOADS),
            Run("known", "wait --for=create rolebinding/bob --timeout=10s", quiet=True),
            Run("may i", "auth can-i create pods"),
            Run("may he", f"auth can-i get pods --as {_BOB}"),
            Run("may he not", f"auth can-i delete pods --as {_BOB}"),
            Run("may he, elsewhere", f"auth can-i get pods --as {_BOB} -A"),
            Run("may he, a log", f"auth can-i get pods/log --as {_BOB}"),
            Run("may he, one", f"auth can-i get pods/db-0 --as {_BOB}"),
            Run("may he, a path", f"auth can-i get /api --as {_BOB}"),
            Run("may anybody", "auth can-i --list --as nobody"),
            Run("all he may", f"auth can-i --list --as {_BOB}"),
            Run("all i may", "auth can-i --list"),
            Run("who", "auth whoami --as eve --as-group g --as-uid 7"),
            Run("reads", f"get configmaps -o name --as {_BOB}"),
            Run("reads secrets", f"get secrets --as {_BOB}"),
            Run("deletes", f"delete configmap cm --as {_BOB}"),
            Run("applies", f"apply --server-side -f - --as {_BOB}", CHANGED),
            Run("nodes", "get nodes --as nobody"),
            Run(
                "a role",
                "create role r --verb=get,list --resource=pods,deployments.apps/scale --dry-run=client -o yaml",
            ),
            Run("describe the role", "describe clusterrole view"),
        ],
    ),
]
