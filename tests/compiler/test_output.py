"""`receiver generate` and its `--check`: what is written, what is left alone, which side moved."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from typer.testing import Result

from receiver.codegen import output, package
from receiver.errors import ConfigError

Command = Callable[..., Result]
OPTIONS = ("--spec", "acme.yaml", "--out", "made")


@pytest.fixture
def made(command: Command, tmp_path: Path) -> Path:
    """A folder with the package of acme.yaml."""
    assert command("generate", *OPTIONS).exit_code == 0
    return tmp_path / "made"


def test_what_is_written_is_found_up_to_date(command: Command, made: Path) -> None:
    result = command("generate", *OPTIONS, "--check")

    assert (result.exit_code, result.stdout) == (0, "made is up to date\n")


def test_a_second_run_changes_nothing(command: Command, made: Path) -> None:
    result = command("generate", *OPTIONS)

    assert result.stdout == "made: 0 files written, 0 removed, 9 unchanged\n"


def test_check_says_that_the_spec_changed(command: Command, made: Path, tmp_path: Path) -> None:
    spec = tmp_path / "acme.yaml"
    spec.write_text(spec.read_text().replace("two seconds", "three seconds"))

    result = command("generate", *OPTIONS, "--check")

    assert result.exit_code == 1
    assert result.stderr == "acme.yaml changed, run receiver generate\n"
    assert "-    Sent once for each opening, at the latest two seconds after it." in result.stdout
    assert "+    Sent once for each opening, at the latest three seconds after it." in result.stdout


def test_a_comment_in_the_spec_changes_nothing(
    command: Command, made: Path, tmp_path: Path
) -> None:
    spec = tmp_path / "acme.yaml"
    spec.write_text("# more words\n" + spec.read_text())

    assert command("generate", *OPTIONS, "--check").exit_code == 0


def test_programs_read_the_comparison_as_json(command: Command, made: Path, tmp_path: Path) -> None:
    same = command("generate", *OPTIONS, "--check", "--json")
    assert (same.exit_code, json.loads(same.stdout)["up_to_date"]) == (0, True)
    (made / "models.py").unlink()

    moved = command("generate", *OPTIONS, "--check", "--json")
    assert (moved.exit_code, moved.stderr) == (1, "")
    assert json.loads(moved.stdout)["reasons"] == ["made/models.py is missing"]

    again = json.loads(command("generate", *OPTIONS, "--json").stdout)
    assert (again["changed"], again["unchanged"]) == (["models.py"], 8)

    (tmp_path / "acme.yaml").write_text("openapi: 3.1.0\n")
    broken = command("generate", *OPTIONS, "--check", "--json")
    assert (broken.exit_code, broken.stderr) == (1, "")
    assert json.loads(broken.stdout)["errors"][0]["reason"] == "must be 3.0.x, is '3.1.0'"


def test_check_says_that_a_file_was_edited(command: Command, made: Path) -> None:
    models = made / "models.py"
    models.write_text(models.read_text() + "\n\nEDITED = True\n")

    result = command("generate", *OPTIONS, "--check")

    assert result.exit_code == 1
    assert result.stderr == "made/models.py was edited by hand\n"
    assert "-EDITED = True" in result.stdout


def test_check_says_that_a_file_is_missing(command: Command, made: Path) -> None:
    (made / "samples" / "acme_opened.json").unlink()

    result = command("generate", *OPTIONS, "--check")

    assert result.stderr == "made/samples/acme_opened.json is missing\n"


def test_check_says_that_a_template_changed(command: Command, made: Path, tmp_path: Path) -> None:
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "__init__.py.jinja").write_text('"""{{ title }}."""\n')

    result = command("generate", *OPTIONS, "--templates", "mine", "--check")

    assert result.exit_code == 1
    assert result.stderr == "a template changed: __init__.py.jinja, run receiver generate\n"


def test_check_says_that_nothing_was_generated_yet(command: Command) -> None:
    result = command("generate", *OPTIONS, "--check")

    assert result.exit_code == 1
    assert result.stderr == "made was never generated, run receiver generate\n"


def test_check_says_that_receiver_changed(command: Command, made: Path) -> None:
    provenance = json.loads((made / "PROVENANCE.json").read_text())
    (made / "PROVENANCE.json").write_text(json.dumps(provenance | {"version": "0.0.1"}))

    result = command("generate", *OPTIONS, "--check")

    assert "receiver changed: 0.0.1 to" in result.stderr


def test_check_writes_nothing(command: Command, made: Path, tmp_path: Path) -> None:
    (made / "models.py").write_text("")
    before = {path: path.stat().st_mtime_ns for path in made.rglob("*")}

    command("generate", *OPTIONS, "--check")

    assert {path: path.stat().st_mtime_ns for path in made.rglob("*")} == before


def test_an_edited_file_is_as_generated_again_and_that_is_said(
    command: Command, made: Path
) -> None:
    text = (made / "models.py").read_text()
    (made / "models.py").write_text("mine")

    result = command("generate", *OPTIONS)

    assert (made / "models.py").read_text() == text
    assert "made/models.py had been edited by hand" in result.stderr


def test_a_file_that_is_generated_no_more_is_removed(
    command: Command, made: Path, acme: Any, tmp_path: Path
) -> None:
    spec = tmp_path / "acme.yaml"
    spec.write_text(spec.read_text().replace("hook: acme_door_shut", "hook: acme_shut"))

    result = command("generate", *OPTIONS)

    assert "1 removed" in result.stdout
    assert sorted(path.name for path in (made / "samples").iterdir()) == [
        "acme_opened.json",
        "acme_shut.json",
    ]


def test_a_file_of_ones_own_stays(command: Command, made: Path) -> None:
    (made / "notes.md").write_text("mine")

    command("generate", *OPTIONS)

    assert (made / "notes.md").read_text() == "mine"
    assert command("generate", *OPTIONS, "--check").exit_code == 0


def test_a_file_that_is_not_ours_is_never_overwritten(acme: Any, tmp_path: Path) -> None:
    (tmp_path / "models.py").write_text("mine")

    with pytest.raises(ConfigError, match=r"has models\.py in it and was never generated"):
        output.write(tmp_path, package.generate(acme, spec="acme.yaml"))

    assert [path.name for path in tmp_path.iterdir()] == ["models.py"]


def test_a_file_of_ones_own_is_kept_when_the_spec_wants_its_name(acme: Any, tmp_path: Path) -> None:
    output.write(tmp_path, package.generate(acme, spec="acme.yaml"))
    (tmp_path / "samples" / "acme_ajar.json").write_text("mine")
    acme["components"]["schemas"]["DoorOpened"]["x-receiver"]["hook"] = "acme_ajar"

    with pytest.raises(ConfigError, match=r"acme_ajar\.json is not a generated file"):
        output.write(tmp_path, package.generate(acme, spec="acme.yaml"))

    assert (tmp_path / "samples" / "acme_ajar.json").read_text() == "mine"


@pytest.mark.parametrize("name", ["notes.md", "samples/mine.json", "samples.txt", ".git"])
def test_a_folder_that_somebody_uses_is_left_alone(
    command: Command, tmp_path: Path, name: str
) -> None:
    path = tmp_path / "made" / name
    path.parent.mkdir(parents=True)
    path.write_text("mine")

    result = command("generate", *OPTIONS)

    assert str(result.exception) == (
        f"made has {name} in it and was never generated; nothing is written there: "
        "name an empty folder with --out"
    )
    assert [file for file in (tmp_path / "made").rglob("*") if file.is_file()] == [path]


@pytest.mark.parametrize(
    ("name", "better"),
    [
        ("acme-events", "acme_events"),
        ("out/2026 doors", "out/doors"),
        ("class", "class_events"),
        ("42", "events"),
    ],
)
def test_a_name_that_cannot_be_imported_is_refused_with_one_that_can(
    command: Command, tmp_path: Path, name: str, better: str
) -> None:
    result = command("generate", "--spec", "acme.yaml", "--out", name)

    assert str(result.exception).endswith(f"; write --out {better}")
    assert not (tmp_path / name).exists()
    assert command("generate", "--spec", "acme.yaml", "--out", better).exit_code == 0


def test_a_provenance_of_another_tool_is_left_alone(acme: Any, tmp_path: Path) -> None:
    (tmp_path / "PROVENANCE.json").write_text('{"generator": "another"}')

    with pytest.raises(ConfigError, match="was not written by"):
        output.write(tmp_path, package.generate(acme, spec="acme.yaml"))


def test_a_removed_file_that_was_edited_stops_the_run(acme: Any, tmp_path: Path) -> None:
    files = package.generate(acme, spec="acme.yaml")
    output.write(tmp_path, files)
    (tmp_path / "samples" / "acme_opened.json").write_text("{}")
    acme["components"]["schemas"]["DoorOpened"]["x-receiver"]["hook"] = "acme_ajar"

    with pytest.raises(ConfigError, match="was edited by hand"):
        output.write(tmp_path, package.generate(acme, spec="acme.yaml"))


def test_a_run_that_was_cut_short_is_finished_by_the_next(acme: Any, tmp_path: Path) -> None:
    files = package.generate(acme, spec="acme.yaml")
    (tmp_path / "models.py").write_text(files["models.py"], encoding="utf-8")

    done = output.write(tmp_path, files)

    assert (done.unchanged, len(done.changed)) == (1, 8)


def test_a_list_that_names_files_elsewhere_is_not_followed(acme: Any, tmp_path: Path) -> None:
    out = tmp_path / "made"
    outside = tmp_path / "outside.txt"
    outside.write_text("mine")
    output.write(out, package.generate(acme, spec="acme.yaml"))
    provenance = json.loads((out / "PROVENANCE.json").read_text())
    for name in ("../outside.txt", str(outside)):
        provenance["files"][name] = package.digest("mine")
    (out / "PROVENANCE.json").write_text(json.dumps(provenance))

    output.write(out, package.generate(acme, spec="acme.yaml"))

    assert outside.read_text() == "mine"


def test_a_spec_with_errors_generates_nothing(command: Command, tmp_path: Path) -> None:
    spec = tmp_path / "acme.yaml"
    spec.write_text(spec.read_text().replace("filter: [system, user]", "filter: [sytem]"))

    result = command("generate", *OPTIONS)

    assert result.exit_code == 1
    assert "acme.yaml:70: error: /components/schemas/DoorOpened/x-receiver/filter" in result.stderr
    assert not (tmp_path / "made").exists()
