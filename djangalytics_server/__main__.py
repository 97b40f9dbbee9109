"""Entry of `djangalytics-server` and `python -m djangalytics_server`."""

from __future__ import annotations

import gc
import sys
from importlib.util import find_spec


def main() -> None:
    """Run the command line; say what to install when the server's part is missing."""
    # Imports make objects that stay. Looking for garbage among them is an eighth of a start; the
    # collector is started again when the command is there (see ``cli.commands``).
    gc.disable()
    # Looked for, not imported: a server takes events before it has loaded them.
    if not all(find_spec(name) for name in ("click", "flask", "sqlalchemy")):
        sys.stderr.write(
            "The server is an extra of this package. Install it with:\n"
            "    pip install 'djangalytics[server]'\n"
        )
        raise SystemExit(2)
    from djangalytics_server.cli.commands import cli

    cli(prog_name="djangalytics-server")


if __name__ == "__main__":
    main()
