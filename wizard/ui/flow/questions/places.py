"""Target and where: what kind of place the platform goes to, and how the wizard gets there."""

from __future__ import annotations

from wizard.ui.flow.declare import Group, ask, kind, says, switch
from wizard.ui.flow.question import Source

_AWS, _K3S, _CLUSTER, _SANDBOX = kind("aws"), kind("k3s"), kind("cluster"), kind("sandbox")

TARGET = (
    Group(
        "Target",
        (
            ask(
                "target.kind",
                "Target",
                notes={
                    "sandbox": "a simulated cluster on this machine; nothing outside is touched",
                    "cluster": "a cluster that a kubeconfig context names",
                    "k3s": "one Linux server; k3s is installed on it over SSH",
                    "aws": "VPC, EKS, Spot nodes and Aurora in an account of yours",
                },
            ),
            ask("name", "Name", placeholder="chat", more="Journals and sandboxes are kept under it."),
            ask("sandbox", "Simulate", when=kind("k3s", "aws"), more="For trying out: whatever it shows is SIMULATED."),
        ),
    ),
    Group(
        "Size",
        (
            ask(
                "footprint",
                "Footprint",
                notes={"lean": "fits one server with 4 GB of RAM", "full": "replicas, operators, more memory"},
            ),
            ask("namespace", "Namespace", advanced=True),
        ),
    ),
)

_SERVER = Group(
    "Server",
    (
        ask("target.k3s.host", "Host", source=Source.HOSTS),
        ask("target.k3s.user", "User"),
        ask("target.k3s.port", "Port"),
        ask("target.k3s.key", "Key file", placeholder="the agent, then ~/.ssh"),
        ask(
            "target.k3s.sudo",
            "Sudo",
            when=lambda draft: draft.value("target.k3s.user") != "root",
            notes={"password": "asked for during preflight, never kept"},
        ),
        ask("target.k3s.hostKey", "Host key", advanced=True, placeholder="known_hosts decides"),
        ask("target.k3s.jump", "Jump host", advanced=True),
        ask("target.k3s.sshConfig", "Use ~/.ssh/config", advanced=True),
    ),
    when=_K3S,
)
_K3S_ITSELF = Group(
    "k3s",
    (
        ask("target.k3s.version", "k3s version", advanced=True, placeholder="the one this wizard was tested with"),
        ask("target.k3s.apiAccess", "Way to the API", advanced=True),
        ask("target.k3s.apiPort", "API port", advanced=True),
        ask("target.k3s.tlsSan", "Names in the API's certificate", advanced=True),
        ask("target.k3s.disable", "Parts left out", advanced=True),
        ask("target.k3s.zram", "Compressed swap", advanced=True),
        ask("target.k3s.firewall", "Firewall", advanced=True),
        ask("target.k3s.airGapped", "Air-gapped", advanced=True),
        ask("target.k3s.mergeKubeconfig", "Merge the kubeconfig", advanced=True),
    ),
    when=_K3S,
)
_ACCOUNT = Group(
    "AWS account",
    (
        ask("target.aws.profile", "Credentials profile", placeholder="environment, then SSO"),
        ask("target.aws.account", "Account", more="It guards against deploying with the wrong credentials."),
        ask("target.aws.region", "Region"),
        ask("target.aws.zones", "Zones"),
        ask("target.aws.zoneNames", "Zones by name", advanced=True),
        ask("target.aws.roleArn", "Role to assume", advanced=True),
        ask("target.aws.permissionsBoundary", "Permissions boundary", advanced=True),
        ask("target.aws.tags", "Tags", advanced=True, placeholder="owner=platform"),
    ),
    when=_AWS,
)
_EKS = Group(
    "EKS",
    (
        ask("target.aws.eksVersion", "Kubernetes version"),
        ask("target.aws.publicAccessCidrs", "Networks that reach the API", placeholder="203.0.113.0/24"),
        ask("target.aws.clusterName", "Cluster name", advanced=True, placeholder="the profile's name"),
        ask("target.aws.extendedSupport", "Extended support", advanced=True),
        ask("target.aws.controlPlaneLogs", "Control plane logs", advanced=True),
        ask("target.aws.kmsKeyArn", "KMS key", advanced=True),
    ),
    when=_AWS,
)
_NETWORK = Group(
    "Network",
    (
        ask("target.aws.vpc.cidr", "VPC", advanced=True),
        ask("target.aws.vpc.natPerZone", "NAT gateway in each zone", advanced=True),
        ask("target.aws.vpc.endpoints", "VPC endpoints", advanced=True),
        ask("target.aws.vpc.flowLogs", "Flow logs", advanced=True),
        ask("target.aws.loadBalancer", "Load balancer", advanced=True),
        ask(
            "target.aws.certificateArn",
            "ACM certificate",
            advanced=True,
            when=says("target.aws.loadBalancer", "alb"),
        ),
    ),
    when=_AWS,
)
_ADOPT = Group(
    "What exists already",
    (
        ask("target.aws.adopt.vpcId", "VPC id", advanced=True, placeholder="vpc-0123456789abcdef0"),
        ask("target.aws.adopt.publicSubnets", "Public subnets", advanced=True),
        ask("target.aws.adopt.privateSubnets", "Private subnets", advanced=True),
        ask("target.aws.adopt.databaseSubnets", "Database subnets", advanced=True),
        ask("target.aws.adopt.cluster", "EKS cluster", advanced=True),
        ask("target.aws.adopt.aurora", "Aurora cluster", advanced=True),
        ask("target.aws.adopt.efs", "EFS file system", advanced=True, placeholder="fs-0123456789abcdef0"),
    ),
    when=_AWS,
)
_BUDGET = Group(
    "Cost alarm",
    (
        switch("target.aws.budget", "Cost alarm"),
        ask(
            "target.aws.budget.monthly",
            "Limit",
            unit="US dollars a month",
            when=lambda draft: draft.has("target.aws.budget"),
        ),
        ask("target.aws.budget.email", "Who is told", when=lambda draft: draft.has("target.aws.budget")),
    ),
    when=_AWS,
)
_KUBECONFIG = Group(
    "Cluster",
    (
        ask("target.cluster.context", "Context", source=Source.CONTEXTS, placeholder="the current one"),
        ask("target.cluster.kubeconfig", "kubeconfig file", advanced=True, placeholder="$KUBECONFIG, ~/.kube/config"),
    ),
    when=_CLUSTER,
)
_SIMULATION = Group(
    "Simulation",
    (
        ask("target.sandbox.nodes", "Nodes"),
        ask("target.sandbox.speed", "Speed", unit="times real time"),
        ask("target.sandbox.scenario", "Fault to play", source=Source.SCENARIOS, placeholder="all goes well"),
        ask("target.sandbox.seed", "Seed", advanced=True),
    ),
    when=_SANDBOX,
)

WHERE = (_KUBECONFIG, _SIMULATION, _SERVER, _K3S_ITSELF, _ACCOUNT, _EKS, _NETWORK, _ADOPT, _BUDGET)
