"""argv -> options, then a front end. Imports nothing heavy: `--help` and `--version` answer at once."""

from __future__ import annotations

import gc
import os
import sys
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, TypeVar

import click

from wizard import __version__

if TYPE_CHECKING:
    from wizard.commands.base import Choices

_F = TypeVar("_F", bound=Callable[..., Any])


def _profile_options(function: _F) -> _F:
    options = (
        click.option("-p", "--profile", "profile", metavar="NAME|PATH", help="The profile: a name, or a YAML file."),
        click.option("--set", "sets", multiple=True, metavar="A.B=C", help="Override a field of the profile."),
        click.option("--json", "json_", is_flag=True, help="JSON on stdout."),
    )
    for option in reversed(options):
        function = option(function)
    return function


def _run_options(function: _F) -> _F:
    options = (
        click.option("-y", "--yes", is_flag=True, help="Do not ask."),
        click.option("--take-back-conflicts", is_flag=True, help="Take fields back that other field managers own."),
        click.option(
            "--patience",
            type=click.FloatRange(min=0),
            default=60.0,
            show_default=True,
            metavar="SECONDS",
            help="How long a pod may fail to pull, crash-loop or not be scheduled before its step gives up.",
        ),
        click.option(
            "--deadline",
            type=click.FloatRange(min=1),
            default=7200.0,
            show_default=True,
            metavar="SECONDS",
            help="How long one step may take in all; pulling models over a slow line is one step.",
        ),
        click.option("--keep", is_flag=True, help="Leave a sandbox running that this run starts."),
    )
    for option in reversed(options):
        function = option(function)
    return function


def _choices(**given: Any) -> Choices:
    from wizard.commands.base import Choices

    given["json"] = given.pop("json_", False)
    return Choices(**given)


def _plain_choices(given: dict[str, Any]) -> dict[str, Any]:
    """For `Choices`, which is not imported yet: the app's first frame does not wait for it."""
    return {**{key: value for key, value in given.items() if key != "json_"}, "json": given["json_"]}


def _web(at: str, profile: str | None, sets: Sequence[str]) -> int:
    host, _, port = at.rpartition(":")
    if not host or not port.isdecimal():
        raise click.UsageError(f"--web takes HOST:PORT (got {at!r})")
    from wizard.commands import tui

    argv = ["--profile", profile] if profile else []
    return tui.web([*argv, *(part for each in sets for part in ("--set", each))], host=host, port=int(port))


class _Main(click.Group):
    """Findings instead of tracebacks, with the right exit code; and no command means: deploy."""

    def main(self, args: Sequence[str] | None = None, *more: Any, **kwargs: Any) -> Any:
        kwargs["standalone_mode"] = False
        gc.disable()  # nothing that imports make is garbage; looking for it costs a twentieth of a short run
        given = sys.argv[1:] if args is None else list(args)
        wants_json = "--json" in given[: given.index("--") if "--" in given else None]
        try:
            code = super().main(args, *more, **kwargs)
        except click.exceptions.Exit as ended:
            code = ended.exit_code
        except click.ClickException as wrong:
            code = _report_usage(wrong, wants_json=wants_json)
        except click.Abort:
            click.echo("aborted", err=True)
            code = 6
        except BrokenPipeError:
            # The reader of our answer has seen enough (`wizard plan | head`); Python would complain once
            # more when it flushes at exit.
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            code = 0
        except Exception as problem:  # noqa: BLE001 - the last resort: a finding for what we know, else a bug
            code = _report(problem, wants_json=wants_json)
        sys.exit(int(code or 0))


def _report_usage(wrong: click.ClickException, *, wants_json: bool) -> int:
    if not wants_json:
        wrong.show()
        return 2
    from wizard.commands.base import report
    from wizard.domain.finding import UsageError, error

    context = getattr(wrong, "ctx", None)
    hint = f"see `{context.command_path} --help`" if context else ""
    return report(UsageError(error("usage", wrong.format_message(), hint=hint)), json=True)


def _report(problem: Exception, *, wants_json: bool) -> int:
    from wizard.domain.finding import WizardError

    found: BaseException | None = problem
    while isinstance(found, BaseExceptionGroup):  # a TaskGroup wraps even a single error
        found = found.exceptions[0]
    from wizard.commands.base import report, report_bug

    return report(found, json=wants_json) if isinstance(found, WizardError) else report_bug(problem)


@click.group(cls=_Main, invoke_without_command=True, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, "-V", "--version", prog_name="wizard", message="%(prog)s %(version)s")
@_profile_options
@_run_options
@click.option("--plan", "plan_only", is_flag=True, help="Show what would be done, and stop.")
@click.option("--rollback", "undo", is_flag=True, help="Roll this run's own changes back if it fails.")
@click.option("--plain", "plain", is_flag=True, help="Questions and answers, on any terminal.")
@click.option(
    "--web",
    is_flag=False,
    flag_value="127.0.0.1:8000",
    metavar="[HOST:PORT]",
    help="Serve the wizard to a browser (extra `web`); whoever reaches the port has it in hand.",
)
@click.pass_context
def main(context: click.Context, /, plan_only: bool, undo: bool, plain: bool, web: str | None, **given: Any) -> int:
    """From a server or a cluster to a running Open WebUI + Ollama + PostgreSQL platform.

    \b
    wizard                           the wizard: choose, review, deploy, watch
    wizard --profile prod            review that profile, and deploy it
    wizard --profile prod --yes      deploy, or bring up to date, without a question
    wizard --profile prod --plan     show what would be done

    \b
    Exit codes: 0 done, 1 bug, 2 usage or invalid profile, 3 preflight failed,
    4 deployment failed, 5 locked, 6 aborted, 7 plan --detailed-exitcode found changes.
    """
    if context.invoked_subcommand is not None:
        given.pop("json_")
        if given["profile"] or given["sets"]:
            raise click.UsageError(
                f"give --profile and --set after the command: wizard {context.invoked_subcommand} ..."
            )
        return 0
    if plain and not (plan_only or given["yes"] or given["json_"]):
        from wizard.commands import interactive

        return interactive.plain(_choices(**given))
    from wizard.ui.terminal import can_draw

    if web:
        return _web(web, given["profile"], given["sets"])
    headless = given["yes"] or given["json_"] or plan_only or undo
    if not headless and can_draw():
        from wizard.commands import tui

        return tui.app(_plain_choices(given))
    if not given["profile"]:
        raise click.UsageError("which profile? wizard --profile NAME|PATH (`wizard --help` lists the rest)")
    from wizard.commands import deploy as commands

    choices = _choices(**given)
    return commands.plan(choices) if plan_only else commands.deploy(choices, undo=undo)


@main.command()
@_profile_options
@click.option("--take-back-conflicts", is_flag=True, help="Plan to take fields back that others own.")
@click.option("--detailed-exitcode", is_flag=True, help="Exit with 7 where there is something to do.")
@click.option("--no-diff", is_flag=True, help="Leave the manifests' diffs out.")
@click.option("--offline", is_flag=True, help="Do not look at the target: plan for an empty one.")
def plan(detailed_exitcode: bool, no_diff: bool, offline: bool, **given: Any) -> int:
    """Show what will be created, changed, left and removed, and why."""
    from wizard.commands import deploy as commands

    return commands.plan(_choices(**given), detailed_exitcode=detailed_exitcode, diffs=not no_diff, offline=offline)


@main.command()
@click.argument("file", type=click.Path(dir_okay=False))
@click.option("--json", "json_", is_flag=True, help="JSON on stdout.")
@_run_options
def apply(file: str, **given: Any) -> int:
    """Carry out a plan saved by `wizard plan --json`; refused when the cluster has moved since."""
    from wizard.commands import deploy as commands

    return commands.apply(file, _choices(profile=None, sets=(), **given))


@main.command()
@_profile_options
def status(**given: Any) -> int:
    """What is there now: releases, readiness, addresses."""
    from wizard.commands import look

    return look.status(_choices(**given))


@main.command()
@click.option("-p", "--profile", "profile", metavar="NAME|PATH", required=True, help="The profile: a name, or a file.")
@click.option("--set", "sets", multiple=True, metavar="A.B=C", help="Override a field of the profile.")
def watch(**given: Any) -> int:
    """Pods, alerts, logs, nodes, events and models of a profile's cluster, live."""
    from wizard.commands import tui

    return tui.app(given, watch=True)


@main.command()
@_profile_options
@_run_options
@click.option("--run", "run", default="", metavar="RUN", help="The run to undo; the last one by default.")
def rollback(run: str, **given: Any) -> int:
    """Undo the changes of the last run."""
    from wizard.commands import deploy as commands

    return commands.rollback(_choices(**given), run)


@main.command()
@_profile_options
@_run_options
@click.option("--delete-data", is_flag=True, help="Volumes and Secrets too. There is no way back.")
@click.option("--server", is_flag=True, help="Target k3s: remove k3s from the server too.")
def destroy(delete_data: bool, server: bool, **given: Any) -> int:
    """Uninstall the platform. Volumes and Secrets are kept unless --delete-data."""
    from wizard.commands import deploy as commands

    return commands.destroy(_choices(**given), delete_data=delete_data, server=server)


@main.command()
@click.argument("action", type=click.Choice(["list", "show"]), default="list")
@click.argument("name", default="")
@_profile_options
def credentials(action: str, name: str, **given: Any) -> int:
    """Which secrets there are and where they are kept; `show NAME` prints one."""
    from wizard.commands import look

    return look.credentials(_choices(**given), name if action == "show" else None)


@main.command()
@_profile_options
def doctor(**given: Any) -> int:
    """What the wizard finds on this machine, and whether the target can be reached."""
    from wizard.commands import look

    return look.doctor(_choices(**given))


@main.group()
def sandbox() -> None:
    """A simulated cluster on this machine: the same wizard, the same helm, nothing outside touched."""


_sandbox_name = click.option(
    "--name", default="demo", show_default=True, help="Which sandbox; a profile uses its own name."
)


@sandbox.command()
@_sandbox_name
@click.option("--nodes", type=click.IntRange(1, 5000), default=1, show_default=True, help="Simulated nodes.")
@click.option("--speed", type=click.FloatRange(0.01, 10_000), default=10.0, show_default=True, help="Times real time.")
@click.option(
    "--seed", type=click.IntRange(min=0), default=1, show_default=True, help="The same seed, the same course."
)
@click.option("--json", "json_", is_flag=True, help="JSON on stdout.")
def up(**given: Any) -> int:
    """Start it; it stays until `wizard sandbox down`."""
    from wizard.commands import sandbox as commands

    return commands.up(given.pop("name"), json=given.pop("json_"), **given)


@sandbox.command()
@_sandbox_name
def down(name: str) -> int:
    """End it; all that was in it is gone."""
    from wizard.commands import sandbox as commands

    return commands.down(name)


@sandbox.command("status")
@_sandbox_name
@click.option("--json", "json_", is_flag=True, help="JSON on stdout.")
def sandbox_status(name: str, json_: bool) -> int:
    """Whether it runs, and where."""
    from wizard.commands import sandbox as commands

    return commands.status(name, json=json_)


@sandbox.command()
@click.argument("scenario", default="")
@_sandbox_name
@click.option("--json", "json_", is_flag=True, help="JSON on stdout.")
def scenario(scenario: str, name: str, json_: bool) -> int:
    """Start a scenario (a fault to learn from); without its name, list them."""
    from wizard.commands import sandbox as commands

    return commands.scenario(name, scenario, json=json_)


@sandbox.command()
@_sandbox_name
def reset(name: str) -> int:
    """End every scenario."""
    from wizard.commands import sandbox as commands

    return commands.reset(name)


@main.command()
def schema() -> int:
    """The JSON schema of profiles."""
    from wizard.domain.profile.schema import schema_text

    click.echo(schema_text(), nl=False)
    return 0


@main.command()
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
def completion(shell: str) -> int:
    """The completion script of a shell: `source <(wizard completion bash)`."""
    from click.shell_completion import get_completion_class

    kind = get_completion_class(shell)
    if kind is None:
        raise click.UsageError(f"no completion for {shell}")
    click.echo(kind(main, {}, "wizard", "_WIZARD_COMPLETE").source())
    return 0
