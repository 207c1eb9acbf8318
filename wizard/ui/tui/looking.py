"""Looking an answer up: kubeconfig contexts, scenarios, instance types, models."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

from wizard.domain.finding import WizardError
from wizard.ui.flow.question import Source
from wizard.ui.headless.words import size
from wizard.ui.tui.text import clean
from wizard.ui.tui.widgets.dialog import Choose

if TYPE_CHECKING:
    from wizard.catalog.instances import InstanceType
    from wizard.ui.flow.draft import Draft
    from wizard.ui.flow.question import Question
    from wizard.ui.tui.app import WizardApp


async def look_up(app: WizardApp, question: Question, draft: Draft) -> Any:
    """The value that was chosen; None where nothing was."""
    match question.source:
        case Source.CONTEXTS:
            return await _context(app, draft)
        case Source.SCENARIOS:
            options = [(name, name, f"{title}. {lesson}") for name, title, lesson in app.services.scenarios()]
            return await app.push_screen_wait(Choose("A fault to play", options))
        case Source.INSTANCES:
            return await _instance(app, question, draft)
        case Source.CATALOG:
            from wizard.ui.tui.screens.models import ModelsScreen

            chosen = await app.push_screen_wait(ModelsScreen(draft, several=False))
            return chosen[0] if chosen else None
        case _:
            return None


async def _context(app: WizardApp, draft: Draft) -> str | None:
    """Every context with what it answers; those that do not are listed all the same."""
    kubeconfig = draft.value("target.cluster.kubeconfig")
    try:
        contexts = app.services.contexts(kubeconfig)
    except WizardError as wrong:
        app.notify(clean(wrong.findings[0].summary), severity="error")
        return None
    if not contexts:
        app.notify("no kubeconfig is there, or it has no contexts", severity="warning")
        return None
    app.notify("asking the clusters …", timeout=2)
    answers = await asyncio.gather(*(app.services.reach(each.name, kubeconfig) for each in contexts))
    options = [
        (each.name, each.name + (" (current)" if each.current else ""), ("✓ " if found.ok else "✗ ") + found.words)
        for each, found in zip(contexts, answers, strict=True)
    ]
    return await app.push_screen_wait(Choose("kubeconfig contexts", options))


async def _instance(app: WizardApp, question: Question, draft: Draft) -> Any:
    from wizard.catalog.instances import catalog

    known = catalog().select(gpus="premium" in question.path)
    options = [(each.name, each.name, _about(each)) for each in known]
    chosen = await app.push_screen_wait(Choose("EC2 instance types", options))
    if chosen is None:
        return None
    now = list(draft.value(question.path) or ()) if draft.has(question.path) else []
    return [*now, chosen] if chosen not in now else now


def _about(each: InstanceType) -> str:
    gpus = f", {each.gpus} x {each.gpu}" if each.gpus else ""
    return f"{each.vcpu} vCPU, {size(each.memory_bytes)}{gpus}"
