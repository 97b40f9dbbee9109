"""The built wheel has what people need, and nothing that should stay home."""

from __future__ import annotations

import configparser
import email.message
import email.parser
import shutil
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

import pytest

import djangalytics_client
import djangalytics_server

ROOT = Path(__file__).parents[1]
PACKAGES = ("djangalytics_client", "djangalytics_server")
_LEFT = shutil.ignore_patterns(
    "node_modules", "__pycache__", "*.egg-info", ".git", ".tox", ".venv", "build", "dist", ".*cache"
)


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of an sdist and a wheel built from this tree, by the tools installed here."""
    folder = tmp_path_factory.mktemp("built")
    source = shutil.copytree(ROOT, folder / "source", ignore=_LEFT)
    done = subprocess.run(
        [sys.executable, "-m", "build", "--no-isolation", "--outdir", folder / "dist", source],
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return folder / "dist"


@pytest.fixture(scope="module")
def names(built: Path) -> set[str]:
    """Every file in the wheel."""
    with zipfile.ZipFile(next(built.glob("*.whl"))) as wheel:
        return set(wheel.namelist())


@pytest.fixture(scope="module")
def metadata(built: Path) -> email.message.Message:
    """The wheel's METADATA."""
    with zipfile.ZipFile(next(built.glob("*.whl"))) as wheel:
        name = next(name for name in wheel.namelist() if name.endswith("/METADATA"))
        return email.parser.Parser().parsestr(wheel.read(name).decode())


def test_the_wheel_has_every_module(names: set[str]):
    """No package of the tree is forgotten."""
    for package in PACKAGES:
        for file in (ROOT / package).rglob("*.py"):
            if "node_modules" not in file.parts:
                assert file.relative_to(ROOT).as_posix() in names


def test_the_wheel_has_the_dashboard_and_the_migrations(names: set[str]):
    """One pip install brings all that the server serves and runs at start."""
    static = ROOT / "djangalytics_server" / "dashboard" / "static"
    bundle = {file.relative_to(ROOT).as_posix() for file in static.rglob("*") if file.is_file()}
    assert "djangalytics_server/dashboard/static/index.html" in bundle
    assert bundle <= names
    assert "djangalytics_server/store/migrations/env.py" in names
    assert "djangalytics_server/store/migrations/versions/v0001_first_schema.py" in names


def test_both_packages_say_that_they_are_typed(names: set[str]):
    """Type checkers read the annotations of an installed copy."""
    assert {"djangalytics_client/py.typed", "djangalytics_server/py.typed"} <= names


def test_nothing_else_is_in_the_wheel(names: set[str]):
    """Sources of the dashboard, tests, docs and examples stay home."""
    tops = {name.split("/")[0] for name in names}
    info = {top for top in tops if top.endswith(".dist-info")}
    assert set(PACKAGES) == tops - info
    strays = [
        name
        for name in names
        if "/dashboard/" in name and not name.startswith("djangalytics_server/dashboard/static/")
    ]
    assert [] == strays


def test_the_sdk_needs_requests_alone(metadata: email.message.Message):
    """Whoever only sends events installs no server."""
    needs = metadata.get_all("Requires-Dist") or []
    plain = [need for need in needs if "extra ==" not in need]
    assert ["requests>=2.31"] == plain
    extras = {"server", "postgres", "redis", "oidc", "parquet"}
    assert extras == set(metadata.get_all("Provides-Extra") or [])


def test_the_supported_pythons_are_stated(metadata: email.message.Message):
    """pip refuses an older Python by itself."""
    assert ">=3.10" == metadata["Requires-Python"]


def test_the_source_distribution_can_be_built_from(built: Path):
    """It has the bundle, the licence and the project's files, so a wheel comes out of it."""
    with tarfile.open(next(built.glob("*.tar.gz"))) as archive:
        names = {name.split("/", 1)[-1] for name in archive.getnames()}
    assert {"setup.cfg", "pyproject.toml", "LICENSE", "README.md"} <= names
    assert "djangalytics_server/dashboard/static/index.html" in names


def test_pytest_finds_the_fixture(built: Path) -> None:
    """The wheel registers the plugin; under the module's name, so that -p loads it once."""
    with zipfile.ZipFile(next(built.glob("*.whl"))) as wheel:
        name = next(name for name in wheel.namelist() if name.endswith("/entry_points.txt"))
        entries = configparser.ConfigParser()
        entries.read_string(wheel.read(name).decode())
    plugin = "djangalytics_client.pytest_plugin"
    assert {plugin: plugin} == dict(entries["pytest11"])


def test_all_three_name_one_version(metadata: email.message.Message) -> None:
    """The SDK, the server and the distribution say the same version."""
    assert djangalytics_client.__version__ == djangalytics_server.__version__ == metadata["Version"]
