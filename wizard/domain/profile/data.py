"""Where data lives: the database, the volumes, the backups, the secrets."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from wizard.domain.profile.base import Section
from wizard.domain.profile.scalars import (
    Cron,
    DnsLabel,
    Duration,
    PostgresName,
    SecretName,
    ServerAddress,
    Size,
)


class InternalDatabase(Section):
    """PostgreSQL in the cluster."""

    storage: Size = Field(default="5Gi", description="Disk of one instance.")
    version: Literal["16", "17", "18"] = Field(default="18", description="Major version of PostgreSQL, in quotes.")
    instances: int = Field(
        default=1,
        ge=1,
        le=9,
        description="Instances, one of them the primary; more than 1 needs footprint full.",
    )
    max_connections: int = Field(default=60, ge=10, le=10_000, description="Connections at most.")


class AuroraDatabase(Section):
    """Aurora PostgreSQL: a writer and readers over the zones."""

    readers: int = Field(default=1, ge=0, le=15, description="Read replicas beside the writer.")
    serverless: bool = Field(default=True, description="Whether capacity follows load (Serverless v2).")
    min_acu: float = Field(
        default=0.5,
        ge=0,
        le=256,
        multiple_of=0.5,
        description="Least capacity, in units of 2 GiB; 0 pauses when idle.",
    )
    max_acu: float = Field(default=8.0, ge=1, le=256, multiple_of=0.5, description="Most capacity, in units of 2 GiB.")
    instance_class: str = Field(
        default="db.r6g.large",
        pattern=r"^db\.[a-z0-9]+\.[a-z0-9]+$",
        description="Class, where not serverless.",
    )
    engine_version: str = Field(
        default="17",
        pattern=r"^1[4-9](?:\.[0-9]+)?$",
        description="Version of PostgreSQL, in quotes; 17 is the newest 17.x.",
    )
    backup_days: int = Field(default=7, ge=1, le=35, description="Days that automatic backups are kept.")
    deletion_protection: bool = Field(default=True, description="Whether AWS refuses to delete it.")
    final_snapshot: bool = Field(default=True, description="Whether destroy leaves a last snapshot behind.")
    performance_insights: bool = Field(default=True, description="Whether Performance Insights is on.")


class ExternalDatabase(Section):
    """A PostgreSQL that someone else runs."""

    host: ServerAddress = Field(description="Address of the server.")
    port: int = Field(default=5432, ge=1, le=65535, description="Port of the server.")
    database: PostgresName = Field(default="openwebui", description="Database that exists there.")
    user: PostgresName = Field(default="openwebui", description="Role that owns the database.")
    secret: SecretName = Field(default="database-password", description="Name of the secret that holds its password.")
    ssl_mode: Literal["disable", "require", "verify-ca", "verify-full"] = Field(
        default="require", description="How strictly TLS is asked for, as libpq's sslmode."
    )


class Database(Section):
    """The PostgreSQL that stores all of Open WebUI's data."""

    kind: Literal["internal", "aurora", "external"] = Field(
        default="internal",
        description="internal (in the cluster), aurora (AWS only) or external (someone else's).",
    )
    internal: InternalDatabase = Field(default_factory=InternalDatabase, description="For kind internal.")
    aurora: AuroraDatabase = Field(default_factory=AuroraDatabase, description="For kind aurora.")
    external: ExternalDatabase | None = Field(default=None, description="For kind external.")


class Storage(Section):
    """Volumes: their sizes, and the storage classes that make them."""

    class_name: DnsLabel | None = Field(default=None, description="Storage class; empty: the cluster's default.")
    models: Size = Field(default="20Gi", description="Disk of the model store.")
    models_class_name: DnsLabel | None = Field(
        default=None, description="Storage class of the model store; empty: className."
    )
    models_access: Literal["auto", "ReadWriteOnce", "ReadWriteMany"] = Field(
        default="auto",
        description="Access mode of the model store; auto: ReadWriteMany on AWS (EFS), else ReadWriteOnce.",
    )
    open_webui: Size = Field(default="2Gi", description="Disk of each Open WebUI (uploads, vector store).")


class Backup(Section):
    """Backups of PostgreSQL and Open WebUI's data."""

    enabled: bool = Field(default=False, description="Whether backups are made by schedule.")
    schedule: Cron = Field(default="0 3 * * *", description="When, as cron in UTC.")
    keep: int = Field(default=7, ge=1, le=1000, description="Backups kept; older ones are removed.")
    destination: Literal["volume", "s3"] = Field(default="volume", description="volume (in the cluster) or s3.")
    size: Size = Field(default="10Gi", description="Disk of the backup volume.")
    bucket: str | None = Field(
        default=None,
        pattern="^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$",
        description="S3 bucket; empty: one is created (AWS only).",
    )
    tenant_grace: Duration = Field(default="7d", description="How long a removed tenant's data is kept.")


class Secrets(Section):
    """Where the platform's secrets are kept."""

    store: Literal["auto", "kubernetes", "secrets-manager"] = Field(
        default="auto", description="auto: Secrets Manager on AWS, Kubernetes Secrets elsewhere."
    )
