"""What an operator does from a pane: asked first, done, and told how it went. Called from workers."""

from __future__ import annotations

import asyncio
import getpass
import re
import socket
from collections.abc import Awaitable
from typing import TYPE_CHECKING, Any

from textual.app import App

from wizard.domain.finding import WizardError
from wizard.domain.live import PodRow
from wizard.ui.services import Services
from wizard.ui.tui.panes.alerts import Line
from wizard.ui.tui.panes.source import Alerts, Watching
from wizard.ui.tui.panes.words import span
from wizard.ui.tui.text import clean
from wizard.ui.tui.widgets.dialog import Choose, Confirm, Prompt

if TYPE_CHECKING:
    from wizard.domain.profile import Profile

_DURATIONS = (
    ("1800", "30 minutes", ""),
    ("7200", "2 hours", ""),
    ("28800", "8 hours", "until the shift has ended"),
    ("86400", "1 day", ""),
    ("604800", "1 week", ""),
    ("", "Other", "as 45m, 3h or 2d"),
)
_UNITS = {"m": 60, "h": 3600, "d": 86400, "w": 604800}
_DURATION = re.compile(r"\s*(\d{1,4})\s*([mhdw])\s*")
_LONGEST = 52 * 604800


def seconds_of(text: str) -> int | None:
    """`45m`, `3h`, `2d`, `1w` in seconds; None where it is no such thing, or more than a year."""
    match = _DURATION.fullmatch(text)
    seconds = int(match[1]) * _UNITS[match[2]] if match else 0
    return seconds if 0 < seconds <= _LONGEST else None


async def delete(app: App[Any], watch: Watching, pod: PodRow) -> bool:
    """Whether it was deleted."""
    body = f"{pod.namespace}/{pod.name}\n\nIts containers end. What owns the pod, if anything does, makes a new one."
    if not await app.push_screen_wait(Confirm("Delete this pod?", body, "Delete", "Keep it", danger=True)):
        return False
    return await _try(app, watch.delete_pod(pod), f"pod {pod.name} is being deleted")


async def silence(app: App[Any], alerts: Alerts, line: Line) -> bool:
    """Asks for how long, who and why; whether it was silenced."""
    alert = line.alert
    if alert is None:
        app.notify("this is a silence: x ends it", markup=False)
        return False
    chosen = await app.push_screen_wait(Choose(f"Silence {alert.name} for", _DURATIONS))
    if chosen is None:
        return False
    if not chosen:
        chosen = await app.push_screen_wait(Prompt("Silence for", "How long: 45m, 3h, 2d, 1w", "4h", _check_duration))
        if chosen is None:
            return False
    seconds = int(chosen) if chosen.isdigit() else seconds_of(chosen) or 0
    who = await app.push_screen_wait(Prompt("Silence: who", "Who silences it, for those who find it", me(), _some))
    if who is None:
        return False
    why = await app.push_screen_wait(Prompt("Silence: why", "Why, and what is being done about it", "", _some))
    if why is None:
        return False
    return await _try(app, alerts.silence(alert, who, why, seconds), f"{alert.name} is silent for {span(seconds)}")


async def expire(app: App[Any], alerts: Alerts, line: Line) -> bool:
    """Ends the silences of an alert, after asking."""
    ids = (
        [line.silence.id] if line.alert is None and line.silence else list(line.alert.silenced_by if line.alert else ())
    )
    if not ids:
        app.notify("nothing silences this alert", markup=False)
        return False
    known = {each.id: each for each in alerts.silences}
    words = [f"{', '.join(known[i].matchers)}\nby {known[i].by}: {known[i].why}" for i in ids if i in known]
    body = "\n\n".join(words) + "\n\nIt is told of again as soon as it fires."
    if not await app.push_screen_wait(Confirm("End this silence?", body, "End it", "Keep it")):
        return False
    return all([await _try(app, alerts.expire(each), "the silence has ended") for each in ids])


async def scenario(app: App[Any], services: Services, profile: Profile) -> None:
    """Lets a simulated cluster play a fault, or be well again."""
    options = [("reset", "All well again", "ends every fault")]
    options += [(f"scenario/{name}", title, lesson) for name, title, lesson in services.scenarios()]
    path = await app.push_screen_wait(Choose("Sandbox: what should go wrong?", options))
    if path is not None:
        title = next(label for key, label, _ in options if key == path)
        # It asks the sandbox over HTTP, and waits for the answer.
        await _try(app, asyncio.to_thread(services.tell_sandbox, profile, path), f"sandbox: {title}")


def me() -> str:
    """Who sits here, as far as the machine knows: `ops@laptop`."""
    try:
        return f"{getpass.getuser()}@{socket.gethostname()}"
    except (OSError, KeyError, ImportError):  # no name for this uid, as in many containers
        return socket.gethostname()


async def _try(app: App[Any], action: Awaitable[object], done: str) -> bool:
    try:
        await action
    except WizardError as problem:
        finding = problem.findings[0] if problem.findings else None
        words = f"{finding.summary}\n{finding.hint}".strip() if finding else str(problem)
        app.notify("\n".join(map(clean, words.splitlines())), severity="error", timeout=10, markup=False)
        return False
    app.notify(clean(done), timeout=4, markup=False)
    return True


def _some(value: str) -> str | None:
    return None if value.strip() else "a few words, please"


def _check_duration(value: str) -> str | None:
    return None if seconds_of(value) is not None else "a number and m, h, d or w, up to a year"
