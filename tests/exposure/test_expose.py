"""A share through a program that behaves as zrok does: what it does to events is named."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from receiver.cli import expose as cli
from receiver.cli import opening
from receiver.errors import ReceiverError
from receiver.exposure import probe, zrok
from receiver.exposure.probe import Report
from receiver.testing import RunningReceiver

HERE = Path(__file__).parent
COUNTING = """
from receiver import hookimpl

@hookimpl
def on_event(event):
    print("SINK", event.type)
"""


@pytest.fixture(scope="module")
def receiver() -> Iterator[RunningReceiver]:
    with socket.create_server(("127.0.0.1", 0)) as one:
        admin = one.getsockname()[1]
    config = f'[server]\nadmin = "127.0.0.1:{admin}"\n'
    with RunningReceiver(config=config, plugins={"counting.py": COUNTING}) as running:
        yield running


@pytest.fixture
def program(tmp_path: Path) -> Path:
    found = tmp_path / "zrok2"
    found.write_text(f'#!/bin/sh\nexec "{sys.executable}" "{HERE / "zrok.py"}" "$@"\n')
    found.chmod(0o755)
    return found


@pytest.fixture
def expose(
    receiver: RunningReceiver, program: Path, tmp_path: Path
) -> Iterator[Callable[..., subprocess.Popen[str]]]:
    """Starts the command beside the receiver, with a zrok AS some words say."""
    started: list[subprocess.Popen[str]] = []

    def run(*options: str, how: str = "") -> subprocess.Popen[str]:
        environ = {**os.environ, "ZROK_AS": how, "ZROK_LOG": str(tmp_path / "log")}
        environ["RECEIVER_SERVER__ADMIN"] = receiver.admin.removeprefix("http://")
        process = subprocess.Popen(
            [sys.executable, "-m", "receiver", "expose", "--zrok", str(program), *options],
            cwd=receiver.folder,
            env=environ,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        started.append(process)
        return process

    yield run
    for process in started:
        process.terminate()  # so that it takes the share down
        try:
            process.communicate(timeout=20)
        except subprocess.TimeoutExpired:
            process.kill()
            process.communicate()


@pytest.fixture
def zrok_as(
    program: Path, tmp_path: Path, receiver: RunningReceiver, monkeypatch: pytest.MonkeyPatch
) -> Callable[..., zrok.Share]:
    """A share of the receiver by a zrok AS some words say."""

    def share(how: str = "", name: str | None = None) -> zrok.Share:
        monkeypatch.setenv("ZROK_AS", how)
        monkeypatch.setenv("ZROK_LOG", str(tmp_path / "log"))
        return zrok.Share(str(program), receiver.url, name)

    return share


@pytest.fixture
def probed(
    receiver: RunningReceiver, zrok_as: Callable[..., zrok.Share]
) -> Callable[[str], list[Report]]:
    """What is found of a zrok AS some words say."""
    found = opening.load(receiver.folder / "receiver.toml", [])
    sign = cli._sign(found, opening.catalogue(found).contract)
    assert sign is not None

    def run(how: str) -> list[Report]:
        with zrok_as(how) as share:
            url = share.url()
            return list(probe.probes(url, sign, lambda: probe.reasons_of(receiver.admin)))

    return run


def log(tmp_path: Path) -> list[str]:
    return (tmp_path / "log").read_text().splitlines()


def test_every_platforms_full_url_is_told_and_events_get_through_unharmed(
    receiver: RunningReceiver, expose: Callable[..., subprocess.Popen[str]], tmp_path: Path
) -> None:
    said, wrong = expose("--check", "--json").communicate(timeout=60)

    records = [json.loads(line) for line in said.splitlines()]
    head, probes = records[0], records[1:]
    paths = {each["url"].removeprefix(head["url"]) for each in head["paths"]}
    assert "/gridx/events" in paths
    assert "/flespi/messages" in paths
    assert [each["troubles"] for each in probes] == [[]] * len(probes), (probes, wrong)
    assert len({each["ids"][0] for each in probes}) == len(probes) == 6
    assert log(tmp_path)[0].startswith("share public --headless --force-local http://127.0.0.1:")
    assert log(tmp_path)[-1] == "deleted"
    receiver.send("appliance/online")
    receiver.wait_for("SINK appliance/online")
    assert len([line for line in receiver.lines if "SINK" in line]) == 1, "a probe is for no sink"


@pytest.mark.parametrize(
    ("how", "word"),
    [
        ("interstitial", "have the sender send it"),
        ("interstitial strict", "the event is lost"),
        ("headers", "header changes: the signature's header does not arrive"),
        ("body", "body changes: the bytes of the probe 'white space'"),
        ("small", "body limit"),
        ("redirects", "redirect: it sends requests on to https://elsewhere.example/"),
        ("answers", "it was changed on the way back"),
    ],
)
def test_what_a_tunnel_does_to_events_is_named(
    probed: Callable[[str], list[Report]], how: str, word: str
) -> None:
    troubles = [trouble for report in probed(how) for trouble in report.troubles]

    assert any(word in trouble for trouble in troubles), troubles


def test_only_what_is_changed_is_named(probed: Callable[[str], list[Report]]) -> None:
    assert [report.name for report in probed("body") if report.troubles] == ["white space"]
    assert [report.name for report in probed("small") if report.troubles] == ["long"]


def test_a_page_for_browsers_only_is_no_trouble(probed: Callable[[str], list[Report]]) -> None:
    *senders, browser = probed("browsers")

    assert all(report.ids for report in senders)
    assert (browser.name, browser.ids, browser.troubles) == ("as a browser", (), ())


def test_trouble_is_told_and_exits_1(expose: Callable[..., subprocess.Popen[str]]) -> None:
    process = expose("--check", how="interstitial strict")
    said, _ = process.communicate(timeout=60)

    assert "TROUBLE" in said
    assert "interstitial page" in said
    assert process.returncode == 1


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_it_goes_on_until_it_is_stopped_and_takes_the_share_down(
    expose: Callable[..., subprocess.Popen[str]], tmp_path: Path, number: signal.Signals
) -> None:
    process = expose("--no-probe", how="logfmt")
    assert process.stdout is not None
    assert "leads to" in process.stdout.readline()
    process.send_signal(number)
    _, wrong = process.communicate(timeout=60)

    assert process.returncode == 0, wrong
    assert log(tmp_path)[-1] == "deleted"


def test_a_share_ends_when_zrok_does_whoever_holds_its_output(
    zrok_as: Callable[..., zrok.Share], tmp_path: Path
) -> None:
    with zrok_as("heir") as share:
        share.url()
        share.wait()

        heir = int(log(tmp_path)[-1])
        os.kill(heir, signal.SIGKILL)  # which raises where it is no more


@pytest.mark.parametrize(
    ("how", "command"),
    [
        ("", "share public --headless --force-local -n public:mine http://"),
        ("1.0", "share reserved --headless --override-endpoint http://"),
    ],
)
def test_a_kept_name_is_shared_as_its_version_does(
    zrok_as: Callable[..., zrok.Share], tmp_path: Path, how: str, command: str
) -> None:
    with zrok_as(how, "mine") as share:
        assert share.url().startswith("http://127.0.0.1:")

    assert log(tmp_path)[0].startswith(command)


@pytest.mark.parametrize(
    ("how", "word"),
    [
        ("disabled", "not enabled on this machine"),
        ("taken", "the name is shared already"),
    ],
)
def test_why_there_is_no_share_is_explained(
    zrok_as: Callable[..., zrok.Share], how: str, word: str
) -> None:
    with zrok_as(how) as share, pytest.raises(ReceiverError, match=word):
        share.url()


def test_a_zrok_that_ends_by_itself_is_told(expose: Callable[..., subprocess.Popen[str]]) -> None:
    process = expose("--no-probe", how="dies")
    _, wrong = process.communicate(timeout=60)

    assert process.returncode == 1
    assert "the router is gone" in wrong


def test_a_missing_zrok_is_explained(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nowhere")

    with pytest.raises(ReceiverError, match="zrok2 or zrok is not installed here"):
        zrok.find(None)


def test_a_zrok_that_tells_no_address_is_given_up(zrok_as: Callable[..., zrok.Share]) -> None:
    with zrok_as("silent") as share, pytest.raises(ReceiverError, match="told no address within"):
        share.url(0.5)
    assert share.over


def test_without_a_receiver_nothing_is_shared(program: Path, tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "receiver", "expose", "--zrok", str(program)],
        cwd=tmp_path,
        env={**os.environ, "RECEIVER_SERVER__PUBLIC": "127.0.0.1:9"},
        capture_output=True,
        text=True,
        timeout=60,
    )

    assert done.returncode == 1
    assert "start `receiver dev`" in done.stderr


@pytest.mark.parametrize(
    ("said", "url"),
    [
        ("INFO access your zrok share at the following endpoints:\n https://a1.share.zrok.io\n", "https://a1.share.zrok.io"),
        ("access your zrok share at the following endpoints:\n mine.shares.zrok.io\n", "https://mine.shares.zrok.io"),
        ('{"msg":"access your zrok share at the following endpoints:\\n https://b.zrok.io"}', "https://b.zrok.io"),
        ("access your zrok share: http://c.example:8080/", "http://c.example:8080"),
        ("nothing of the kind https://d.example", None),
    ],
)  # fmt: skip
def test_the_address_is_found_in_what_each_version_says(said: str, url: str | None) -> None:
    assert zrok.public_url(said) == url
