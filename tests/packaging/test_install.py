"""Receiver installs into an empty environment and works away from its source tree."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tarfile
import venv
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]

IMPORT_EVERYTHING = """
import importlib, importlib.resources, pkgutil, receiver
for module in pkgutil.walk_packages(receiver.__path__, "receiver."):
    if module.name.endswith("__main__"):
        continue
    try:
        importlib.import_module(module.name)
    except ModuleNotFoundError as error:
        # The kit for authors of sinks is there for tests, which bring these.
        kit = module.name.startswith("receiver.testing.")
        if not kit or error.name not in ("pytest", "hypothesis"):
            raise
generated = importlib.resources.files("receiver.generated")
assert generated.joinpath("openapi.json").read_bytes().startswith(b"{")
assert any(generated.joinpath("samples").iterdir())
templates = importlib.resources.files("receiver.templates").joinpath("contract")
assert any(entry.name.endswith(".jinja") for entry in templates.iterdir())
queries = importlib.resources.files("receiver.inbox.sqlite")
assert any(entry.name.endswith(".sql") for entry in queries.iterdir())
print(receiver.__file__)
"""


def run(*command: str | Path, cwd: Path) -> str:
    environment = {k: v for k, v in os.environ.items() if not k.startswith(("PYTHON", "RECEIVER"))}
    done = subprocess.run(
        [str(part) for part in command],
        cwd=cwd,
        env=environment,
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert done.returncode == 0, f"{command}\n{done.stdout}\n{done.stderr}"
    return done.stdout


@pytest.fixture(scope="module")
def checkout(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What git tracks, in a folder of its own: no build left-overs, no `.git`."""
    folder = tmp_path_factory.mktemp("checkout")
    for name in run("git", "ls-files", "-z", cwd=ROOT).split("\0"):
        if name and (ROOT / name).is_file():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / name, folder / name)
    return folder


@pytest.fixture
def away(tmp_path: Path) -> Path:
    """A working directory that has nothing to do with the source tree."""
    folder = tmp_path / "away"
    folder.mkdir()
    return folder


@pytest.fixture
def python(tmp_path: Path) -> Path:
    """The interpreter of a new, empty environment."""
    venv.create(tmp_path / "venv", with_pip=True)
    return tmp_path / "venv" / "bin" / "python"


@pytest.mark.parametrize("editable", [False, True], ids=["pip install .", "pip install -e ."])
def test_an_installed_receiver_works_outside_the_checkout(
    editable: bool, checkout: Path, python: Path, away: Path
) -> None:
    flags = ["-e"] if editable else []
    run(python, "-m", "pip", "install", "--quiet", *flags, checkout, cwd=away)

    where = run(python, "-c", IMPORT_EVERYTHING, cwd=away).strip()

    assert Path(where).is_relative_to(checkout) is editable
    receiver = python.with_name("receiver")
    assert "0.1.0" in run(receiver, "--version", cwd=away)
    assert "appliance/online" in run(receiver, "spec", "show", cwd=away)
    assert "console" in run(receiver, "sinks", "list", cwd=away)


def test_the_source_archive_builds_the_same_wheel(checkout: Path, tmp_path: Path) -> None:
    out = tmp_path / "dist"
    run(sys.executable, "-m", "build", "--outdir", out, checkout, cwd=tmp_path)

    with tarfile.open(next(out.glob("*.tar.gz"))) as archive:
        names = {name.partition("/")[2] for name in archive.getnames()}

    assert {"webhooks.yaml", "templates/__init__.py", "generated/openapi.json"} <= names
    assert any(name.startswith("tests/") for name in names)
    assert list(out.glob("*.whl"))
