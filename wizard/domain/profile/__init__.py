"""The profile: the operator's desired platform, from YAML text to a checked, immutable value.

`parse_profile` is the way in, `to_yaml` the way out. Nothing here touches a disk (`adapters/profile_files.py`
does) or knows a catalog: whether a model fits an instance type is for `planning`.
"""

from wizard.domain.profile.access import Access, Dns, Issuer, Tls
from wizard.domain.profile.aws import Adopt, AwsTarget, Budget, Vpc
from wizard.domain.profile.base import Path, Section, show_path
from wizard.domain.profile.components import Amounts, ComponentName, ComponentOverride, Images, Resources
from wizard.domain.profile.data import (
    AuroraDatabase,
    Backup,
    Database,
    ExternalDatabase,
    InternalDatabase,
    Secrets,
    Storage,
)
from wizard.domain.profile.dump import to_data, to_yaml
from wizard.domain.profile.lookup import Spot, leaves, spot_at
from wizard.domain.profile.model import Admin, Chat, Profile, Security
from wizard.domain.profile.observability import Logs, MemoryAlert, Metrics, Observability, Receiver
from wizard.domain.profile.parse import check_data, parse_profile, profile_from_data
from wizard.domain.profile.target import ClusterTarget, K3sTarget, SandboxTarget, Target, TargetKind
from wizard.domain.profile.tenants import Model, Quota, Tenant, full_model_name
from wizard.domain.profile.tiers import Gpu, OllamaSettings, PremiumTier, Tier, TierName, Tiers, Toleration
from wizard.domain.profile.units import cpu_millis, duration_seconds, size_bytes

__all__ = [
    "Access",
    "Admin",
    "Adopt",
    "Amounts",
    "AuroraDatabase",
    "AwsTarget",
    "Backup",
    "Budget",
    "Chat",
    "ClusterTarget",
    "ComponentName",
    "ComponentOverride",
    "Database",
    "Dns",
    "ExternalDatabase",
    "Gpu",
    "Images",
    "InternalDatabase",
    "Issuer",
    "K3sTarget",
    "Logs",
    "MemoryAlert",
    "Metrics",
    "Model",
    "Observability",
    "OllamaSettings",
    "Path",
    "PremiumTier",
    "Profile",
    "Quota",
    "Receiver",
    "Resources",
    "SandboxTarget",
    "Secrets",
    "Section",
    "Security",
    "Spot",
    "Storage",
    "Target",
    "TargetKind",
    "Tenant",
    "Tier",
    "TierName",
    "Tiers",
    "Tls",
    "Toleration",
    "Vpc",
    "check_data",
    "cpu_millis",
    "duration_seconds",
    "full_model_name",
    "leaves",
    "parse_profile",
    "profile_from_data",
    "show_path",
    "size_bytes",
    "spot_at",
    "to_data",
    "to_yaml",
]
