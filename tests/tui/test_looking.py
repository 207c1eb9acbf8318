"""F3 looks an answer up: contexts with what they answer, faults of the sandbox, instance types, models."""

from __future__ import annotations

from tests.tui.desk import FakeDesk
from tests.tui.play import Player, new_profile, play
from wizard.domain.finding import UsageError, error
from wizard.ui.services import ContextEntry, Reachability


def clusters() -> FakeDesk:
    desk = FakeDesk()
    desk.kube_contexts = [ContextEntry("prod", "https://a", current=True), ContextEntry("lab", "https://b")]
    desk.reached = {
        "prod": Reachability(True, "Kubernetes v1.37.2, answered in 12 ms"),
        "lab": Reachability(False, "connection refused", "is it running?"),
        None: Reachability(False, "no answer within 5 s", "check the network, or the VPN"),
    }
    return desk


def test_contexts_with_their_reachability_and_a_cluster_that_does_not_answer_stops_nobody() -> None:
    async def story(player: Player) -> None:
        await new_profile(player, "cluster")
        await player.jump("where")
        await player.sees("✗ no answer within 5 s", "do: check the network, or the VPN")
        await player.to("target.cluster.context")
        await player.sees("f3 Look up")
        await player.press("f3")
        await player.on("Choose")
        await player.sees("prod (current)", "✓ Kubernetes v1.37.2", "✗ connection refused")
        await player.press("down", "enter")
        await player.on("WalkScreen")
        assert player.walk.draft.get("target.cluster.context") == "lab"
        await player.sees("✗ connection refused", "do: is it running?")
        await player.press("f3")
        await player.on("Choose")
        await player.press("escape")
        await player.on("WalkScreen")
        assert player.walk.draft.get("target.cluster.context") == "lab"
        await player.press("ctrl+r")  # the plan will say it again; the profile is whole
        await player.on("ReviewScreen")

    play(story, clusters())


def test_no_kubeconfig_and_a_broken_one() -> None:
    desk = clusters()
    desk.kube_contexts = []

    async def story(player: Player) -> None:
        await new_profile(player, "cluster")
        await player.jump("where")
        await player.to("target.cluster.context")
        await player.press("f3")
        await player.sees("no kubeconfig is there")
        desk.contexts_problem = UsageError(error("kubeconfig", "~/.kube/config is no YAML"))
        await player.press("f3")
        await player.sees("~/.kube/config is no YAML")
        assert player.screen == "WalkScreen"

    play(story, desk)


def test_a_fault_to_play() -> None:
    async def story(player: Player) -> None:
        await new_profile(player)
        await player.jump("where")
        await player.to("target.sandbox.nodes")
        assert "Look up" not in player.text  # a number is not looked up
        await player.to("target.sandbox.scenario")
        await player.press("f3")
        await player.sees("A crash loop. read the pod's last words")
        await player.press("d", "enter")
        await player.on("WalkScreen")
        assert player.walk.draft.get("target.sandbox.scenario") == "disk-full"
        await player.sees("disk-full")

    play(story)


def test_instance_types_are_added_to_those_that_are_there_and_the_price_moves() -> None:
    async def story(player: Player) -> None:
        await new_profile(player, "aws")
        await player.jump("where")
        await player.answer("target.aws.region", "eu-central-1")
        await player.jump("tiers")
        await player.sees("a month  estimate")
        draft = player.walk.draft
        before = player.text.partition("About ")[2].partition(" a month")[0]
        await player.answer("tiers.standard.max", "40")
        await player.until(lambda: player.text.partition("About ")[2].partition(" a month")[0] not in ("", before))
        await player.to("tiers.standard.instanceTypes")
        said = list(draft.get("tiers.standard.instanceTypes") or ())
        await player.press("f3")
        await player.on("Choose")
        await player.press("end", "enter")
        await player.on("WalkScreen")
        now = list(draft.get("tiers.standard.instanceTypes"))
        assert now[:-1] == said and now[-1] not in said

    play(story, size=(110, 40))
