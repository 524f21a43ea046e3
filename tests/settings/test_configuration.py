"""What the file, the environment and the command line say together."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from receiver.errors import ConfigError
from receiver.settings import Configuration, Flag, combine
from receiver.settings.file import load


def read(text: str = "", *flags: Flag, **environ: str) -> Configuration:
    return combine(
        text, label="receiver.toml", base=Path("/etc/app"), environ=environ, flags=tuple(flags)
    )


def faults(text: str, **environ: str) -> list[str]:
    with pytest.raises(ConfigError) as caught:
        read(text, **environ)
    return list(caught.value.problems)


def test_no_file_at_all_means_the_defaults() -> None:
    configuration = read()
    assert configuration.settings.contract == "receiver.generated"
    assert configuration.origin(("server", "public")) == "default"


def test_the_environment_overrides_the_file_and_an_option_overrides_both() -> None:
    text = '[server]\npublic = "127.0.0.1:1"\ngrace = 1'
    flag = Flag("--port", ("server", "public"), "127.0.0.1:3")
    variables = {"RECEIVER_SERVER__PUBLIC": "127.0.0.1:2", "RECEIVER_SERVER__LANE": "false"}
    configuration = read(text, flag, **variables)
    assert configuration.settings.server.public == "127.0.0.1:3"
    assert configuration.origin(("server", "public")) == "--port"
    assert configuration.origin(("server", "lane")) == "RECEIVER_SERVER__LANE"
    assert configuration.origin(("server", "grace")) == "receiver.toml:3"


@pytest.mark.parametrize(
    ("name", "value", "expected"),
    [
        ("RECEIVER_ROUTES__MY_ROUTE__EVENTS", '["a", "!b"]', {"events": ("a", "!b")}),
        ("RECEIVER_ROUTES__MY_ROUTE__ORDERED", "false", {"ordered": False}),
        ("RECEIVER_ROUTES__MY_ROUTE__FROM", "beginning", {"start": "beginning"}),
        ("RECEIVER_ROUTES__MY_ROUTE__SETTINGS__URL", "x", {"settings": {"url": "x"}}),
        ("RECEIVER_ROUTES__MY_ROUTE__SETTINGS__BODY", "{{ a }}", {"settings": {"body": "{{ a }}"}}),
    ],
)
def test_every_key_has_an_environment_form(name: str, value: str, expected: Any) -> None:
    settings = read('[routes.My-Route]\nsink = "console"', **{name: value}).settings
    route = settings.routes["My-Route"].model_dump()
    assert {key: route[key] for key in expected} == expected


def test_a_secret_in_a_variable_of_its_own_is_not_taken_for_a_key() -> None:
    assert read(RECEIVER_ACME_SECRET="s3cret").settings.sources == {}


def test_a_source_can_be_made_of_variables_alone() -> None:
    secrets = '[{ name = "a", value = "env:ACME" }]'
    source = read(RECEIVER_SOURCES__ACME__SECRETS=secrets).settings.sources["acme"]
    assert [secret.name for secret in source.secrets] == ["a"]


def test_paths_are_relative_to_the_file() -> None:
    configuration = read('plugins_dir = "sinks"\n[store]\nurl = "sqlite:///data/inbox.db"')
    assert configuration.store_path == Path("/etc/app/data/inbox.db")
    assert configuration.plugins_dir == Path("/etc/app/sinks")


def test_an_absolute_store_stays_where_it_is() -> None:
    configuration = read('[store]\nurl = "sqlite:////var/lib/inbox.db"')
    assert configuration.store_path == Path("/var/lib/inbox.db")


def test_a_date_is_its_first_moment_in_utc() -> None:
    text = '[sources.acme]\nsecrets = [{ name = "a", value = "b", expires = 2026-12-01 }]'
    [secret] = read(text).settings.sources["acme"].secrets
    assert secret.expires == datetime(2026, 12, 1, tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            '[server]\npublik = "x:1"',
            'receiver.toml:2: [server] publik: there is no such key; did you mean "public"?',
        ),
        (
            '[server]\npublic = "8080"',
            "receiver.toml:2: [server] public: '8080' is no address; write HOST:PORT, "
            "such as 127.0.0.1:8080",
        ),
        (
            "[routes.archive]\nordered = true",
            "receiver.toml:1: [routes.archive] sink: is missing; it has no default",
        ),
        (
            '[routes.archive]\nsink = "s"\nfrom = "now"',
            "receiver.toml:3: [routes.archive] from: 'now' is no date; write it as 2026-12-01 or "
            "2026-12-01T08:00:00Z",
        ),
        (
            '[routes.a]\nsink = "s"\nretry = { schedule = [1], first = 2 }',
            "receiver.toml:3: [routes.a] retry: is either { schedule } or "
            "{ first, factor, cap, attempts }, not both",
        ),
        (
            '[routes.a]\nsink = "s"\nretry = { schedule = [5, 1e15] }',
            "receiver.toml:3: [routes.a] retry.schedule[1]: should be less than or equal to 604800",
        ),
        (
            '[store]\ndurability = "none"',
            "receiver.toml:2: [store] durability: should be 'strict' or 'relaxed'",
        ),
        (
            '[store]\nurl = "redis://x"',
            "receiver.toml:2: [store] url: 'redis://x' is no store; write sqlite:///PATH",
        ),
        ("a = [1,", "receiver.toml:1: no valid TOML: invalid value"),
        (
            "rotes = 1",
            'receiver.toml:1: rotes: there is no such key; did you mean "routes"?',
        ),
    ],
)
def test_an_error_names_the_line_the_key_and_the_fix(text: str, message: str) -> None:
    assert faults(text) == [message]


def test_an_error_of_the_environment_names_the_variable() -> None:
    [fault] = faults("", RECEIVER_SERVER__GRACE="soon")
    assert fault.startswith("RECEIVER_SERVER__GRACE: [server] grace: should be a number")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('[routes.a]\nsink = "x"\nevents = "bell.*"', 'should be a list, such as ["bell.*"]'),
        ("[server]\nlane = 7", "should be true or false"),
        ("[server]\npublic = 8080", "should be a text in quotes"),
        ("[store]\ndedup_keys = 1.5", "should be a whole number"),
        ("[sources]\ngridx = 5", "should be a table"),
    ],
)
def test_a_value_of_the_wrong_kind_is_told_in_words_of_the_file(text: str, said: str) -> None:
    [fault] = faults(text)
    assert fault.endswith(f": {said}")


def test_a_misspelt_variable_is_an_error() -> None:
    [fault] = faults("", RECEIVER_SERVER__PUBLC="x")
    assert 'did you mean "public"?' in fault


def test_all_problems_are_told_and_the_message_is_the_first() -> None:
    with pytest.raises(ConfigError, match=r"and 1 more: receiver config check") as caught:
        read("[server]\ngrace = -1\nlane = 7")
    assert len(caught.value.problems) == 2


def test_a_secret_is_in_no_message_and_no_repr() -> None:
    text = '[sources.acme]\nsecrets = [{ name = "a", value = "hunter2" }]\n'
    assert "hunter2" not in repr(read(text))
    assert "hunter2" not in " ".join(faults(text + "policy = 'x'\nhunter = 1"))


def test_a_file_that_is_named_must_be_there(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"absent\.toml: No such file.*; --config names it"):
        load(tmp_path / "absent.toml", {})


def test_the_variable_names_the_file(tmp_path: Path) -> None:
    path = tmp_path / "other.toml"
    path.write_text("autoroute = false")
    configuration = load(None, {"RECEIVER_CONFIG": str(path)})
    assert configuration.settings.autoroute is False
    assert configuration.base == tmp_path
