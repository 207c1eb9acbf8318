"""Review: the plan with diffs and reasons, what blocks it, cost, drawing, YAML; planned again, or without a target."""

from __future__ import annotations

import asyncio

from textual.widgets import Tree

from tests.tui.desk import FakeDesk, plan_of
from tests.tui.play import Player, play
from wizard.domain.finding import PreflightError, UsageError, error, warning
from wizard.domain.plan import Plan
from wizard.domain.profile import Profile, profile_from_data
from wizard.ui.flow.presets import new_draft
from wizard.ui.tui.app import Start
from wizard.ui.tui.screens.review import ReviewScreen


def profile(kind: str = "cluster") -> Profile:
    data = new_draft(kind, "chat").everything
    if kind == "k3s":
        data["target"]["k3s"] = {"host": "203.0.113.5"}
    if kind == "aws":
        data["target"]["aws"] = {"region": "eu-central-1"}
    return profile_from_data(data)


def review(player: Player) -> ReviewScreen:
    assert isinstance(player.app.screen, ReviewScreen)
    return player.app.screen


def test_the_plan_opens_to_its_reasons_and_its_diff_and_every_tab_has_its_key() -> None:
    async def story(player: Player) -> None:
        await player.sees("3 to create, 1 to change, 1 left. Press d to deploy.")
        await player.sees("+ create  namespace chat  not there yet", "~ change  release chat/open-webui")
        tree = player.app.screen.query_one(Tree)
        await player.until(lambda: tree.has_focus)
        await player.press("end", "enter")
        await player.sees("values changed", "1 replica too few", "-  replicas: 1", "+  replicas: 2")
        await player.press("2")
        await player.sees("nothing to report")
        await player.press("3")
        await player.sees("This target costs nothing here")
        await player.press("4")
        await player.sees("chat on cluster (current context)", "╭ namespace chat ")
        await player.press("5")
        await player.sees("name: chat", "kind: cluster")
        await player.press("1")
        await player.until(lambda: review(player).query_one("#review-tabs").active == "plan")  # type: ignore[attr-defined]

    play(story, start=Start(profile()))


def test_what_blocks_the_plan_is_first_in_sight_and_deploy_does_nothing() -> None:
    desk = FakeDesk()
    found = (error("quota", "no room for ollama", hint="ask for more"), warning("old", "an old version"))
    desk.plan = lambda each: plan_of(each, findings=found)

    async def story(player: Player) -> None:
        await player.sees("cannot deploy: no room for ollama", "do: ask for more", "an old version", "Findings 2")
        await player.press("d")
        await player.settle()
        assert player.screen == "ReviewScreen" and not desk.runs
        desk.plan = lambda each: plan_of(each, findings=found[1:])
        await player.press("r")
        await player.sees("Press d to deploy", "Findings 1")
        await player.press("d")
        await player.on("DeployScreen")

    play(story, desk, Start(profile()))


def test_nothing_to_do_is_no_reason_to_deploy() -> None:
    desk = FakeDesk()

    def nothing(each: Profile) -> Plan:
        return Plan(each.name, each.namespace, "uid", (), ())

    desk.plan = nothing

    async def story(player: Player) -> None:
        await player.sees("nothing to do: everything is as desired, and ready")
        await player.press("d")
        await player.settle()
        assert player.screen == "ReviewScreen" and not desk.runs

    play(story, desk, Start(profile()))


def test_a_target_that_cannot_be_looked_at_has_a_plan_all_the_same() -> None:
    desk = FakeDesk()
    desk.plan_problem = PreflightError(error("unreachable", "the cluster does not answer", hint="look at the VPN"))

    async def story(player: Player) -> None:
        await player.sees("cannot deploy: the cluster does not answer", "do: look at the VPN")
        await player.press("1")
        await player.sees("+ create  namespace chat")
        await player.press("d")
        await player.settle()
        assert player.screen == "ReviewScreen" and not desk.runs
        desk.plan_problem = None
        await player.press("r")
        await player.sees("Press d to deploy")

    play(story, desk, Start(profile()))


def test_kinds_that_are_only_planned_say_so_with_their_price() -> None:
    async def story(player: Player) -> None:
        await player.sees("cannot deploy: ")
        await player.press("1")
        await player.sees("+ create  namespace chat")
        await player.press("3")
        await player.sees("a month in eu-central-1", "requests and I/O of Aurora")
        assert not player.desk.sessions

    play(story, start=Start(profile("aws")), size=(80, 50))


def test_planning_again_while_the_sandbox_still_starts_does_not_start_a_second_one() -> None:
    desk = FakeDesk()
    opened = 0

    async def story(player: Player) -> None:
        await player.until(lambda: desk.planned == 1)
        await player.press("r", "r")
        desk.planning.set()
        await player.sees("Press d to deploy")
        assert len(desk.sessions) == 1 and desk.planned >= 2
        nonlocal opened
        opened = len(desk.sessions)

    desk.planning = asyncio.Event()
    play(story, desk, Start(profile("sandbox")))
    assert opened == 1 and desk.sessions[0].closed == 0  # the pilot ends the app from outside; nothing closed it early


def test_helm_that_cannot_be_found_is_a_finding_not_a_crash() -> None:
    desk = FakeDesk()
    desk.session_problem = UsageError(error("helm-missing", "helm is not here [/bold]", hint="install [helm]"))

    async def story(player: Player) -> None:
        await player.sees("cannot deploy: helm is not here [/bold]", "do: install [helm]")

    play(story, desk, Start(profile()))


def test_edit_leads_into_the_walk_and_back_to_a_new_plan() -> None:
    async def story(player: Player) -> None:
        await player.sees("Press d to deploy")
        await player.press("e")
        await player.on("WalkScreen")
        await player.answer("name", "other")
        await player.press("ctrl+r")
        await player.on("ReviewScreen")
        await player.sees(" other  Review", "Press d to deploy")
        assert len(player.desk.sessions) == 2 and player.desk.sessions[0].closed == 1

    play(story, start=Start(profile()))
