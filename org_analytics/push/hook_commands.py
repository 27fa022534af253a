"""Commands of `org-analytics` that make pushes automatic: hooks in agents' settings, and a daily schedule."""

import contextlib
import sys
from argparse import Namespace
from datetime import UTC, datetime
from pathlib import Path

from . import background, schedule, status
from .agents import AGENTS, Agent
from .commands import Sleep, configured
from .errors import OK, UsageError
from .state import server_state


def install_hook(options: Namespace, sleep: Sleep) -> int:
    """Add the hook to the settings of the agent that is named, else of each found here, after a question."""
    agents = _chosen(options)
    if not agents:
        raise UsageError("No agent with hooks was found on this machine. Name one with --agent.")
    for agent in agents:
        path = agent.settings_file(options.dir)
        if options.agent or options.yes or _is_confirmed(f"Add a hook for {agent.label} to {path}?"):
            _install(agent, path, _push_options(options))
    print(f"Errors of these pushes are saved in {background.log_file()}; see also org-analytics status.")
    known = configured(options)
    if known.server is None or known.token is None:
        print("No server and token are configured yet: run org-analytics login.")
    return OK


def _install(agent: Agent, path: Path, push_options: list[str]) -> None:
    is_new = agent.hook.install(path, ["--agent", agent.name, *push_options])
    print(f"{agent.label}: {'added to' if is_new else 'already in'} {path}. It starts a push in the background.")
    if agent.note:
        print(agent.note)


def uninstall_hook(options: Namespace, sleep: Sleep) -> int:
    """Remove the hook from the settings of the agent that is named, else of all agents."""
    _require_agent_for_directory(options)
    for agent in [AGENTS[options.agent]] if options.agent else AGENTS.values():
        path = agent.settings_file(options.dir)
        is_removed = agent.hook.uninstall(path)
        if is_removed or options.agent:
            print(f"{agent.label}: {'removed from' if is_removed else 'there is no hook in'} {path}.")
    return OK


def _chosen(options: Namespace) -> list[Agent]:
    _require_agent_for_directory(options)
    if options.agent:
        return [AGENTS[options.agent]]
    if not (options.yes or sys.stdin.isatty()):
        raise UsageError("There is no terminal to ask on. Name an agent with --agent, or pass --yes.")
    return [agent for agent in AGENTS.values() if agent.is_found()]


def _require_agent_for_directory(options: Namespace) -> None:
    if options.dir and not options.agent:
        raise UsageError("--dir names the settings of one agent. Name that agent with --agent.")


def _is_confirmed(question: str) -> bool:
    try:
        return input(f"{question} [y/N] ").strip().lower() in ("y", "yes")
    except EOFError:
        return False


def hook(options: Namespace, sleep: Sleep) -> int:
    """Start a push and return at once. Errors never disturb the agent."""
    with contextlib.suppress(Exception):
        background.start_push(_push_options(options))
    with contextlib.suppress(Exception):
        _report_failing_pushes(options)
    return OK


def _report_failing_pushes(options: Namespace) -> None:
    """Print one message in the agent's terminal when pushes have failed for a week, and none before a success."""
    format_message = AGENTS[options.agent].format_message if options.agent else None
    if format_message is None:
        return
    known = configured(options)
    path = server_state(known.server, known.token).status_file
    last = status.load(path)
    if last.failing_since is not None and last.is_to_report(datetime.now(UTC)):
        status.update(path, status.PushStatus.reported)
        since = status.format_time(last.failing_since)
        print(
            format_message(
                f"org-analytics: pushes to {known.server} have failed since {since}. {last.failure}"
                " Run org-analytics status for details."
            )
        )


def _push_options(options: Namespace) -> list[str]:
    """Return the options that the hook or the schedule passes to its push."""
    arguments = ["--config", str(Path(options.config).absolute())] if options.config else []
    if options.since:
        arguments += ["--since", options.since.strftime("%Y-%m-%d")]
    return [*arguments, "--with-titles"] if options.with_titles else arguments


def install_schedule(options: Namespace, sleep: Sleep) -> int:
    """Show the daily push as this system schedules it, ask, and install it."""
    kind = schedule.for_this_system()
    plan = kind.plan(background.push_command(_push_options(options)), *options.at)
    print(plan.shown)
    if not options.yes:
        if not sys.stdin.isatty():
            raise UsageError("There is no terminal to ask on. Pass --yes to install the schedule shown above.")
        if not _is_confirmed("Install this schedule?"):
            print("Nothing was changed.")
            return OK
    plan.install()
    print("Installed. org-analytics uninstall-schedule removes it.")
    return OK


def uninstall_schedule(options: Namespace, sleep: Sleep) -> int:
    """Remove the daily push."""
    is_removed = schedule.for_this_system().uninstall()
    print("Removed." if is_removed else "There is no schedule.")
    return OK
