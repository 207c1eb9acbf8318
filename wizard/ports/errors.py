"""What adapters raise: the cluster's refusals and helm's, never a vendor's own exception."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from wizard.domain.finding import ExitCode, Finding, WizardError


class KubeError(WizardError):
    """The API server refused or failed a request."""

    exit_code = ExitCode.DEPLOYMENT
    status = 0
    """HTTP status; 0 where there was no answer."""


class Unreachable(KubeError):
    """No connection to the API server (refused, timed out, TLS)."""

    exit_code = ExitCode.PREFLIGHT
    temporary = True


class Unauthenticated(KubeError):
    """401: the credentials are wrong or have expired."""

    exit_code = ExitCode.PREFLIGHT
    status = 401


class Forbidden(KubeError):
    """403: these credentials may not do that (also: quota exceeded, Pod Security)."""

    status = 403


class NotFound(KubeError):
    status = 404


class Conflict(KubeError):
    """409: it exists already, somebody changed it meanwhile, or a field has another owner."""

    status = 409

    def __init__(self, *findings: Finding, causes: Sequence[Mapping[str, str]] = ()) -> None:
        super().__init__(*findings)
        self.causes = tuple(causes)
        """`Status.details.causes`: field and message of each conflict."""


class Gone(KubeError):
    """410: the resourceVersion is too old; list again."""

    status = 410


class Invalid(KubeError):
    """422 or 400: the object is not valid."""

    status = 422


class ServerBusy(KubeError):
    """429 or 5xx: temporary; `retry_after` is in seconds where the server said it."""

    status = 503
    temporary = True

    def __init__(self, *findings: Finding, retry_after: float | None = None) -> None:
        super().__init__(*findings)
        self.retry_after = retry_after


class HelmError(WizardError):
    """helm ended with an error."""


class ReleaseMissing(HelmError):
    """There is no such release (any more)."""


class ReleaseBusy(HelmError):
    """A release is in a pending state: another operation is under way, or was cut off."""


class HelmFieldConflict(HelmError):
    """Server-side apply met fields of other managers."""


class ShellError(WizardError):
    """The server could not be reached, or refused what was asked of it."""

    exit_code = ExitCode.PREFLIGHT


class ShellLost(ShellError):
    """No connection, or it ended in the middle: trying again connects anew."""

    temporary = True


class HostKeyRefused(ShellError):
    """The server's host key is unknown, another than before, or another than the profile says."""


class LoginRefused(ShellError):
    """The server takes neither the keys nor the password that there are."""


class SudoRefused(ShellError):
    """The login worked, root is out of reach."""
