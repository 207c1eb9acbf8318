"""Step: the Kubernetes Secrets that charts refer to by name.

Look-up order for each value: the operator's environment, the operator's keyring, the cluster;
generated only where none has it. The cluster's value wins over a differing keyring, because
running programs (an initialised PostgreSQL above all) already use it.
"""

from __future__ import annotations

import base64
import binascii
import re
import secrets
import string
from collections.abc import Mapping
from urllib.parse import quote

from wizard.domain.events import Noticed
from wizard.domain.finding import Finding, PreflightError, Where, error, warning
from wizard.domain.plan import StepSpec
from wizard.domain.secret import Secret, SecretRef
from wizard.planning.desired import PART_OF, Desired, SecretObject
from wizard.ports import SECRETS, KubeObject, NotFound
from wizard.steps.base import Context
from wizard.steps.namespace import MANAGED_BY

MADE_OF = "wizard.dev/made-of"
_ALPHABET = string.ascii_letters + string.digits
_FIELD = re.compile(r"\{([a-z0-9-]+)\}")


def generate(length: int) -> Secret:
    """Letters and digits only: such a value needs no quoting in a URL, a shell or YAML."""
    return Secret("".join(secrets.choice(_ALPHABET) for _ in range(length)))


def decode(obj: KubeObject) -> dict[str, Secret]:
    """Key -> value of a Secret object; what is not UTF-8 is left out."""
    found: dict[str, Secret] = {}
    for key, value in obj.get("data", {}).items():
        try:
            found[key] = Secret(base64.b64decode(value, validate=True).decode())
        except (binascii.Error, UnicodeDecodeError):
            continue
    return found


def clashes(desired: Desired, given: Mapping[str, Secret], live: Mapping[str, KubeObject]) -> tuple[Finding, ...]:
    """Secrets that the operator gives (by SecretRef name) but that differ from those in use in the
    live Secret objects (by name; empty where there is none)."""
    found: list[Finding] = []
    for ref in desired.secrets:
        used = decode(live.get(ref.kubernetes_secret, {})).get(ref.key)
        if ref.name not in given or used is None or used == given[ref.name] or not ref.generated:
            continue
        found.append(
            error(
                "secret-differs",
                f"{ref.name} in the environment differs from the cluster's",
                detail="The running programs use the cluster's value; replacing it would lock them out.",
                hint=f"unset {ref.env}, or set it to what `wizard credentials show {ref.name}` prints",
                where=Where(resource=f"secret {desired.namespace}/{ref.kubernetes_secret}"),
            )
        )
    return tuple(found)


class SecretsStep:
    def __init__(self, spec: StepSpec, context: Context) -> None:
        self.spec, self._context = spec, context
        self._only_in_cluster: list[str] = []

    async def satisfied(self) -> bool:
        for wanted in self._context.desired.secret_objects:
            annotations = (await self._object(wanted)).get("metadata", {}).get("annotations", {})
            if annotations.get(MADE_OF) != wanted.digest:
                return False
        return True

    async def apply(self) -> bool:
        context = self._context
        cluster: dict[str, Secret] = {}
        for wanted in context.desired.secret_objects:
            values = decode(await self._object(wanted))
            refs = {entry.key: entry.source for entry in wanted.entries if not entry.template}
            cluster.update({refs[key]: value for key, value in values.items() if key in refs})
        known = {ref.name: self._value(ref, cluster.get(ref.name)) for ref in context.desired.secrets}
        if self._only_in_cluster:
            notice = warning(
                "secrets-only-in-cluster",
                f"{len(self._only_in_cluster)} secrets were generated and are kept in the cluster only",
                detail=f"No keyring is available here for {', '.join(self._only_in_cluster)}.",
                hint="`wizard credentials show NAME` prints each: keep a copy where backups go",
            )
            context.emit(Noticed(notice))
        for wanted in context.desired.secret_objects:
            await context.kube.apply(SECRETS, self._manifest(wanted, known), force=True)
        return True

    async def _object(self, wanted: SecretObject) -> KubeObject:
        try:
            return await self._context.kube.get(SECRETS, self._context.desired.namespace, wanted.name)
        except NotFound:
            return {}

    def _value(self, ref: SecretRef, cluster: Secret | None) -> Secret:
        context = self._context
        # Names of the operator's stores carry the cluster, so that one profile on two clusters does not mix.
        scope = f"{context.desired.deployment}@{context.observed.cluster}"
        for store in context.stores:
            value = store.get(scope, ref.name)
            if value is None:
                continue
            if cluster is None or cluster == value:
                return value
            summary = f"{ref.name} in the {store.name} differs from the cluster's"
            context.emit(Noticed(warning("secret-differs", summary, detail="The cluster's value stays in use.")))
            return cluster
        if cluster is not None:
            return cluster
        if not ref.generated:
            raise PreflightError(
                error(
                    "secret-missing",
                    f"the secret {ref.name} is not known",
                    detail="It belongs to something that the wizard did not make, so it cannot be generated.",
                    hint=f"set {ref.env}, or put it into the keyring: `keyring set wizard:{scope} {ref.name}`",
                )
            )
        value = generate(ref.length)
        if not any([store.set(scope, ref.name, value) for store in context.stores]):
            self._only_in_cluster.append(ref.name)
        return value

    def _manifest(self, wanted: SecretObject, known: Mapping[str, Secret]) -> KubeObject:
        data: dict[str, str] = {}
        for entry in wanted.entries:
            if entry.template:
                text = _FIELD.sub(lambda m: quote(known[m[1]].reveal(), safe=""), entry.source)
            else:
                text = known[entry.source].reveal()
            data[entry.key] = base64.b64encode(text.encode()).decode()
        return {
            "apiVersion": "v1",
            "kind": "Secret",
            "metadata": {
                "name": wanted.name,
                "namespace": self._context.desired.namespace,
                "labels": {
                    MANAGED_BY: "wizard",
                    "app.kubernetes.io/part-of": PART_OF,
                    "wizard.dev/deployment": self._context.desired.deployment,
                },
                "annotations": {MADE_OF: wanted.digest},
            },
            "type": "Opaque",
            "data": data,
        }
