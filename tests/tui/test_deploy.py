"""Deploy: steps as they go, a failing step explained, retry, roll back, stopping once and twice, leaving."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

import pytest
from textual.widgets import ContentSwitcher

from tests.tui.desk import STEPS, FakeDesk, FakeSession
from tests.tui.play import Player, play
from tests.tui.test_review import profile
from wizard.domain import events as ev
from wizard.domain.finding import ExitCode, LockedError, error
from wizard.ui.tui.app import Start, WizardApp
from wizard.ui.tui.widgets.steps import StepTree


def deploy(
    story: Callable[[Player, FakeSession], Awaitable[None]],
    desk: FakeDesk | None = None,
    size: tuple[int, int] = (80, 24),
    *,
    kind: str = "sandbox",
    agreed: bool = False,
) -> WizardApp:
    """From the review into a run that has begun."""

    async def begin(player: Player) -> None:
        if not agreed:
            await player.sees("Press d to deploy")
            await player.press("d")
        await player.on("DeployScreen")
        await player.until(lambda: player.desk.runs)
        await story(player, player.desk.run)

    start = Start(profile(kind), deploy=agreed)
    return play(begin, desk, start, size, until="DeployScreen" if agreed else "")


def test_steps_move_with_their_events_and_the_end_leads_on() -> None:
    async def story(player: Player, run: FakeSession) -> None:
        await player.sees("Deploying  0:00  0 of 8 steps", "· namespace chat", "SIMULATED", "/0:03")
        run.start("namespace")
        await player.sees("▸ namespace chat")
        run.emit(ev.StepSucceeded("namespace", False))
        await player.sees("= namespace chat", "1 of 8 steps")
        run.done("secrets", "release:ollama")
        run.start("ready:ollama")
        run.emit(ev.StepProgress("ready:ollama", "pulling qwen3:0.6b 40 %"), ev.StepLog("ready:ollama", "ollama", "hi"))
        await player.sees("3 of 8 steps", "ollama: hi")
        tree = player.app.screen.query_one(StepTree)
        assert tree.step == "ready:ollama"  # follows what runs
        await player.press("home")
        assert tree.step == "namespace"
        run.emit(ev.StepSucceeded("ready:ollama", True))
        await player.sees("4 of 8 steps")
        assert tree.step == "namespace"  # the operator's hand stays
        run.done("release:postgresql", "ready:postgresql", "release:open-webui", "ready:open-webui")
        run.finish()
        await player.sees("Deployed and ready in ", "8 of 8 steps")
        await player.press("enter")
        await player.on("DoneScreen")
        assert player.app.deployment is not None and player.app.deployment.code is ExitCode.OK

    deploy(story)


def test_a_failing_step_opens_its_own_explanation_and_retry_goes_on() -> None:
    async def story(player: Player, run: FakeSession) -> None:
        run.done("namespace", "secrets", "release:ollama")
        run.start("ready:ollama")
        run.emit(ev.StepLog("ready:ollama", "ollama-0", "pull access denied"))
        run.fail("ready:ollama")
        await player.on("ExplainScreen")
        await player.sees(
            "✗ ollama/ollama:0.12 cannot be pulled", "429 too many requests", "do: log in to the registry"
        )
        await player.sees("ollama-0: pull access denied")
        await player.press("end")
        await player.sees("look further", "KUBECONFIG=/sandbox/kubeconfig kubectl -n chat describe")
        assert "Retry" not in player.text  # the run is still going
        run.emit(ev.StepSkipped("ready:open-webui", "ollama is not ready"))
        run.finish(ExitCode.DEPLOYMENT)
        await player.sees("r Retry", "u Roll back")
        copied: list[str] = []
        player.app.copy_to_clipboard = copied.append  # type: ignore[assignment, method-assign]
        await player.press("c")
        assert copied and copied[0].endswith("app.kubernetes.io/instance=ollama")
        await player.press("r")
        await player.on("DeployScreen")
        await player.until(lambda: len(player.desk.runs) == 2)
        assert player.desk.runs[1][0] == "apply" and run.closed == 1
        player.desk.run.all_done()
        await player.sees("Deployed and ready")

    deploy(story)


def test_left_so_then_opened_by_hand_then_rolled_back() -> None:
    async def story(player: Player, run: FakeSession) -> None:
        run.done("namespace", "secrets", "release:ollama")
        run.fail("ready:ollama")
        run.finish(ExitCode.DEPLOYMENT)
        await player.on("ExplainScreen")
        await player.press("escape")
        await player.on("DeployScreen")
        await player.sees("Failed after ", "what worked stays", "r Retry")
        assert player.app.screen.query_one(StepTree).step == "ready:ollama"
        await player.press("enter")
        await player.on("ExplainScreen")
        await player.press("u")
        await player.sees("Roll this run back?")
        await player.press("enter")  # a dangerous question starts on No
        await player.on("DeployScreen")
        await player.press("u")
        await player.sees("Roll this run back?")
        await player.press("y")
        await player.until(lambda: [what for what, _ in player.desk.runs] == ["apply", "rollback"])
        await player.sees("Rolling back", "ollama back")
        player.desk.run.done("undo:ollama")
        player.desk.run.finish()
        await player.sees("Rolled back")
        await player.press("c")
        await player.on("ReviewScreen")  # not "done": nothing is deployed

    deploy(story)


def test_several_failures_are_not_explained_over_one_another() -> None:
    async def story(player: Player, run: FakeSession) -> None:
        run.fail("release:ollama")
        run.fail("release:postgresql", error("full", "the disk is full"))
        run.finish(ExitCode.DEPLOYMENT)
        await player.on("ExplainScreen")
        assert sum(type(screen).__name__ == "ExplainScreen" for screen in player.app.screen_stack) == 1
        await player.press("escape")
        await player.on("DeployScreen")
        await player.settle()
        await player.sees("Failed")

    deploy(story)


def test_ctrl_c_once_drains_twice_forces() -> None:
    async def story(player: Player, run: FakeSession) -> None:
        run.done("namespace")
        run.start("secrets")
        await player.press("ctrl+c")
        await player.sees("stopping: what runs is let finish")
        assert (run.drained, run.forced) == (["Ctrl-C"], 0) and player.screen == "DeployScreen"
        await player.press("ctrl+c")
        assert (run.drained, run.forced) == (["Ctrl-C"], 1)
        await player.sees("Stopped after ", "r Retry")
        assert player.app.deployment is not None and player.app.deployment.code is ExitCode.ABORTED
        await player.press("escape")
        await player.on("ReviewScreen")

    deploy(story)


def test_ctrl_c_before_the_first_step_ends_it_at_once() -> None:
    desk = FakeDesk()

    async def story(player: Player) -> None:
        await player.sees("Press d to deploy")
        desk.planning.clear()
        await player.press("d")
        await player.on("DeployScreen")
        await player.until(lambda: desk.planned == 2)
        await player.press("ctrl+c")
        await player.sees("Stopped")
        assert not desk.runs
        desk.planning.set()
        await player.press("r")
        await player.until(lambda: desk.runs)

    play(story, desk, Start(profile("sandbox")))


@pytest.mark.parametrize("answer", ["n", "y"])
def test_leaving_a_run_asks_and_brings_it_to_a_safe_point(answer: str) -> None:
    async def story(player: Player, run: FakeSession) -> None:
        run.start("namespace")
        await player.press("ctrl+q")
        await player.sees("A run is under way", "safe point")
        await player.press("ctrl+q")
        assert sum(type(screen).__name__ == "Confirm" for screen in player.app.screen_stack) == 1
        await player.press(answer)
        if answer == "n":
            await player.on("DeployScreen")
            assert not run.drained
            run.all_done()
            await player.sees("Deployed and ready")
            return
        await player.until(lambda: run.drained == ["the operator left"])
        assert player.app.is_running and player.app.return_code is None  # it waits for what runs
        run.emit(ev.StepSucceeded("namespace", True))
        run.finish(ExitCode.ABORTED)
        await player.until(lambda: player.app.return_code is not None)

    app = deploy(story)
    if answer == "y":
        assert app.return_value is not None and app.return_value.exit_code == ExitCode.ABORTED


def test_another_wizard_at_work_and_a_plan_that_has_moved() -> None:
    desk = FakeDesk()
    desk.apply_problem = LockedError(error("locked", "kim@laptop is deploying", hint="wait for it"))

    async def story(player: Player) -> None:
        await player.sees("Press d to deploy")
        await player.press("d")
        await player.sees("Another wizard is at work", "kim@laptop is deploying", "do: wait for it", "r Retry")
        desk.apply_problem = None
        await player.press("escape")
        await player.on("ReviewScreen")
        await player.sees("Press d to deploy")
        desk.plan = lambda each, real=desk.plan: type(plan := real(each))(  # type: ignore[misc]
            plan.deployment, plan.namespace, plan.cluster, plan.actions, plan.steps, fingerprint="f2"
        )
        await player.press("d")
        await player.sees("Failed", "the cluster has moved since this plan was made")
        assert not desk.runs
        await player.press("r")  # planned anew: what is there now counts
        await player.until(lambda: desk.runs)

    play(story, desk, Start(profile("sandbox")))


def test_agreed_to_on_the_command_line_goes_straight_to_the_run() -> None:
    async def story(player: Player, run: FakeSession) -> None:
        run.all_done()
        await player.sees("Deployed and ready")

    deploy(story, agreed=True)


def test_the_live_panes_stand_under_the_steps_and_end_with_the_screen() -> None:
    async def story(player: Player, run: FakeSession) -> None:
        await player.press("v")
        under = player.app.screen.query_one("#deploy-under", ContentSwitcher)
        await player.until(lambda: under.current == "deploy-live" and player.app.screen.query("LivePanes"))
        assert player.desk.live.started == 1
        await player.sees("· namespace chat")
        await player.press("v")
        await player.until(lambda: under.current == "deploy-talk")
        run.all_done()
        await player.sees("Deployed and ready")
        await player.press("c")
        await player.on("DoneScreen")
        assert player.desk.live.stopped == 1

    deploy(story)


def test_the_tree_has_every_step_once_on_every_width() -> None:
    async def story(player: Player, run: FakeSession) -> None:
        for size in ((60, 20), (200, 50), (80, 24)):
            await player.pilot.resize_terminal(*size)
            await player.sees(*(step.title[:12] for step in STEPS))
            tree = player.app.screen.query_one(StepTree)
            rows = [tree.render_line(y).text for y in range(len(STEPS))]
            assert all(sum(step.title[:12] in row for row in rows) == 1 for step in STEPS)

    deploy(story)
