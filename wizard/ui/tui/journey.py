"""From screen to screen: what each returns decides what comes next."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from wizard.domain.finding import ExitCode, UsageError
from wizard.ui.services import Outcome

if TYPE_CHECKING:
    from wizard.domain.profile import Profile
    from wizard.ui.flow.draft import Draft
    from wizard.ui.tui.app import Start, WizardApp
    from wizard.ui.tui.deployment import Deployment

# What the profile's model needs is imported when it is first used: the first frame does not wait for it.


@dataclass(slots=True)
class Journey:
    """Runs in a worker of the app: it may wait for a screen's answer."""

    app: WizardApp

    async def run(self, start: Start) -> Outcome:
        """Until the operator leaves; never returns while a run is under way."""
        if start.watch and start.profile is not None:
            await self._watch(start.profile)
            return Outcome(int(ExitCode.OK))
        if start.profile is not None:
            outcome = await self._profile(start.profile, agreed=start.deploy)
            if outcome is not None:
                return outcome
        while True:
            outcome = await self._home()
            if outcome is not None:
                return outcome

    async def _home(self) -> Outcome | None:
        from wizard.ui.tui.screens.home import HomeScreen

        choice = await self.app.push_screen_wait(HomeScreen())
        if choice.kind == "quit":
            return Outcome(int(ExitCode.OK))
        try:
            draft = self._draft(choice.kind, choice.entry)
        except UsageError as wrong:
            self.app.notify(wrong.findings[0].summary, title="cannot be opened", severity="error", timeout=10)
            return None
        if choice.kind == "watch" and (profile := draft.profile()) is not None:
            await self._watch(profile)
            return None
        return await self._draft_to_end(draft, walk=choice.kind == "new" or draft.profile() is None)

    def _draft(self, kind: str, entry: Any) -> Draft:
        from wizard.ui.flow.draft import Draft
        from wizard.ui.flow.presets import new_draft

        if kind == "new" or entry is None:
            return new_draft("sandbox")
        data: Mapping[str, Any] = self.app.services.read(entry)
        return Draft(data, entry.path)

    async def _profile(self, profile: Profile, *, agreed: bool) -> Outcome | None:
        from wizard.domain.profile import to_data
        from wizard.ui.flow.draft import Draft

        return await self._draft_to_end(Draft(to_data(profile)), walk=False, agreed=agreed)

    async def _draft_to_end(self, draft: Draft, *, walk: bool, agreed: bool = False) -> Outcome | None:
        """Walk, review, deploy, as often as the operator goes back and forth; None: home again."""
        walked = False
        while True:
            if walk:
                walked = True
                from wizard.ui.tui.screens.walk import WalkScreen

                if not await self.app.push_screen_wait(WalkScreen(draft)):
                    return None
            profile = draft.profile()
            if profile is None:
                walk = True
                continue
            await self._carry(profile)
            if not agreed:
                from wizard.ui.tui.screens.review import ReviewScreen

                answer = await self.app.push_screen_wait(ReviewScreen(draft, self.deployment, walked=walked))
                if answer == "edit" or (answer == "back" and walked):
                    walk = True
                    continue
                if answer != "deploy":
                    return None
            agreed = False
            answer = await self._deploy()
            if answer == "edit":
                walk = True
            elif answer == "quit":
                return self._outcome()
            elif answer != "review":
                return None
            else:
                walk = False

    @property
    def deployment(self) -> Deployment:
        if self.app.deployment is None:
            raise RuntimeError("no deployment is carried")
        return self.app.deployment

    async def _carry(self, profile: Profile) -> None:
        """The app carries this profile's deployment from here on."""
        from wizard.ui.tui.deployment import Deployment

        if self.app.deployment is not None:
            await self.app.deployment.close()
        self.app.deployment = Deployment(self.app.services, profile)

    async def _deploy(self) -> str:
        from wizard.ui.tui.screens.deploy import DeployScreen
        from wizard.ui.tui.screens.done import DoneScreen

        answer = await self.app.push_screen_wait(DeployScreen(self.deployment))
        while answer == "done":
            answer = await self.app.push_screen_wait(DoneScreen(self.deployment))
            if answer == "watch":
                await self._watch(self.deployment.profile)
                answer = "done"
        return answer

    async def _watch(self, profile: Profile) -> None:
        from wizard.ui.tui.screens.watch import WatchScreen

        await self.app.push_screen_wait(WatchScreen(profile))

    def _outcome(self) -> Outcome:
        from wizard.ui.words import where_it_is

        code = self.deployment.code
        words = where_it_is(self.deployment.profile) if code is ExitCode.OK else ()
        return Outcome(int(code if code is not None else ExitCode.OK), tuple(words), self.deployment.problem)
