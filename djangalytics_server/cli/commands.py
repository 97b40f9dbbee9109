"""The commands of `djangalytics-server`; without a command it serves."""

from __future__ import annotations

import click

from djangalytics_server import __version__
from djangalytics_server.cli.backup import backup, restore
from djangalytics_server.cli.check import check
from djangalytics_server.cli.data import events, login_link
from djangalytics_server.cli.demo import demo
from djangalytics_server.cli.doctor import doctor
from djangalytics_server.cli.keys import keys
from djangalytics_server.cli.rejected import rejected
from djangalytics_server.cli.serve import serve

_OWN = ("--help", "-h", "--version")


class ServeByDefault(click.Group):
    """A group whose missing command is `serve`, flags and all."""

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


for command in (serve, demo, events, keys, login_link, check, backup, restore, rejected, doctor):
    cli.add_command(command)
