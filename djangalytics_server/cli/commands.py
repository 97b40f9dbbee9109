"""The commands of `djangalytics-server`; without a command it serves."""

from __future__ import annotations

import gc
import keyword
from importlib import import_module

import click

from djangalytics_server import __version__

_OWN = ("--help", "-h", "--version")
_COMMANDS = {
    "serve": ("serve", "Serve (what happens without a command)."),
    "demo": ("demo", "Look around with 30 days of a small shop's data."),
    "events": ("data", "Look at events from the terminal."),
    "keys": ("keys", "Make, list, end and rotate API keys."),
    "login-link": (
        "data",
        "Print a link that signs somebody in to the dashboard; it works once, within a day.",
    ),
    "projects": ("projects", "List, make, change and delete projects."),
    "users": ("users", "List people, invite them, give them roles, remove them."),
    "organisations": ("organisations", "List, make and rename organisations."),
    "check": ("check", "Recount everything from the raw events."),
    "cohorts": ("cohorts", "Save people told apart by what they did, to filter by."),
    "erase": ("erase", "Remove all events of a person."),
    "erasures": ("erase", "Show erasures and how far they are."),
    "retention": ("retention", "Say how long raw events are kept; the counts stay in any case."),
    "audit": ("audit", "Show who did what."),
    "backup": ("backup", "Copy the data to one verified file, also while the server runs."),
    "restore": ("backup", "Put a backup in the place of the data; the server must be stopped."),
    "export": ("moving", "Write events, or an insight's numbers, to a file."),
    "import": ("moving", "Store the events of a file."),
    "sql": ("sql", "Ask a SELECT over a project's events."),
    "rejected": ("rejected", "Look at refused events, and store them after all."),
    "doctor": ("doctor", "Say what is wrong, and what mends it."),
}
"""Command -> the module of this room that has it, under the same name (``import_``), and its
sentence, so that the help need not import them all.
"""


class ServeByDefault(click.Group):
    """A group whose missing command is `serve`, flags and all; only what is asked is imported."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """All commands, as the help lists them."""
        return sorted(_COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """The command of this name, imported now; None if there is none."""
        if cmd_name not in _COMMANDS:
            return None
        module = import_module(f"djangalytics_server.cli.{_COMMANDS[cmd_name][0]}")
        _end_of_imports()
        name = f"{cmd_name}_" if keyword.iskeyword(cmd_name) else cmd_name.replace("-", "_")
        command: click.Command = getattr(module, name)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """List all commands, each with its sentence; none is imported for that."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, _COMMANDS[name][1]) for name in self.list_commands(ctx)])

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Put `serve` in front of arguments that begin with a flag of its own."""
        if not args or (args[0].startswith("-") and args[0] not in _OWN):
            args = ["serve", *args]
        return super().parse_args(ctx, args)


@click.group(
    cls=ServeByDefault,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    epilog="Every option has a twin in the environment, such as DJANGALYTICS_PORT for --port.",
)
@click.version_option(__version__, prog_name="djangalytics-server")
def cli() -> None:
    """Product analytics in one process and one file.

    Without a command it serves: events come in at /api/capture_event/ and /api/capture_batch/,
    the dashboard is at /.

    \b
      djangalytics-server                      serve, data in ./djangalytics-data
      djangalytics-server demo                 look around with 30 days of a small shop's data
      djangalytics-server events tail          watch events arrive
      djangalytics-server serve --help         every option, with its environment variable
    """


def _end_of_imports() -> None:
    """Start the collector that ``main`` stopped, and spare it what was imported: that stays."""
    if not gc.isenabled():
        gc.freeze()
        gc.enable()
