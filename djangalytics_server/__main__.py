"""Entry of `djangalytics-server` and `python -m djangalytics_server`."""

from __future__ import annotations

import gc
import sys


def main() -> None:
    """Run the command line; say what to install when the server's part is missing."""
    # Imports make objects that stay. Looking for garbage among them is an eighth of a start; the
    # collector is started again when the command is there (see ``cli.commands``).
    gc.disable()
    try:
        import flask  # noqa: F401
        import sqlalchemy  # noqa: F401
    except ImportError:
        sys.stderr.write(
            "The server is an extra of this package. Install it with:\n"
            "    pip install 'djangalytics[server]'\n"
        )
        raise SystemExit(2) from None
    from djangalytics_server.cli.commands import cli

    cli(prog_name="djangalytics-server")


if __name__ == "__main__":
    main()
