"""`Profile`: the operator's desired platform."""

from __future__ import annotations

from typing import Literal, Self

from pydantic import Field, ValidationError, model_validator
from pydantic_core import InitErrorDetails, PydanticCustomError

from wizard.domain.profile.access import Access
from wizard.domain.profile.base import Section
from wizard.domain.profile.components import ComponentName, ComponentOverride, Images
from wizard.domain.profile.data import Backup, Database, Secrets, Storage
from wizard.domain.profile.observability import Observability
from wizard.domain.profile.scalars import DnsLabel, Email, ModelName, ShortName
from wizard.domain.profile.target import Target
from wizard.domain.profile.tenants import Model, Tenant, full_model_name
from wizard.domain.profile.tiers import TierName, Tiers


class Admin(Section):
    """The first admin, of Open WebUI and Grafana alike."""

    email: Email | None = Field(default=None, description="Address to log in with; empty: admin@<domain>.")
    name: str = Field(default="Admin", min_length=1, max_length=100, description="Name shown in the chat.")


class Chat(Section):
    """The platform's own Open WebUI, beside those of the tenants."""

    enabled: bool | None = Field(
        default=None, description="Whether it is installed; empty: only where the profile has no tenants."
    )
    title: str = Field(default="Open WebUI", min_length=1, max_length=60, description="Name shown in the browser.")
    replicas: int = Field(default=1, ge=1, le=100, description="Copies, at least; more than 1 brings Valkey.")
    max_replicas: int | None = Field(
        default=None, ge=1, le=100, description="Copies at most, scaled by load; empty: always `replicas`."
    )
    embedding_model: ModelName | None = Field(
        default=None,
        description="Ollama model for searching documents; empty: document search is off (saves 0.5 GB).",
    )


class Security(Section):
    """Rules that hold in all of the platform's namespaces."""

    network_policies: bool = Field(default=True, description="Whether all traffic is denied but what is needed.")
    pod_security: Literal["restricted", "baseline"] = Field(
        default="restricted", description="Pod Security Standard that the namespaces enforce."
    )


class Profile(Section):
    """The desired platform. `name` and `target.kind` are required, everything else has a default.

    Constructing one (from YAML or in Python) runs the checks between fields (`checks.py`) and raises
    pydantic's ValidationError with all problems; `parse_profile` turns those into findings.
    """

    name: ShortName = Field(description="Name of the deployment: a DNS label of at most 40 characters.")
    target: Target = Field(description="Where the platform goes.")
    sandbox: bool = Field(
        default=False,
        description="Whether the target is simulated: no server, cluster or account is touched.",
    )
    namespace: DnsLabel = Field(default="chat", description="Namespace of what the tenants share; prefix of theirs.")
    footprint: Literal["lean", "full"] = Field(
        default="lean", description="lean: small charts for one 4 GB server; full: the upstream charts."
    )
    access: Access = Field(default_factory=Access, description="Domain, host names, HTTPS.")
    admin: Admin = Field(default_factory=Admin, description="The first admin.")
    chat: Chat = Field(default_factory=Chat, description="The platform's own Open WebUI.")
    tiers: Tiers = Field(default_factory=Tiers, description="Classes of compute.")
    models: tuple[Model, ...] = Field(default=(), description="Models that Ollama serves: names, or mappings.")
    tenants: tuple[Tenant, ...] = Field(default=(), description="Clients, each with a namespace of its own.")
    database: Database = Field(default_factory=Database, description="PostgreSQL.")
    storage: Storage = Field(default_factory=Storage, description="Volumes.")
    observability: Observability = Field(default_factory=Observability, description="Metrics, logs, alerts.")
    backup: Backup = Field(default_factory=Backup, description="Backups.")
    secrets: Secrets = Field(default_factory=Secrets, description="Where secrets are kept.")
    security: Security = Field(default_factory=Security, description="Rules for all namespaces.")
    images: Images = Field(default_factory=Images, description="Where images come from.")
    components: dict[ComponentName, ComponentOverride] = Field(
        default_factory=dict, description="Expert overrides by component."
    )

    @model_validator(mode="after")
    def _check(self) -> Self:
        from wizard.domain.profile.checks import problems_of  # it needs the classes above

        # pydantic flattens a ValidationError raised in a validator: all problems reach the caller at once.
        problems = [
            InitErrorDetails(
                type=PydanticCustomError(
                    "profile_problem",
                    "{summary}",
                    {"summary": p.summary, "code": p.code, "hint": p.hint, "reads": p.reads},
                ),
                loc=p.path,
                input=None,
            )
            for p in problems_of(self)
        ]
        if problems:
            raise ValidationError.from_exception_data("Profile", problems)
        return self

    @property
    def simulated(self) -> bool:
        """Whether all that happens is SIMULATED (by `target.kind: sandbox` or `sandbox: true`)."""
        return self.sandbox or self.target.kind == "sandbox"

    @property
    def exposed(self) -> bool:
        """Whether host names are served from outside; otherwise services are reached by port-forward."""
        return self.access.domain is not None and self.access.ingress

    @property
    def shared_chat(self) -> bool:
        """Whether the platform has an Open WebUI of its own beside the tenants'."""
        return not self.tenants if self.chat.enabled is None else self.chat.enabled

    @property
    def chat_host(self) -> str | None:
        """Host name of the platform's chat; None without a domain."""
        return self.access.chat or self._in_domain("chat")

    @property
    def monitor_host(self) -> str | None:
        """Host name of Grafana; None without a domain."""
        return self.access.monitor or self._in_domain("monitor")

    @property
    def admin_email(self) -> str:
        return self.admin.email or (f"admin@{self.access.domain}" if self.access.domain else "admin@localhost")

    @property
    def tls_email(self) -> str | None:
        """Address for Let's Encrypt; an address that the operator wrote, never a made-up one."""
        return self.access.tls.email or self.admin.email

    @property
    def default_model(self) -> Model | None:
        """The model that chats begin with: the one marked `default`, else the first."""
        return next((model for model in self.models if model.default), next(iter(self.models), None))

    def tenant_host(self, tenant: Tenant) -> str | None:
        """Host name of a tenant's chat; None without a domain."""
        return tenant.host or self._in_domain(tenant.name)

    def tenant_namespace(self, tenant: Tenant) -> str:
        """`chat-acme`: prefixed, so that two deployments in one cluster do not meet."""
        return f"{self.namespace}-{tenant.name}"

    def tier_models(self, tier: TierName) -> tuple[Model, ...]:
        """Models that a tier offers, in the profile's order."""
        return tuple(model for model in self.models if not model.tiers or tier in model.tiers)

    def tenant_models(self, tenant: Tenant) -> tuple[Model, ...]:
        """Models that a tenant may use, in the profile's order."""
        allowed = {full_model_name(name).casefold() for name in tenant.models}
        offered = self.tier_models(tenant.tier)
        return tuple(model for model in offered if not allowed or model.full_name.casefold() in allowed)

    def _in_domain(self, label: str) -> str | None:
        return f"{label}.{self.access.domain}" if self.access.domain else None
