"""Pictures of the screens in their main states: two sizes in the dark theme, the small one in light and contrast."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.tui.desk import FakeDesk
from tests.tui.picture import KEPT, UPDATE, compare, take, words
from tests.tui.play import Player, new_profile, play
from wizard.domain import events as ev
from wizard.domain.finding import ExitCode
from wizard.ui.flow.presets import new_draft
from wizard.ui.services import UnfinishedRun

SMALL, LARGE = (80, 24), (120, 40)
LOOKS = [("wizard-dark", SMALL), ("wizard-dark", LARGE), ("wizard-light", SMALL), ("wizard-contrast", SMALL)]
MOST = 40
"""Pictures that somebody still looks at when they change."""


@pytest.fixture(autouse=True)
def _still(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """One time zone."""
    monkeypatch.setenv("TZ", "UTC")
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()


def a_desk(theme: str) -> FakeDesk:
    desk = FakeDesk()
    desk.kept["theme"] = theme
    desk.add("demo", new_draft("sandbox", "demo").everything, shipped=True)
    prod = desk.add("prod", new_draft("cluster", "prod").everything)
    desk.add("branch-office", {"name": "branch-office", "target": {"kind": "k3s"}}, draft=True)
    desk.runs_before = [UnfinishedRun("r", "prod", "apply", time.time() - 7300, 5, 8, "cut off", str(prod.path))]
    return desk


class Album:
    """Pictures of one look; says at the end what differs."""

    def __init__(self, theme: str, size: tuple[int, int], only: set[str] | None) -> None:
        self._look, self._only = f"{theme.removeprefix('wizard-')}-{size[0]}x{size[1]}", only
        self.different: list[str] = []
        self.taken = 0

    async def __call__(self, player: Player, name: str) -> None:
        if self._only is not None and name not in self._only:
            return
        picture = await take(player)
        self.taken += 1
        assert player.app.theme in player.app.available_themes and player.app._exception is None
        if different := compare(f"{name}-{self._look}", picture):
            self.different.append(different)

    def close(self) -> None:
        assert self.taken
        assert not self.different, "\n\n".join(["pictures differ; UPDATE_SNAPSHOTS=1 keeps them", *self.different])


@pytest.mark.parametrize(("theme", "size"), LOOKS, ids=["dark-small", "dark-large", "light", "contrast"])
def test_home_and_walk(theme: str, size: tuple[int, int]) -> None:
    album = Album(theme, size, None if theme == "wizard-dark" else {"home", "wrong"})

    async def story(player: Player) -> None:
        await player.sees("Continue prod", "about prod")
        await album(player, "home")
        await new_profile(player)
        await player.to("name")
        await album(player, "target")
        await player.go("where")
        await player.answer("target.sandbox.nodes", "three")
        await player.sees("must be a whole number")
        await album(player, "wrong")
        await player.answer("target.sandbox.nodes", "3")
        if theme == "wizard-dark":
            await player.go("models")
            await player.to("models")
            await player.sees("f Catalog")  # the footer is made anew with the focus, and shows through a dialog
            await player.press("f")
            await player.on("ModelsScreen")
            await player.type("chat")
            await player.press("down", "space")
            await album(player, "models")
            await player.press("escape")
            await player.on("WalkScreen")
            await player.go("tenants")
            await player.to("tenants")
            await player.sees("i Import CSV")
            await player.press("a")
            await player.on("RowScreen")
            await player.type("acme")
            await album(player, "tenant")
            await player.press("ctrl+s")
            await player.on("WalkScreen")
            await player.sees("i Import CSV")
            await player.press("escape")
            await player.on("Leaving")
            await album(player, "leaving")

    play(story, a_desk(theme), size=size)
    album.close()


@pytest.mark.parametrize(("theme", "size"), LOOKS, ids=["dark-small", "dark-large", "light", "contrast"])
def test_review_to_done(theme: str, size: tuple[int, int]) -> None:
    album = Album(theme, size, None if theme == "wizard-dark" else {"review", "deploy", "explain"})

    async def story(player: Player) -> None:
        await player.sees("about demo")
        await player.press("d")
        await player.sees("Press d to deploy")
        await player.press("end", "enter")
        await player.sees("+  replicas: 2")
        await album(player, "review")
        await player.press("4")
        await player.sees("╭ namespace chat")
        await album(player, "diagram")
        await player.press("d")
        await player.on("DeployScreen")
        await player.until(lambda: player.desk.runs)
        run = player.desk.run
        run.done("namespace", "secrets", "release:postgresql", "release:ollama")
        run.start("ready:postgresql", "ready:ollama", "release:open-webui")
        run.emit(ev.StepProgress("ready:ollama", "pulling qwen3:0.6b, 40 %"), after=9.0)
        await player.sees("4 of 8 steps", "0:10/0:20")
        await album(player, "deploy")
        run.fail("ready:ollama")
        await player.on("ExplainScreen")
        run.emit(ev.StepSkipped("ready:open-webui", "ollama is not ready"))
        run.finish(ExitCode.DEPLOYMENT)
        await player.sees("r Retry")
        await album(player, "explain")
        if theme == "wizard-dark":
            await player.press("escape")
            await player.on("DeployScreen")
            await player.sees("Failed after")
            await album(player, "failed")
            await player.press("r")
            await player.until(lambda: len(player.desk.runs) == 2)
            player.desk.run.all_done()
            await player.sees("Deployed and ready")
            await player.press("c")
            await player.on("DoneScreen")
            await player.press("p")
            await player.sees("Log in as")
            await album(player, "done")
            await player.press("f1")
            await player.on("HelpScreen")
            await album(player, "help")

    play(story, a_desk(theme), size=size)
    album.close()


def test_the_album_is_small_and_its_pictures_are_whole() -> None:
    kept = sorted(KEPT.glob("*.svg"))
    assert UPDATE or 20 <= len(kept) <= MOST
    for picture in kept:
        wide = 120 if "120x40" in picture.name else 80
        lines = words(picture.read_text())
        assert lines and max(map(len, lines)) <= wide, picture.name


def test_a_picture_that_differs_is_told_in_words(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tests.tui.picture.KEPT", tmp_path)
    monkeypatch.setattr("tests.tui.picture.UPDATE", False)
    line = '<text class="terminal-r1" x="{x}" y="20" clip-path="url(#a)">{text}</text>\n'
    before = line.format(x=0, text="one") + line.format(x=61, text="two&#160;x")
    (tmp_path / "a.svg").write_text(before)
    assert compare("a", before) == "" and words(before) == ["one  two x"]
    assert "-one  two x\n+six  two x" in compare("a", before.replace("one", "six"))
    assert "other colours" in compare("a", before.replace("-r1", "-r2", 1))
    assert "UPDATE_SNAPSHOTS" in compare("b", before)
