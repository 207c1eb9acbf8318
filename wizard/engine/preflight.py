"""What fails before the first change has deployed nothing."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from wizard.domain.finding import ExitCode, WizardError


@contextmanager
def before_the_first_change() -> Iterator[None]:
    """A refused read or lock in here is a failed preflight, not a failed deployment."""
    try:
        yield
    except WizardError as problem:
        if problem.exit_code is ExitCode.DEPLOYMENT:
            problem.exit_code = ExitCode.PREFLIGHT
        raise
