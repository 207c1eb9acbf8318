"""PostgreSQL in the cluster: where all of Open WebUI's data is."""

from __future__ import annotations

from typing import Any, Final

from wizard.catalog.charts import Chart
from wizard.domain.profile import Profile
from wizard.domain.secret import SecretRef
from wizard.planning.components.base import component
from wizard.planning.desired import Component, SecretEntry, SecretObject

NAME: Final = "postgresql"
SECRET = "postgresql-auth"  # noqa: S105 - a name
PORT = 5432
PASSWORD = SecretRef("postgresql-password", SECRET, "password")
SUPERUSER = SecretRef("postgresql-superuser-password", SECRET, "postgres-password")
SECRETS = (PASSWORD, SUPERUSER)
SECRET_OBJECT = SecretObject(SECRET, tuple(SecretEntry(ref.key, ref.name) for ref in SECRETS))

USER = DATABASE = "openwebui"


def plan(profile: Profile, chart: Chart) -> Component:
    internal = profile.database.internal
    values: dict[str, Any] = {
        "auth": {"existingSecret": SECRET, "username": USER, "database": DATABASE},
        "persistence": {"size": internal.storage},
        "configuration": {"max_connections": internal.max_connections},
    }
    if internal.version != chart.app_version.partition(".")[0]:
        values["image"] = {"tag": f"{internal.version}-trixie"}
        values["dataDirectory"] = f"/var/lib/postgresql/{internal.version}/docker"
    if profile.storage.class_name:
        values["persistence"]["storageClassName"] = profile.storage.class_name
    return component(profile, chart, NAME, values)
