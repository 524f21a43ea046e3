"""The generated package: the same every time, formatted, typed, importable."""

from __future__ import annotations

import inspect
import json
import os
import resource
import subprocess
import sys
import textwrap
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import receiver
from receiver import openapi
from receiver.catalogue import Catalogue
from receiver.codegen import document, output, package, rendering
from receiver.codegen.text import docstring, string
from receiver.errors import ConfigError

ROOT = Path(__file__).parents[2]
SPECS = Path(__file__).parent / "specs"
GOLDEN = Path(__file__).parent / "golden"


def tool(name: str, *words: str, cwd: Path) -> None:
    """Run an installed tool; fail with what it printed."""
    pytest.importorskip(name)
    # Type checkers run no import hooks, so that an editable install must be shown to them.
    beside = Path(receiver.__file__).parents[1]
    shown = {} if beside.name == "site-packages" else {"MYPYPATH": str(beside)}
    done = subprocess.run(
        [sys.executable, "-m", name, *words],
        cwd=cwd,
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, **shown},
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_every_file_is_there(acme: Any) -> None:
    files = package.generate(acme, spec="acme.yaml")

    assert list(files) == [
        "EVENTS.md",
        "PROVENANCE.json",
        "__init__.py",
        "hookspecs.py",
        "models.py",
        "openapi.json",
        "operations.py",
        "samples/acme_door_shut.json",
        "samples/acme_opened.json",
    ]


def test_the_package_is_as_it_was(acme: Any) -> None:
    """What differs on purpose is taken over by

    receiver generate --spec tests/compiler/specs/acme.yaml --out tests/compiler/golden
    """
    for name, text in package.generate(acme, spec="acme.yaml").items():
        if name != package.PROVENANCE:
            assert (GOLDEN / name).read_text(encoding="utf-8") == text


def test_a_hook_says_what_its_event_is(build: Callable[..., Catalogue], acme: Any) -> None:
    hook = build(acme).hookspecs.acme_opened

    assert inspect.getdoc(hook) == textwrap.dedent("""\
        A door was opened

        Sent once for each opening, at the latest two seconds after it.

        `event.type` is `door.opened`.

        To provoke it: Open the door.

        A sample is in samples/acme_opened.json.""")
    assert inspect.signature(hook).parameters["event"].annotation == "Event[models.DoorOpened]"


def test_the_catalogue_says_how_each_event_comes(acme: Any) -> None:
    events = package.generate(acme, spec="acme.yaml")["EVENTS.md"]

    for line in (
        "| [`door.opened`](#acme_opened) | `acme_opened` | system, user | A door was opened |",
        "- Taken at: `POST /acme/hooks`.",
        "- How to provoke it: Open the door.",
        "| `door.angle` | number |  | How far it stands open, in degrees. |",
        "| `history[].at` | integer |  | Seconds since 1970. |",
    ):
        assert line in events.splitlines()


def test_the_resolved_spec_and_the_samples_are_the_documents_own(acme: Any) -> None:
    files = package.generate(acme, spec="acme.yaml")
    sample = acme["components"]["schemas"]["DoorClosed"]["example"]

    assert json.loads(files["openapi.json"]) == acme
    assert json.loads(files["samples/acme_door_shut.json"]) == sample
    assert openapi.parse(json.loads(files["openapi.json"])) == openapi.parse(acme)


def test_a_schema_that_meets_itself_in_an_alternative_has_an_end(acme: Any) -> None:
    schemas = acme["components"]["schemas"]
    names = ("DoorOpened", "DoorClosed")
    schemas["DoorOpened"]["properties"]["cause"] = {
        "oneOf": [{"$ref": f"#/components/schemas/{name}"} for name in names]
    }

    models = package.generate(acme, spec="acme.yaml")["models.py"]

    assert models.count("    cause: DoorOpenedCause | None = None\n") == 2


@pytest.mark.parametrize("seed", ["1", "2"])
def test_two_runs_make_the_same_bytes(tmp_path: Path, seed: str) -> None:
    code = (
        "from pathlib import Path\n"
        "from receiver.codegen import document, output, package\n"
        f"source = document.read(Path({str(SPECS / 'acme.yaml')!r}))\n"
        f"output.write(Path('made'), package.generate(source.document, spec=source.name))\n"
    )
    subprocess.run(
        [sys.executable, "-c", code],
        cwd=tmp_path,
        check=True,
        env={**os.environ, "PYTHONHASHSEED": seed},
    )
    source = document.read(SPECS / "acme.yaml")
    here = package.generate(source.document, spec=source.name)

    made = {
        str(path.relative_to(tmp_path / "made").as_posix()): path.read_text(encoding="utf-8")
        for path in (tmp_path / "made").rglob("*")
        if path.is_file()
    }
    assert made == here


def test_what_is_generated_is_formatted_and_type_checks_strictly(tmp_path: Path, acme: Any) -> None:
    door = acme["components"]["schemas"]["DoorOpened"]
    door["description"] = (
        f"A word \N{EN DASH} with a dash. {'Many words in a row. ' * 20}\n\n- one\n- two"
    )
    door["x-receiver"]["trigger"] = 'Say """open""", C:\\doors'
    for position, text in enumerate(
        ('Ends in "quotes"', '"quoted"', "a\\", '"""', "x" * 89, "x " * 47, "門" * 60)
    ):
        door["properties"][f"text-{position}"] = {"type": "string", "description": text}
    door["properties"]["it's"] = {"type": "string", "description": "One quote."}
    door["properties"]['say "x"'] = {"type": "integer", "description": "Other quotes."}
    acme["components"]["schemas"]["DoorOpened" + "Long" * 15] = acme["components"]["schemas"].pop(
        "DoorClosed"
    )
    body = acme["paths"]["/acme/hooks"]["post"]["requestBody"]["content"]["application/json"]
    body["schema"]["oneOf"][1]["$ref"] = "#/components/schemas/DoorOpened" + "Long" * 15
    output.write(tmp_path / "acme_events", package.generate(acme, spec="acme.yaml"))
    author = tmp_path / "author.py"
    author.write_text(
        "from acme_events import models\n"
        "from receiver import Event, hookimpl\n\n\n"
        "@hookimpl\n"
        "def acme_opened(event: Event[models.DoorOpened]) -> None:\n"
        "    serial: str = event.data.door.serial\n"
        "    floor: int | None = event.data.door.floor\n"
        "    angles: list[float] = [past.angle for past in event.data.history or []]\n"
        "    print(serial, floor, angles)\n"
    )

    tool("ruff", "check", "--config", str(ROOT / "pyproject.toml"), "acme_events", cwd=tmp_path)
    settings = str(ROOT / "pyproject.toml")
    tool("ruff", "format", "--check", "--config", settings, "acme_events", cwd=tmp_path)
    tool("mypy", "--strict", "--follow-imports=silent", "acme_events", "author.py", cwd=tmp_path)


@given(text=st.text(max_size=300), indent=st.sampled_from([0, 4]))
def test_any_text_can_be_a_docstring(text: str, indent: int) -> None:
    written = docstring(text, indent)

    read = eval(written)
    assert read.split() == "".join(c if c.isprintable() else " " for c in text).split()


@given(text=st.text(max_size=40))
def test_any_text_can_be_a_string(text: str) -> None:
    assert eval(string(text)) == text


@pytest.mark.alone
def test_our_own_spec_is_generated_in_two_seconds() -> None:
    spent = []

    for _ in range(3):
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        tool("receiver", "generate", "--check", cwd=ROOT)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        # Of a processor: what else the machine does is not the compiler's time.
        spent.append((after.ru_utime + after.ru_stime) - (before.ru_utime + before.ru_stime))

    assert min(spent) < 2


def test_a_template_of_ones_own_replaces_a_single_one(tmp_path: Path, acme: Any) -> None:
    (tmp_path / "EVENTS.md.jinja").write_text(
        "{% for event in events %}{{ event.name }}\n{% endfor %}"
    )

    files = package.generate(acme, spec="x", templates=rendering.templates(tmp_path))

    assert files["EVENTS.md"] == "door.opened\ndoor.closed\n"
    assert "class DoorOpened(" in files["models.py"]


@pytest.mark.parametrize(
    ("name", "text", "reason"),
    [
        ("EVENT.md.jinja", "", "replaces no template"),
        ("EVENTS.md.jinja", "{{ nothing }}", "'nothing' is undefined"),
        ("EVENTS.md.jinja", "a\n{% for %}", "line 2"),
    ],
)
def test_a_broken_template_is_named(
    tmp_path: Path, acme: Any, name: str, text: str, reason: str
) -> None:
    (tmp_path / name).write_text(text)

    with pytest.raises(ConfigError, match=reason) as caught:
        package.generate(acme, spec="x", templates=rendering.templates(tmp_path))

    assert name in str(caught.value)
