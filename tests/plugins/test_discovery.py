"""Which plugins are found, what of them is imported when, and what a broken one does."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import pytest

from receiver.contract import Contract
from receiver.errors import PluginError
from receiver.patterns import Patterns
from receiver.plugins import Plugin, autoroute, describe, discover
from receiver.sink import Sink

FUNCTIONS = """
    '''Print every event.'''
    from receiver import hookimpl

    @hookimpl
    def on_event(event): print(event.type)
"""
CLASS = """
    from pydantic import SecretStr
    from receiver import Sink, hookimpl

    class Slack(Sink):
        '''Post to Slack.

        More words.
        '''
        class Settings(Sink.Settings):
            url: SecretStr
            emoji: str = ":x:"

        @hookimpl
        async def acme_thing_1(self, event): ...
"""


def installed(folder: Path, distribution: str, **entries: str) -> None:
    """Lay down what pip would: the metadata of a distribution with entry points."""
    info = folder / f"{distribution.replace('-', '_')}-1.2.dist-info"
    info.mkdir()
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {distribution}\nVersion: 1.2\n")
    lines = "".join(f"{name} = {value}\n" for name, value in entries.items())
    (info / "entry_points.txt").write_text(f"[receiver.sinks]\n{lines}")


def test_the_sinks_that_come_with_receiver_are_found() -> None:
    found = discover()
    assert {"console", "jsonl"} <= set(found)
    assert found["console"].origin.startswith("receiver-framework ")
    assert issubclass(found["console"].load(), Sink)


def test_nothing_is_imported_before_it_is_loaded(write: Callable[..., Path]) -> None:
    folder = write(loud="raise SystemExit('imported')", quiet=FUNCTIONS)
    plugins = discover(folder)
    assert "receiver_plugin_quiet" not in sys.modules
    assert isinstance(plugins["quiet"].load(), ModuleType)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("raise SystemExit(4)", "SystemExit: 4"),
        ("import a_module_that_nobody_has", "No module named 'a_module_that_nobody_has'"),
        ("def broken(:", "SyntaxError"),
        ("x = 1 / 0", "ZeroDivisionError"),
    ],
)
def test_a_plugin_that_cannot_be_imported_says_so_and_stops_no_other(
    write: Callable[..., Path], text: str, said: str
) -> None:
    plugins = discover(write(bad=text, good=FUNCTIONS))
    with pytest.raises(PluginError) as error:
        plugins["bad"].load()
    assert str(error.value).startswith("sink bad (")
    assert said in str(error.value)
    assert describe(plugins["bad"]).error == str(error.value)
    assert describe(plugins["good"]).error is None


def test_two_distributions_with_one_name_are_both_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    installed(tmp_path, "receiver-slack", slack="one")
    installed(tmp_path, "better-slack", slack="two", other="three")
    monkeypatch.syspath_prepend(tmp_path)
    plugins = discover()
    with pytest.raises(PluginError) as error:
        plugins["slack"].load()
    assert "better-slack 1.2" in str(error.value)
    assert "receiver-slack 1.2" in str(error.value)
    assert plugins["other"].origin == "better-slack 1.2"


def test_an_entry_point_may_name_a_module_that_holds_one_sink_class(
    write: Callable[..., Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = write("site", acme_slack=CLASS)
    installed(folder, "acme-slack", slack="acme_slack")
    monkeypatch.syspath_prepend(folder)
    assert discover()["slack"].load().__name__ == "Slack"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (CLASS + "\n    class Other(Sink): ...\n", "2 Sink classes (Slack, Other)"),
        (CLASS + "\n    @hookimpl\n    def on_event(event): ...\n", "both a Sink class and funct"),
        (CLASS + "\n    Slack.api = 2\n", "plugin API 2, this is 1: update Receiver"),
        (CLASS + "\n    Slack.api = 0\n", "plugin API 0, this is 1: update the plugin"),
    ],
)
def test_a_plugin_that_is_not_clear_is_refused(
    write: Callable[..., Path], text: str, said: str
) -> None:
    with pytest.raises(PluginError) as error:
        discover(write(odd=text))["odd"].load()
    assert said in str(error.value)


@pytest.mark.parametrize(
    "thing", [3, Sink(), print, int], ids=["number", "instance", "function", "class"]
)
def test_what_is_no_plugin_is_refused(thing: object) -> None:
    with pytest.raises(PluginError, match="neither a module nor a subclass"):
        Plugin("x", "x 1.0", lambda: thing).load()


def test_a_description_says_what_a_plugin_wants_and_does(write: Callable[..., Path]) -> None:
    described = describe(discover(write(slack=CLASS))["slack"])
    assert described.summary == "Post to Slack."
    assert described.required == ("url",)
    assert not described.configured
    assert described.hooks == ("acme_thing_1",)
    assert described.settings is not None
    assert set(described.settings.model_fields) == {"url", "emoji", "allow_private"}


def test_every_plugin_without_required_settings_gets_a_route(
    write: Callable[..., Path], contract: Contract
) -> None:
    optional = CLASS.replace("url: SecretStr", "url: SecretStr = SecretStr('')")
    folder = write(all=FUNCTIONS, some=optional, needy=CLASS, broken="import nowhere_at_all")
    routes = {route.name: route for route in autoroute(discover(folder), contract)}
    assert {"all", "some", "console"} <= set(routes)
    assert not {"needy", "broken", "jsonl"} & set(routes)
    assert routes["all"].events == ("*",)
    assert [Patterns(routes["some"].events).match(name) for name in ("thing[1]", "thing1")] == [
        True,
        False,
    ]
    assert routes["some"].sources == ("acme",)


def test_importing_receiver_loads_no_http_client_and_no_plugin() -> None:
    code = (
        "import sys, receiver;"
        "print([m for m in ('httpx', 'structlog', 'rich', 'receiver.outbound', 'connexion',"
        " 'receiver.plugins', 'receiver.sinks.console') if m in sys.modules])"
    )
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert ran.stdout.strip() == "[]"
