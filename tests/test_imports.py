"""Who may import whom, as setup.cfg says."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]


def test_the_import_rules_are_kept():
    """Every contract in setup.cfg holds for the code as it is."""
    command = shutil.which("lint-imports", path=str(Path(sys.executable).parent))
    assert command is not None, "install import-linter"
    done = subprocess.run(
        [command, "--config", "setup.cfg", "--no-cache"], cwd=ROOT, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "0 broken" in done.stdout
