"""What is to go is gone: from the payload, the bytes and every body; and nothing else is."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError
from receiver_redact import Redact
from receiver_redact.paths import Path

from receiver import BodySettings, Event

NOON = datetime(2026, 5, 1, 12, tzinfo=UTC)
KEY = "a key of sixteen or more"


def event(payload: Any, **fields: Any) -> Event[Any]:
    raw = payload if isinstance(payload, bytes) else json.dumps(payload).encode()
    given = {"seq": 1, "id": "id-1", "source": "acme", "type": "t", "time": NOON}
    return Event(**{**given, "received_at": NOON, "raw": raw, **fields})


def redact(payload: Any, **settings: Any) -> Event[Any]:
    user = settings.pop("of", None)
    made = Redact(Redact.Settings(**settings), route="r")
    return made.transform(event(payload, user=user))


@pytest.mark.parametrize(
    ("path", "payload", "left"),
    [
        ("name", {"name": "Ada", "n": 1}, {"n": 1}),
        ("a.b", {"a": {"b": 1, "c": 2}, "b": 3}, {"a": {"c": 2}, "b": 3}),
        ("a.*.b", {"a": [{"b": 1, "c": 2}, {"b": 3}]}, {"a": [{"c": 2}, {}]}),
        ("a.*", {"a": [1, 2, 3], "b": 4}, {"a": [], "b": 4}),
        ("a.1", {"a": [1, 2, 3]}, {"a": [1, 3]}),
        ("**.pin", {"pin": 1, "a": [{"pin": 2, "b": {"pin": {"pin": 3}}}]}, {"a": [{"b": {}}]}),
        (r"a\.b", {"a.b": 1, "a": {"b": 2}}, {"a": {"b": 2}}),
        ("missing.deep", {"a": 1}, {"a": 1}),
        ("a.b", {"a": "a text, not a table"}, {"a": "a text, not a table"}),
    ],
)
def test_what_a_path_names_is_removed_and_nothing_else(path: str, payload: Any, left: Any) -> None:
    assert redact(payload, remove=[path]).json() == left


def test_it_is_gone_from_the_data_the_bytes_and_the_cloudevent() -> None:
    done = redact({"deep": {"name": "Ada Lovelace"}, "n": 1}, remove=["**.name"])

    assert done.data == {"deep": {}, "n": 1}
    assert b"Ada" not in done.raw
    assert "Ada" not in json.dumps(done.cloudevent())
    assert "Ada" not in repr(done)


def test_equal_values_stay_equal_and_nobody_sees_them() -> None:
    one, same, other = (
        redact({"serial": value}, hash=["serial"], key=KEY).data["serial"]
        for value in ("S-1", "S-1", "S-2")
    )

    assert one == same != other
    assert one.startswith("sha256:")
    assert redact({"serial": "S-1"}, hash=["serial"], key=KEY + "!").data["serial"] != one


def test_numbers_and_tables_are_hashed_as_a_whole() -> None:
    done = redact({"a": 12, "b": {"x": 1, "y": 2}}, hash=["a", "b"], key=KEY)
    again = redact({"a": 12, "b": {"y": 2, "x": 1}}, hash=["a", "b"], key=KEY)

    assert done.data == again.data
    assert set(map(len, done.data.values())) == {len("sha256:") + 64}


@pytest.mark.parametrize(("choice", "left"), [("keep", "ada"), ("remove", None)])
def test_the_user_of_the_event_may_go_too(choice: str, left: str | None) -> None:
    settings = {"remove": ["x"], "user": choice}

    assert redact({}, of="ada", **settings).user == left
    assert redact({}, of=None, **settings).user is None


def test_the_user_may_be_hashed() -> None:
    done = redact({}, of="ada", user="hash", key=KEY)

    assert str(done.user).startswith("sha256:")
    assert done.cloudevent()["userid"] == done.user


def test_where_nothing_was_found_the_bytes_stay_as_they_were_sent() -> None:
    raw = b'{ "n" :  1.50 }'

    assert redact(raw, remove=["name"]).raw == raw


@pytest.mark.parametrize("raw", [b"", b"not json", b"\xff{}", b"[" * 100_000])
def test_what_cannot_be_read_does_not_pass(raw: bytes) -> None:
    with pytest.raises((ValueError, RecursionError)):
        redact(raw, remove=["name"])


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({}, "nothing to redact"),
        ({"remove": ["a..b"]}, "is no path"),
        ({"remove": [""]}, "is no path"),
        ({"remove": ["a.**"]}, "names nothing"),
        ({"hash": ["a"]}, "needs a `key`"),
        ({"user": "hash"}, "needs a `key`"),
        ({"hash": ["a"], "key": "short"}, "shorter than 16"),
    ],
)
def test_settings_that_would_hide_nothing_are_refused(settings: Any, said: str) -> None:
    with pytest.raises(ValidationError, match=said):
        Redact.Settings(**settings)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(st.sampled_from(["a", "b", "pin"]), inner, max_size=3)
    ),
    max_leaves=20,
)


def everywhere(value: Any) -> list[str]:
    if isinstance(value, dict):
        return [*value, *(key for item in value.values() for key in everywhere(item))]
    return [key for item in value for key in everywhere(item)] if isinstance(value, list) else []


@given(JSON)
def test_at_any_depth_means_any(payload: Any) -> None:
    done = redact(payload, remove=["**.pin"])

    assert "pin" not in everywhere(done.json())
    assert everywhere(done.json()).count("a") <= everywhere(payload).count("a")


@given(st.text(max_size=20))
def test_a_text_is_a_path_or_a_value_error(text: str) -> None:
    try:
        path = Path(text)
    except ValueError:
        return
    path.change({"a": [{"b": 1}]}, lambda value: value)


@pytest.mark.parametrize(
    "form",
    [
        {"body": "cloudevent"},
        {"body": "raw"},
        {"body": "template", "template": "{{ data | tojson }} {{ event.raw }} {{ event.json() }}"},
    ],
    ids=["cloudevent", "raw", "template"],
)
def test_it_is_gone_from_every_body_that_a_sink_can_send(form: dict[str, str]) -> None:
    done = redact({"deep": {"name": "Ada Lovelace"}, "n": 17}, remove=["**.name"])
    sent = BodySettings.model_validate(form).shape().render(done)

    assert b"17" in sent
    assert b"Ada" not in sent
