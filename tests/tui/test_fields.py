"""No field of the profile is missing on the screen: everything is switched on, walked through, and counted."""

from __future__ import annotations

import re
from typing import Any

from tests.tui.play import Player, play
from wizard.domain.profile import leaves
from wizard.ui.flow.chapters import CHAPTERS, questions
from wizard.ui.flow.draft import Draft
from wizard.ui.flow.question import Ask
from wizard.ui.plain import drawers
from wizard.ui.tui.screens.row import RowScreen
from wizard.ui.tui.screens.walk import WalkScreen
from wizard.ui.tui.widgets.controls import CONTROLS
from wizard.ui.tui.widgets.field import Field
from wizard.ui.tui.widgets.form import Fold

_TIER = {"ollama": {"resources": {"limits": {"cpu": "2"}}}, "gpu": {"count": 1}}
EVERYWHERE = {chapter.id for chapter in CHAPTERS}
STATES: list[tuple[set[str], dict[str, Any]]] = [
    (
        EVERYWHERE,
        {
            "target": {"kind": "aws", "aws": {"loadBalancer": "alb", "budget": {"monthly": 10}}},
            "tiers": {"standard": _TIER, "premium": _TIER},
            "access": {"domain": "a.example", "tls": {"issuer": "letsencrypt-staging"}, "dns": {"provider": "route53"}},
            "database": {"kind": "aurora", "aurora": {"serverless": True}},
            "backup": {"enabled": True, "destination": "s3"},
        },
    ),
    (
        {"tenants", "access", "data"},
        {
            "target": {"kind": "aws"},
            "access": {"domain": "a.example", "tls": {"issuer": "cluster-issuer"}},
            "database": {"kind": "aurora", "aurora": {"serverless": False}},
            "backup": {"enabled": True, "destination": "volume"},
            "tenants": [{"name": "acme"}],
        },
    ),
    (
        {"where", "tiers", "data"},
        {
            "target": {"kind": "k3s", "k3s": {"user": "kim"}},
            "tiers": {"standard": _TIER, "premium": _TIER},
            "database": {"kind": "external"},
        },
    ),
    ({"where", "data"}, {"target": {"kind": "cluster"}}),
    ({"where"}, {"target": {"kind": "sandbox"}}),
]
"""What is switched on, and the chapters in which that makes a difference."""
ROWS: dict[str, list[dict[str, Any]]] = {
    "models": [{"name": "a"}],
    "tenants": [{"name": "a", "dedicated": True}, {"name": "b"}],
    "observability.receivers": [{"kind": "email"}, {"kind": "slack"}, {"kind": "webhook"}],
    "tiers.standard.tolerations": [{"key": "a"}],
    "tiers.premium.tolerations": [{"key": "a"}],
}


def test_both_front_ends_draw_every_way_of_asking() -> None:
    assert set(CONTROLS) == set(Ask)
    assert set(drawers.DRAWERS) == set(Ask)


def shown(player: Player) -> set[str]:
    fields = player.app.screen.query(Field)
    return {re.sub(r"\[\d+\]", "[]", each.question.path) for each in fields if each.has_class("-shown")}


def test_every_field_of_the_profile_can_be_answered() -> None:
    seen: set[str] = set()

    async def story(player: Player) -> None:
        for where, state in STATES:
            walk = WalkScreen(Draft({"name": "all", **state}))
            player.app.push_screen(walk)
            await player.on("WalkScreen")
            for at, chapter in enumerate(CHAPTERS):
                if chapter.id in where:
                    await walk._go_to(at)
                    for fold in walk.query(Fold):
                        fold.opened = True
                    await walk._forms[chapter.id].sync()
            seen.update(shown(player))
            await player.press("escape")
            await player.on("HomeScreen")
        draft = Draft({"name": "all", **STATES[2][1], "access": {"domain": "a.example"}})
        for question in questions():
            for at, row in enumerate(ROWS[question.path]) if question.ask is Ask.ROWS else ():
                draft.set(question.path, ROWS[question.path])
                player.app.push_screen(RowScreen(question, draft, at))
                await player.on("RowScreen")
                assert row == draft.rows(question.path)[at]
                await player.press("f4")
                seen.update(shown(player))
                await player.press("escape")
                await player.on("HomeScreen")

    play(story, size=(120, 50))
    wanted = {question.path for question in questions()}
    assert {path for path, _ in leaves()} <= wanted
    assert seen == wanted, sorted(wanted - seen)
