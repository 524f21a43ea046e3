"""A sink's generated base follows its contract; what its author wrote is never touched."""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest
from elsewhere import receiver

from receiver.codegen import vendoring

SPEC = Path(__file__).resolve().parents[1] / "compiler" / "specs" / "acme.yaml"
CLOSED = '                - $ref: "#/components/schemas/DoorClosed"\n'
MARKED = "      x-receiver: { event: door.closed, hook: acme_door_shut }\n"
RUNG = '                - $ref: "#/components/schemas/DoorRung"\n'
BELL = """
    DoorRung:
      type: object
      title: A bell rang
      x-receiver: { event: door.rung }
      required: [id, at, action, door-serial]
      properties:
        id: { type: string, description: Acme's own id of the event. }
        at: { type: integer, description: When it rang. }
        action: { type: string, description: What happened. }
        door-serial: { type: string, description: Serial number of the door. }
      example: { id: x, at: 1789977605, action: rung, door-serial: "1" }
"""
SHUT = "def acme_door_shut(self, event: Event[Any]) -> None:"
HAND_WRITTEN = '''"""My doors."""

from typing import Any

from receiver import Event, hookimpl

from receiver_doors.events import Events


class Doors(Events):
    """Watch the doors."""

    @hookimpl
    def acme_door_shut(self, event: Event[Any]) -> None:
        """Mine: every line of this is written by hand."""
        print("shut", event.node)

    @hookimpl
    def on_event(self, event: Event[Any]) -> None:
        """Mine, too."""
        print("other", event.type)
'''


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """An own spec, its package, and a sink whose author has written something."""
    (tmp_path / "acme.yaml").write_text(SPEC.read_text())
    run("generate", "--spec", "acme.yaml", "--out", "acme_events", cwd=tmp_path)
    made = run("new", "sink", "doors", "--contract", "acme_events", cwd=tmp_path)
    assert made.returncode == 0, made.stderr
    package = tmp_path / "receiver-doors" / "receiver_doors"
    (package / "__init__.py").write_text(HAND_WRITTEN)
    (package / "more.py").write_text("# mine\n")
    return tmp_path


def run(*arguments: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    return receiver(*arguments, cwd=cwd)


def regenerate(folder: Path, spec: str) -> subprocess.CompletedProcess[str]:
    """Edit the spec and generate everything that is made of it."""
    (folder / "acme.yaml").write_text(spec)
    command = ["generate", "--spec", "acme.yaml", "--out", "acme_events"]
    return run(*command, "--sink", "receiver-doors", cwd=folder)


def mypy(folder: Path) -> subprocess.CompletedProcess[str]:
    """Type-check the sink, its generated base and the models."""
    # Type checkers run no import hooks, which is what an editable install of Receiver needs.
    with zipfile.ZipFile(io.BytesIO(vendoring.wheel())) as archive:
        archive.extractall(folder / "receiver-wheel")
    places = (folder, folder / "receiver-doors", folder / "receiver-wheel")
    return subprocess.run(
        [
            *(sys.executable, "-m", "mypy", "--strict", "--follow-imports=silent"),
            "receiver-doors/receiver_doors",
        ],
        cwd=folder,
        env={"PATH": "", "MYPYPATH": os.pathsep.join(map(str, places))},
        capture_output=True,
        text=True,
    )


def test_three_generations_leave_every_hand_written_line_alone(folder: Path) -> None:
    package = folder / "receiver-doors" / "receiver_doors"
    spec = SPEC.read_text()

    def untouched() -> bool:
        return (package / "__init__.py").read_text() == HAND_WRITTEN and (
            package / "more.py"
        ).read_text() == "# mine\n"

    added = regenerate(folder, spec.replace(CLOSED, CLOSED + RUNG) + BELL)
    assert added.returncode == 0, added.stderr
    assert "new      acme_rung" in added.stdout
    assert "def acme_rung(self, event: Event[models.DoorRung])" in stubs(package)
    assert added.stderr == ""
    assert untouched()

    changed = regenerate(
        folder, (spec.replace(CLOSED, CLOSED + RUNG) + BELL).replace("A bell rang", "Somebody rang")
    )
    assert "changed  acme_rung" in changed.stdout
    assert "Somebody rang" in stubs(package)
    assert untouched()

    without = spec.replace(CLOSED, RUNG).replace(MARKED, "")
    removed = regenerate(folder, without + BELL)
    assert "gone     acme_door_shut" in removed.stdout
    assert "def acme_door_shut" not in stubs(package)
    line = HAND_WRITTEN[: HAND_WRITTEN.index(SHUT)].count("\n") + 1
    place = f"receiver-doors/receiver_doors/__init__.py:{line}: Doors.acme_door_shut"
    assert f"warning: {place} implements a hook without an event" in removed.stderr
    assert untouched()

    again = run("generate", "--sink", "receiver-doors", "--check", "--json", cwd=folder)
    assert again.returncode == 0, again.stderr
    assert json.loads(again.stdout)["up_to_date"]
    assert json.loads(again.stdout)["warnings"]


def stubs(package: Path) -> str:
    return (package / "events.py").read_text()


def test_a_base_that_somebody_edited_is_drift(folder: Path) -> None:
    base = folder / "receiver-doors" / "receiver_doors" / "events.py"
    base.write_text(base.read_text().replace("DoorOpened", "DoorAjar"))
    drift = run("generate", "--sink", "receiver-doors", "--check", cwd=folder)
    assert drift.returncode == 1
    assert "run receiver generate --sink" in drift.stderr
    assert run("generate", "--sink", "receiver-doors", cwd=folder).returncode == 0
    assert run("generate", "--sink", "receiver-doors", "--check", cwd=folder).returncode == 0


def test_a_folder_that_is_no_sink_is_refused_in_one_line(tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").write_text('[project]\nname = "other"\n')
    done = run("generate", "--sink", ".", cwd=tmp_path)
    assert (done.returncode, done.stderr.count("\n")) == (1, 1)
    assert "not a project of `receiver new sink`" in done.stderr


def test_a_hook_without_an_event_is_an_error_at_load_that_names_the_nearest(folder: Path) -> None:
    plugins = folder / "plugins"
    plugins.mkdir()
    (plugins / "doors.py").write_text(
        "from receiver import hookimpl\n\n@hookimpl\ndef acme_door_shutt(event): ...\n"
    )
    (folder / "receiver.toml").write_text(
        'contract = "acme_events"\n[routes.doors]\nsink = "doors"\n'
        '[sources.acme]\nsecrets = [{ name = "a", value = "a long secret" }]\n'
    )
    done = run("config", "check", "--plugins-dir", "plugins", cwd=folder)
    assert done.returncode == 1
    said = done.stdout + done.stderr
    assert "there is no hook acme_door_shutt; did you mean acme_door_shut?" in said


def test_an_implementation_is_held_to_its_stub_by_the_type_checker(folder: Path) -> None:
    package = folder / "receiver-doors" / "receiver_doors"
    right = mypy(folder)
    assert right.returncode == 0, right.stdout
    wrong = HAND_WRITTEN.replace(SHUT, "def acme_door_shut(self, event: int) -> None:")
    (package / "__init__.py").write_text(wrong)
    said = mypy(folder).stdout
    assert 'Argument 1 of "acme_door_shut" is incompatible with supertype' in said
