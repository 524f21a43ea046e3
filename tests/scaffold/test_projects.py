"""`receiver new sink`: of every kind a project that installs, passes and delivers, unedited.

All of them go into one new environment without an index: the first one pays for what all of them
need. Each project's own tests deliver through a route of a dispatcher, here and in a process of its
own; the last test here does so with a whole receiver.
"""

from __future__ import annotations

import json
from pathlib import Path

from elsewhere import Place, receiver

from receiver.testing import RecordingServer

KINDS = ("http", "queue", "database", "file", "blank")
DELIVER = """
import json, sys
from receiver.testing import RunningReceiver

with RunningReceiver(config=sys.argv[1]) as running:
    [answer] = running.send("appliance/online")
    for _ in range(100):
        shown = running.run("events", "show", answer["ids"][0], "--json").stdout
        routes = json.loads(shown)["routes"]
        if len(routes) == 4 and all(made.startswith("delivered") for made in routes.values()):
            break
    else:
        sys.exit(shown)
"""


def test_new_sinks_of_every_kind_install_pass_and_deliver_unedited(
    fresh: Place, recording_server: RecordingServer, tmp_path: Path
) -> None:
    # One test, for one environment: workers of pytest-xdist would each make their own.
    for kind in KINDS:
        installs_and_passes_its_own_tests_and_lint(kind, fresh, tmp_path)
    pass_their_type_check(fresh, tmp_path)
    are_listed_and_delivered_through(fresh, recording_server, tmp_path)


def installs_and_passes_its_own_tests_and_lint(kind: str, fresh: Place, projects: Path) -> None:
    asked = ["new", "sink", f"my-{kind}", "--kind", kind, "--events", "appliance/*"]
    made = receiver(*asked, cwd=projects)
    assert made.returncode == 0, made.stderr
    project = projects / f"receiver-my-{kind}"
    program = fresh.python.parent

    fresh.pip("install", "--quiet", "-e", ".[test]", cwd=project)
    tests = fresh.run(program / "pytest", "-q", "-rs", cwd=project).stdout
    fresh.run(program / "ruff", "check", ".", cwd=project)
    fresh.run(program / "ruff", "format", "--check", ".", cwd=project)

    assert "no nats-server" not in tests
    assert not list(project.rglob("*.rej"))


def pass_their_type_check(fresh: Place, projects: Path) -> None:
    # One run over all of them: most of its time goes into what they import.
    packages = [f"--package=receiver_my_{kind}" for kind in KINDS]
    fresh.run(fresh.python.parent / "mypy", "--strict", *packages, cwd=projects)


def are_listed_and_delivered_through(
    fresh: Place, recording_server: RecordingServer, tmp_path: Path
) -> None:
    listed = fresh.run(fresh.python, "-m", "receiver", "sinks", "list", "--json", cwd=tmp_path)
    found = {sink["name"]: sink["error"] for sink in json.loads(listed.stdout)}
    assert {f"my-{kind}": found[f"my-{kind}"] for kind in KINDS} == {
        f"my-{kind}": None for kind in KINDS
    }
    # To a broker, which needs a server of its own, its own tests have delivered.
    settings = {
        "http": {"url": recording_server.url, "allow_private": True},
        "database": {"path": str(tmp_path / "events.db")},
        "file": {"path": str(tmp_path / "events")},
        "blank": {"greeting": "It happened: "},
    }
    config = ""
    for kind, values in settings.items():
        lines = "\n".join(f"{name} = {json.dumps(value)}" for name, value in values.items())
        config += f'[routes.{kind}]\nsink = "my-{kind}"\n[routes.{kind}.settings]\n{lines}\n'

    fresh.run(fresh.python, "-c", DELIVER, config, cwd=tmp_path)

    assert recording_server.requests[0].json()["type"] == "appliance/online"
    for name in ("events.db", "events"):
        assert b"appliance/online" in (tmp_path / name).read_bytes()
