"""The AWS side of a target: account, network, EKS, and what is adopted instead of created."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from wizard.domain.profile.base import Section
from wizard.domain.profile.scalars import AccountId, Arn, Cidr, DnsLabel, EksVersion, Email, Region, Zone

Endpoint = Literal["s3", "ecr", "sts", "secretsmanager", "logs", "efs", "ec2", "eks"]
ControlPlaneLog = Literal["api", "audit", "authenticator", "controllerManager", "scheduler"]


class Vpc(Section):
    """The network: public, private and database subnets in every zone."""

    cidr: Cidr = Field(default="10.0.0.0/16", description="Address range of the VPC, between /16 and /20.")
    nat_per_zone: bool = Field(
        default=True,
        description="One NAT gateway a zone (outlives a zone's failure); false: one in all (cheaper).",
    )
    endpoints: tuple[Endpoint, ...] = Field(
        default=("s3", "ecr", "sts", "secretsmanager", "logs"),
        description="AWS services reached without the NAT gateways.",
    )
    flow_logs: bool = Field(default=False, description="Whether the network's connections are logged to CloudWatch.")


class Adopt(Section):
    """Ids of what exists already: the wizard uses it, and never changes or destroys it."""

    vpc_id: str | None = Field(default=None, pattern="^vpc-[0-9a-f]+$", description="VPC to use; needs privateSubnets.")
    public_subnets: tuple[str, ...] = Field(default=(), description="Ids of the VPC's subnets for load balancers.")
    private_subnets: tuple[str, ...] = Field(default=(), description="Ids of the VPC's subnets for nodes, one a zone.")
    database_subnets: tuple[str, ...] = Field(
        default=(), description="Ids of subnets for Aurora; empty: privateSubnets."
    )
    cluster: str | None = Field(default=None, min_length=1, description="Name of an EKS cluster to deploy to.")
    aurora: str | None = Field(default=None, min_length=1, description="Identifier of an Aurora cluster to use.")
    efs: str | None = Field(
        default=None, pattern="^fs-[0-9a-f]+$", description="Id of an EFS file system for the models."
    )


class Budget(Section):
    """A monthly limit that raises an alarm; it stops nothing."""

    monthly: float = Field(gt=0, description="US dollars a month at which the alarm is raised.")
    email: Email | None = Field(default=None, description="Who is told; empty: the admin.")


class AwsTarget(Section):
    """Account, region and the shape of what is created there."""

    region: Region = Field(description="AWS region, such as eu-central-1.")
    zones: int = Field(default=3, ge=2, le=4, description="Number of availability zones, 2 to 4.")
    zone_names: tuple[Zone, ...] = Field(default=(), description="The zones by name; empty: chosen by what they offer.")
    profile: str | None = Field(
        default=None,
        min_length=1,
        description="Credentials profile of ~/.aws; empty: the SDK's own order (environment, SSO).",
    )
    role_arn: Arn | None = Field(default=None, description="Role to assume before anything is done.")
    account: AccountId | None = Field(
        default=None, description="Account that it must be; a run with other credentials is refused."
    )
    cluster_name: DnsLabel | None = Field(
        default=None, description="Name of the EKS cluster; empty: the profile's name."
    )
    eks_version: EksVersion = Field(default="1.35", description="Kubernetes version of EKS, in quotes.")
    extended_support: bool = Field(
        default=False, description="Whether EKS may stay on a version in (paid) extended support."
    )
    public_access_cidrs: tuple[Cidr, ...] = Field(
        default=(),
        description="Networks that reach the EKS API from the internet; empty: from within the VPC only.",
    )
    control_plane_logs: tuple[ControlPlaneLog, ...] = Field(
        default=("api", "audit", "authenticator"), description="EKS logs kept in CloudWatch."
    )
    kms_key_arn: Arn | None = Field(default=None, description="KMS key for secrets and volumes; empty: one is created.")
    permissions_boundary: Arn | None = Field(
        default=None, description="Boundary put on every IAM role that is created."
    )
    vpc: Vpc = Field(default_factory=Vpc, description="The network.")
    adopt: Adopt = Field(default_factory=Adopt, description="What exists already and is used as it is.")
    load_balancer: Literal["nlb", "alb"] = Field(
        default="nlb",
        description="nlb: in front of the ingress controller, TLS in the cluster; alb: TLS at AWS by ACM.",
    )
    certificate_arn: Arn | None = Field(default=None, description="ACM certificate, for loadBalancer alb.")
    efs_throughput: Literal["elastic", "bursting"] = Field(
        default="elastic", description="Throughput mode of the file system that holds the models."
    )
    efs_backup: bool = Field(
        default=False, description="Whether AWS Backup keeps the models (they can be pulled again)."
    )
    budget: Budget | None = Field(default=None, description="Alarm on the month's cost.")
    tags: dict[str, str] = Field(default_factory=dict, description="Tags put on every AWS resource.")
