"""What `receiver new` makes, and what it refuses."""

from __future__ import annotations

import itertools
import os
import pty
import re
import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path

import pytest
from elsewhere import Place, receiver

import receiver as running
from receiver import catalogue
from receiver.cli.newfolder import create
from receiver.codegen import rendering, scaffold, source, vendoring
from receiver.codegen.kinds import KINDS
from receiver.errors import ConfigError

LONGEST = "a-" * 14 + "bc"


def test_a_project_is_formatted_whatever_its_kind_and_name(here: Place, tmp_path: Path) -> None:
    templates = rendering.read(scaffold.ROOM)
    contract = catalogue.contract()
    for name, kind in itertools.product(["m", LONGEST, "import", "event"], KINDS):
        wanted = scaffold.Project(
            name=name,
            kind=kind,
            contract=contract,
            package="receiver.generated",
            events=("appliance/*",),
            origin=scaffold.vendored(vendoring.wheel_name()),
            year=2026,
        )
        create(tmp_path / f"{name}-{kind}", scaffold.project(wanted, templates))
    for command in (["check"], ["format", "--diff"]):
        here.run(here.python, "-m", "ruff", *command, "--no-cache", ".", cwd=tmp_path)


def test_a_project_is_complete(tmp_path: Path) -> None:
    receiver("new", "sink", "chat", "--kind", "http", "--events", "appliance/*", cwd=tmp_path)
    project = tmp_path / "receiver-chat"
    wheel = vendoring.wheel_name()
    assert sorted(str(p.relative_to(project)) for p in project.rglob("*") if p.is_file()) == sorted(
        [
            *(".github/workflows/test.yml", ".gitignore", "CHANGELOG.md", "LICENSE", "README.md"),
            *("pyproject.toml", "receiver_chat/__init__.py", "receiver_chat/events.py"),
            *("receiver_chat/py.typed", "tests/test_chat.py", "tox.ini", f"vendor/{wheel}"),
        ]
    )
    about = tomllib.loads((project / "pyproject.toml").read_text())
    assert about["project"]["entry-points"]["receiver.sinks"] == {"chat": "receiver_chat:Chat"}
    stubs = (project / "receiver_chat" / "events.py").read_text()
    assert stubs.count("@hookstub") == 5
    assert "def gridx_appliance_online(self, event: Event[models.GridxApplianceOnline])" in stubs


@pytest.mark.parametrize(
    ("given", "requirement"),
    [
        ("index", scaffold.FLOOR),
        ("https://x.example/r.whl", "receiver-framework @ https://x.example/r.whl"),
    ],
)
def test_a_project_remembers_where_receiver_comes_from(
    given: str, requirement: str, tmp_path: Path
) -> None:
    receiver("new", "sink", "chat", "--receiver", given, cwd=tmp_path)
    about = tomllib.loads((tmp_path / "receiver-chat" / "pyproject.toml").read_text())
    assert about["project"]["dependencies"][-1] == requirement
    assert not (tmp_path / "receiver-chat" / "vendor").exists()


def test_a_project_may_take_receiver_from_a_file(tmp_path: Path) -> None:
    (tmp_path / "r.whl").touch()
    receiver("new", "sink", "chat", "--receiver", "r.whl", cwd=tmp_path)
    about = tomllib.loads((tmp_path / "receiver-chat" / "pyproject.toml").read_text())
    where = (tmp_path / "r.whl").as_uri()
    assert about["project"]["dependencies"][-1] == f"receiver-framework @ {where}"
    gone = receiver("new", "sink", "other", "--receiver", "gone.whl", cwd=tmp_path)
    assert (gone.returncode, gone.stderr.count("\n")) == (1, 1)
    assert "neither a file or folder, nor a URL" in gone.stderr


def test_the_wheel_of_this_receiver_is_whole_and_always_the_same(tmp_path: Path) -> None:
    made = vendoring.wheel()
    assert made == vendoring.wheel()
    (tmp_path / vendoring.wheel_name()).write_bytes(made)
    with zipfile.ZipFile(tmp_path / vendoring.wheel_name()) as archive:
        names = set(archive.namelist())
    assert {
        "receiver/__init__.py",
        "receiver/generated/openapi.json",
        "receiver/templates/sink/README.md.jinja",
        f"receiver_framework-{running.__version__}.dist-info/entry_points.txt",
    } <= names


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("Chat", "such as chat"),
        ("my_chat", "such as my-chat"),
        ("9lives", "such as lives"),
        ("chat-", "such as chat"),
        ("a--b", "such as a-b"),
        ("../chat", "such as chat"),
        ("x" * 31, "at most 30"),
        ("", "cannot be the name"),
        ("receiver-chat", "leave out `receiver-`"),
        ("console", "is a sink already"),
        ("framework", "is a sink already"),
    ],
)
def test_a_name_that_cannot_be_one_is_refused_with_a_better_one(name: str, said: str) -> None:
    with pytest.raises(ConfigError, match=re.escape(said)):
        scaffold.check_name(name)


def test_a_refused_name_is_one_line_and_leaves_nothing(tmp_path: Path) -> None:
    done = receiver("new", "sink", "../chat", cwd=tmp_path)
    assert (done.returncode, done.stderr.count("\n")) == (1, 1)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("what", ["folder", "file", "link"])
def test_what_is_there_already_stays_as_it_is(what: str, tmp_path: Path) -> None:
    there = tmp_path / "receiver-chat"
    if what == "folder":
        there.mkdir()
    elif what == "file":
        there.write_text("mine")
    else:
        there.symlink_to("nowhere")
    with pytest.raises(ConfigError, match="is there already"):
        create(there, {"README.md": "ours"})
    assert [path.name for path in tmp_path.iterdir()] == [there.name]
    assert what != "folder" or not list(there.iterdir())


@pytest.mark.parametrize(
    ("arguments", "status", "said"),
    [
        (["chat", "--kind", "carrier-pigeon"], 2, "none of http, queue"),
        (["chat", "--events", "no/such/*"], 1, "no event type matches"),
        (["chat", "--templates", "nowhere"], 1, "there is no such folder"),
        ([], 2, "say what it is to be called"),
    ],
)
def test_what_cannot_be_made_is_one_line(
    arguments: list[str], status: int, said: str, tmp_path: Path
) -> None:
    done = receiver("new", "sink", *arguments, cwd=tmp_path)
    assert done.returncode == status
    assert said in done.stderr
    assert not list(tmp_path.iterdir())


def test_on_a_terminal_it_asks_what_it_is_not_told(tmp_path: Path) -> None:
    master, slave = pty.openpty()
    asking = subprocess.Popen(
        [sys.executable, "-m", "receiver", "new", "sink"],
        cwd=tmp_path,
        stdin=slave,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    os.write(master, b"My Chat\nchat\nfile\nappliance/* !appliance/delete\n")
    said, _ = asking.communicate(timeout=60)
    os.close(master)
    os.close(slave)
    assert asking.returncode == 0, said
    assert "cannot be the name of a sink" in said
    about = tomllib.loads((tmp_path / "receiver-chat" / "pyproject.toml").read_text())
    assert about["tool"]["receiver"]["events"] == ["appliance/*", "!appliance/delete"]
    assert "os.fsync" in (tmp_path / "receiver-chat" / "receiver_chat" / "__init__.py").read_text()


@pytest.mark.parametrize("room", ["sink", "source"])
def test_single_templates_may_be_ones_own(room: str, tmp_path: Path) -> None:
    (tmp_path / "own").mkdir()
    (tmp_path / "own" / "README.md.jinja").write_text("Ours: {{ name }}\n")
    receiver("new", room, "chat", "--templates", "own", "--out", "made", cwd=tmp_path)
    assert (tmp_path / "made" / "README.md").read_text() == "Ours: chat\n"
    (tmp_path / "own" / "READMEE.md.jinja").touch()
    wrong = receiver("new", room, "other", "--templates", "own", cwd=tmp_path)
    assert (wrong.returncode, "replaces no template" in wrong.stderr) == (1, True)


def test_a_broken_template_is_told_with_its_line() -> None:
    texts = {**rendering.read("sink"), "tox.ini.jinja": "\n{% if %}"}
    with pytest.raises(Exception, match=r"tox.ini.jinja: line 2"):
        rendering.file("tox.ini.jinja", texts, {})


@pytest.mark.parametrize("scheme", sorted(source.SCHEMES))
def test_a_new_platform_passes_its_own_tests_unedited(
    scheme: str, here: Place, tmp_path: Path
) -> None:
    made = receiver("new", "source", "acme-doors", "--scheme", scheme, cwd=tmp_path)
    assert made.returncode == 0, made.stderr
    project = tmp_path / "acme-doors"
    for command in (["ruff", "check", "--no-cache"], ["ruff", "format", "--diff", "--no-cache"]):
        here.run(here.python, "-m", *command, ".", cwd=project)
    # Two schemes run all of their tests, each of which starts a receiver; the others are compiled.
    if scheme in ("hmac", "rsa"):
        here.run(here.python, "-m", "pytest", "-q", "-p", "no:cacheprovider", cwd=project)
    else:
        lint = receiver("spec", "lint", "acme-doors.yaml", cwd=project)
        assert lint.returncode == 0, lint.stdout + lint.stderr


@pytest.mark.parametrize(
    ("name", "scheme", "header", "said"),
    [
        ("Acme", "hmac", None, "cannot be the name of a platform"),
        ("acme", "hmac", "X Acme", "not the name of a header"),
        ("acme", "standard-webhooks", "X-Acme", "ends with -signature"),
    ],
)
def test_a_platform_that_cannot_be_is_refused(
    name: str, scheme: str, header: str | None, said: str
) -> None:
    with pytest.raises(ConfigError, match=said):
        source.project(name, scheme, header, rendering.read(source.ROOM))
