"""Open WebUI: the chat front end, on PostgreSQL and Ollama."""

from __future__ import annotations

from typing import Any, Final

from wizard.catalog.charts import Chart
from wizard.domain.profile import Profile
from wizard.domain.secret import SecretRef
from wizard.planning.components import ollama, postgresql
from wizard.planning.components.base import component, exposure
from wizard.planning.desired import Component, HttpCheck, SecretEntry, SecretObject

NAME: Final = "open-webui"
SECRET = "open-webui-secrets"  # noqa: S105 - a name
SECRET_KEY = SecretRef("webui-secret-key", SECRET, "WEBUI_SECRET_KEY", length=64)
ADMIN_PASSWORD = SecretRef("admin-password", SECRET, "WEBUI_ADMIN_PASSWORD", length=24)


def _database_password(profile: Profile) -> str:
    external = profile.database.external
    return external.secret if profile.database.kind == "external" and external else postgresql.PASSWORD.name


def _database(profile: Profile) -> tuple[str, int, str]:
    """(host, port, URL template whose `{name}` is the password's SecretRef)."""
    password = "{" + _database_password(profile) + "}"
    external = profile.database.external
    if profile.database.kind == "external" and external:
        host = f"[{external.host}]" if ":" in external.host else external.host
        url = f"postgresql://{external.user}:{password}@{host}:{external.port}/{external.database}"
        return external.host, external.port, f"{url}?sslmode={external.ssl_mode}"
    host = f"{postgresql.NAME}.{profile.namespace}.svc"
    url = f"postgresql://{postgresql.USER}:{password}@{host}:{postgresql.PORT}/{postgresql.DATABASE}"
    return host, postgresql.PORT, url


def secrets(profile: Profile) -> tuple[SecretRef, ...]:
    """Those that Open WebUI itself needs; an external database's password is never generated."""
    own = (SECRET_KEY, ADMIN_PASSWORD)
    if profile.database.kind == "external":
        return (*own, SecretRef(_database_password(profile), SECRET, "DATABASE_URL", generated=False))
    return own


def secret_object(profile: Profile) -> SecretObject:
    return SecretObject(
        SECRET,
        (
            SecretEntry("DATABASE_URL", _database(profile)[2], template=True),
            SecretEntry(SECRET_KEY.key, SECRET_KEY.name),
            SecretEntry(ADMIN_PASSWORD.key, ADMIN_PASSWORD.name),
            SecretEntry("WEBUI_ADMIN_EMAIL", profile.admin_email, template=True),
        ),
    )


def plan(profile: Profile, chart: Chart) -> Component:
    _, port, _ = _database(profile)
    default = profile.default_model
    values: dict[str, Any] = {
        "database": {"existingSecret": SECRET, "port": port},
        "secretKey": {"existingSecret": SECRET},
        "admin": {"existingSecret": SECRET, "name": profile.admin.name},
        "ollama": {
            "urls": [f"http://{ollama.NAME}.{profile.namespace}.svc:{ollama.PORT}"],
            "embeddingModel": profile.chat.embedding_model or "",
        },
        "persistence": {"size": profile.storage.open_webui},
        "env": {"WEBUI_NAME": profile.chat.title},
        # Pods read Secrets when they start: another database must start them anew.
        "podAnnotations": {"wizard.dev/secrets": secret_object(profile).digest},
    }
    if default is not None:
        values["env"]["DEFAULT_MODELS"] = default.full_name
    if profile.storage.class_name:
        values["persistence"]["storageClassName"] = profile.storage.class_name
    needs: tuple[str, ...] = (ollama.NAME,)
    if profile.database.kind == "internal":
        needs = (postgresql.NAME, ollama.NAME)
    else:
        values["networkPolicy"] = {"databasePeers": []}
    if profile.exposed:
        values |= exposure(profile, profile.chat_host)
    check = HttpCheck(NAME, "http", "/health", "Open WebUI's health")
    return component(profile, chart, NAME, values, needs=needs, checks=(check,))
