"""Specs to compile, and packages made of them."""

from __future__ import annotations

import copy
import importlib
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import typer
from typer.testing import CliRunner, Result

from receiver.catalogue import Catalogue, load
from receiver.cli.generate import generate
from receiver.cli.spec import app as spec_app
from receiver.codegen import document, output, package

SPECS = Path(__file__).parent / "specs"
ACME = document.read(SPECS / "acme.yaml").document


@pytest.fixture
def acme() -> Any:
    """The document of a platform that this repository does not know, free to be changed."""
    return copy.deepcopy(ACME)


@pytest.fixture
def build(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., Catalogue]]:
    """Generates a document's package, imports it, and loads its catalogue."""
    monkeypatch.syspath_prepend(str(tmp_path))
    made: list[str] = []

    def build(spec: Any, name: str = "compiled_events") -> Catalogue:
        output.write(tmp_path / name, package.generate(spec, spec="spec.yaml"))
        importlib.invalidate_caches()
        made.append(name)
        return load(name)

    yield build
    for module in list(sys.modules):
        if module.partition(".")[0] in made:
            del sys.modules[module]


@pytest.fixture
def command(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Callable[..., Result]:
    """Runs `receiver generate …` or `receiver spec …` in an empty folder that has acme.yaml."""
    app = typer.Typer()
    app.command("generate")(generate)
    app.add_typer(spec_app, name="spec")
    (tmp_path / "acme.yaml").write_bytes((SPECS / "acme.yaml").read_bytes())
    monkeypatch.chdir(tmp_path)
    return lambda *words: CliRunner().invoke(app, list(words))
