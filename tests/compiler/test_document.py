"""Reading a spec file: YAML as what JSON can hold."""

from __future__ import annotations

import contextlib
import json
import time
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from receiver.codegen.document import SpecFile, read
from receiver.errors import ConfigError, SpecError


def load(folder: Path, text: str | bytes, name: str = "spec.yaml") -> SpecFile:
    path = folder / name
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return read(path)


@pytest.mark.parametrize(
    ("written", "value"),
    [
        ("on", "on"),
        ("yes", "yes"),
        ("2026-11-20", "2026-11-20"),
        ("12:30:00", "12:30:00"),
        ("010", 10),
        ("0x1F", 31),
        ("1e3", 1000.0),
        ("-.5", -0.5),
        ("true", True),
        ("~", None),
        ("", None),
        ('"1"', "1"),
        ("!!str 1", "1"),
        (".inf", ".inf"),
    ],
)
def test_plain_scalars_are_those_of_yaml_1_2(tmp_path: Path, written: str, value: Any) -> None:
    assert load(tmp_path, f"key: {written}\n").document == {"key": value}


def test_keys_are_texts_as_they_are_written(tmp_path: Path) -> None:
    text = "200: a\non: b\n1.0: c\n"

    assert load(tmp_path, text).document == {"200": "a", "on": "b", "1.0": "c"}


def test_aliases_and_merges_are_worked_in(tmp_path: Path) -> None:
    text = "a: &a {x: 1, y: 2}\nb: {<<: *a, y: 3}\nc: [*a]\n"

    document = load(tmp_path, text).document

    assert document["b"] == {"x": 1, "y": 3}
    assert document["c"] == [{"x": 1, "y": 2}]


def test_the_line_of_every_part_is_known(tmp_path: Path) -> None:
    source = load(tmp_path, "a:\n  b/c:\n    - 1\n    - x: 2\n")

    assert source.line("/a/b~1c/1/x") == 4
    assert source.line("/a/b~1c/missing/too") == 2


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("a: 1\nb: 2\na: 3\n", "spec.yaml:3: the key 'a' is given twice"),
        ("a: {b: 1, b: 2}\n", "spec.yaml:1: the key 'b' is given twice"),
        ("a: 1\n---\nb: 2\n", "second document"),
        ("a: !!python/object:os.system x\n", "tag"),
        ("a: *b\n", "alias"),
        ("a: &a [*a]\n", "alias"),
        ("? [1]\n: 2\n", "key must be a text"),
        ("a: [1\n", "spec.yaml:2: is no valid YAML"),
        ("[" * 2000, "deeper than"),
        (b"a: \xff\xfe\xfd", "spec.yaml"),
    ],
)
def test_what_json_cannot_hold_is_refused(tmp_path: Path, text: str | bytes, reason: str) -> None:
    with pytest.raises(SpecError, match=reason):
        load(tmp_path, text)


def test_a_bomb_of_aliases_is_refused_at_once(tmp_path: Path) -> None:
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]" for n in range(1, 30)]
    began = time.process_time()

    with pytest.raises(SpecError, match="more than 1000000 values"):
        load(tmp_path, "\n".join(lines))

    assert time.process_time() - began < 1


def test_json_is_read_too(tmp_path: Path) -> None:
    assert load(tmp_path, json.dumps({"a": [1, "ü"]}), "spec.json").document == {"a": [1, "ü"]}


def test_json_with_a_key_given_twice_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SpecError, match=r"spec\.json"):
        load(tmp_path, '{"a": 1, "a": 2}', "spec.json")


def test_a_file_that_is_not_there_says_how_to_name_one(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="--spec"):
        read(tmp_path / "nowhere.yaml")


@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.binary(max_size=200) | st.text(alphabet="ab:{}[]-&*<!?|>'\"#\n ,%~0", max_size=60))
def test_any_bytes_are_read_or_refused(tmp_path: Path, data: bytes | str) -> None:
    raw = data.encode() if isinstance(data, str) else data
    for name in ("spec.yaml", "spec.json"):
        with contextlib.suppress(SpecError):
            load(tmp_path, raw, name)
