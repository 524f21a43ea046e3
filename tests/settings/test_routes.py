"""Routes of a file that cannot be run: told with the line and the fix."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from receiver import backstage
from receiver.catalogue import Catalogue
from receiver.errors import ConfigError
from receiver.plugins import discover
from receiver.settings import Configuration

VEIL = """
from receiver import Sink, hookimpl

class Veil(Sink):
    class Settings(Sink.Settings):
        colour: str = ""

    @hookimpl
    def transform(self, event): ...
"""
ROUTE = 'plugins_dir = "sinks"\n[routes.r]\nsink = "console"\n'


def faults(read: Callable[..., Configuration], catalogue: Catalogue, text: str) -> list[str]:
    try:
        found = read(text)
        backstage.routes(found, catalogue, discover(found.plugins_dir), {})
    except ConfigError as error:
        return list(error.problems)
    return []


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (
            ROUTE + 'was = "r"\n',
            "receiver.toml:4: [routes.r] was: there is a route 'r'; a route goes on from one that"
            " is there no more",
        ),
        (
            ROUTE + 'was = "old"\n[routes.s]\nsink = "console"\nwas = "old"\n',
            "receiver.toml:7: [routes.s] was: route 'r' was 'old' too; one of them goes on from"
            " there",
        ),
        (
            ROUTE + 'transforms = ["vail"]\n',
            "receiver.toml:4: [routes.r] transforms: no transform 'vail' is installed; did you"
            ' mean "veil"?',
        ),
        (
            ROUTE + 'transforms = ["console"]\n',
            "receiver.toml:4: [routes.r] transforms: console is no transform: it has no hook"
            " `transform`",
        ),
        (
            ROUTE + 'transforms = ["t"]\n[transforms.t]\nplugin = "vail"\n',
            "receiver.toml:6: [transforms.t] plugin: no transform 'vail' is installed; did you"
            ' mean "veil"?',
        ),
        (
            ROUTE.replace("console", "veil"),
            "receiver.toml:3: [routes.r] sink: veil is a transform, no sink; name it in"
            " `transforms`",
        ),
        (
            ROUTE + "breaker = { threshold = -1 }\n",
            "receiver.toml:4: [routes.r] breaker.threshold: should be greater than or equal to 0",
        ),
        (ROUTE + "rate = 0\n", "receiver.toml:4: [routes.r] rate: should be greater than 0"),
        (
            ROUTE + "batch = { sise = 3 }\n",
            'receiver.toml:4: [routes.r] batch.sise: there is no such key; did you mean "size"?',
        ),
        (
            ROUTE + "retry = { max_age = 0 }\n",
            "receiver.toml:4: [routes.r] retry.max_age: should be greater than 0",
        ),
    ],
)
def test_what_is_wrong_is_told_with_its_line(
    read: Callable[..., Configuration],
    catalogue: Catalogue,
    tmp_path: Path,
    text: str,
    said: str,
) -> None:
    (tmp_path / "sinks").mkdir()
    (tmp_path / "sinks" / "veil.py").write_text(VEIL)

    assert faults(read, catalogue, text) == [said]


def test_a_setting_that_a_transform_does_not_take_is_told_where_it_stands(
    read: Callable[..., Configuration], catalogue: Catalogue, tmp_path: Path
) -> None:
    (tmp_path / "sinks").mkdir()
    (tmp_path / "sinks" / "veil.py").write_text(VEIL)
    text = ROUTE + 'transforms = ["veil"]\n[transforms.veil.settings]\ncolor = "red"\n'

    [said] = faults(read, catalogue, text)

    assert said.startswith("receiver.toml:6: [transforms.veil] settings.color: ")
    assert "did you mean colour?" in said
