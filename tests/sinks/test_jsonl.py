"""The file that the jsonl sink writes: whole lines, rotated by size, ours alone."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from receiver import Event
from receiver.sinks.jsonl import JsonLines

Make = Callable[..., Event[Any]]


@contextmanager
def opened(path: Path, **settings: Any) -> Iterator[JsonLines]:
    sink = JsonLines(JsonLines.Settings(path=path, **settings))
    sink.open()
    try:
        yield sink
    finally:
        sink.close()


def ids(path: Path) -> list[str]:
    return [json.loads(text)["id"] for text in path.read_text().splitlines()]


def test_events_are_appended_one_line_each(make: Make, tmp_path: Path) -> None:
    path = tmp_path / "new" / "events.jsonl"
    for number in (1, 3):
        with opened(path) as sink:
            sink.on_batch([make(number), make(number + 1)])
    assert ids(path) == ["id-1", "id-2", "id-3", "id-4"]


def test_only_the_owner_may_read_what_is_written(make: Make, tmp_path: Path) -> None:
    path = tmp_path / "new" / "events.jsonl"
    before = os.umask(0o022)
    try:
        with opened(path) as sink:
            sink.on_batch([make(1)])
    finally:
        os.umask(before)
    assert oct(path.stat().st_mode & 0o777) == "0o600"
    assert oct(path.parent.stat().st_mode & 0o777) == "0o700"


def test_a_full_file_is_renamed_and_the_oldest_is_let_go(make: Make, tmp_path: Path) -> None:
    path = tmp_path / "events.jsonl"
    with opened(path, max_bytes=1024, keep=2) as sink:
        for number in range(40):
            sink.on_batch([make(number)])
    names = sorted(file.name for file in tmp_path.iterdir())
    assert names == ["events.jsonl", "events.jsonl.1", "events.jsonl.2"]
    assert all((tmp_path / name).stat().st_size <= 1024 for name in names)
    kept = ids(tmp_path / names[2]) + ids(tmp_path / names[1]) + ids(path)
    assert kept == [f"id-{number}" for number in range(40 - len(kept), 40)]


def test_a_file_that_somebody_moved_away_is_begun_anew(make: Make, tmp_path: Path) -> None:
    path = tmp_path / "events.jsonl"
    with opened(path) as sink:
        sink.on_batch([make(1)])
        path.rename(tmp_path / "taken")
        sink.on_batch([make(2)])
    assert ids(path) == ["id-2"]
    assert ids(tmp_path / "taken") == ["id-1"]


def test_two_routes_cannot_write_one_file(tmp_path: Path) -> None:
    path = tmp_path / "events.jsonl"
    with opened(path), pytest.raises(BlockingIOError, match="another route"), opened(path):
        pass
    with opened(path):
        pass


def test_what_a_crash_left_of_a_line_is_cut_off(make: Make, tmp_path: Path) -> None:
    path = tmp_path / "events.jsonl"
    with opened(path) as sink:
        sink.on_batch([make(1), make(2)])
    os.truncate(path, path.stat().st_size - 5)
    with opened(path) as sink:
        sink.on_batch([make(3)])
    assert ids(path) == ["id-1", "id-3"]


def test_the_text_of_others_is_kept(make: Make, tmp_path: Path) -> None:
    path = tmp_path / "notes.txt"
    path.write_text("no line end")
    with opened(path) as sink:
        sink.on_batch([make(1)])
    first, second = path.read_text().splitlines()
    assert first == "no line end"
    assert json.loads(second)["id"] == "id-1"


def test_a_full_disk_leaves_no_half_line(
    make: Make, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "events.jsonl"
    real = os.write

    def nearly_full(file: int, data: Any) -> int:
        if len(data) > 10:
            return real(file, bytes(data[:-10]))
        raise OSError(28, "No space left on device")

    with opened(path) as sink:
        sink.on_batch([make(1)])
        with monkeypatch.context() as patched:
            patched.setattr(os, "write", nearly_full)
            with pytest.raises(OSError, match="No space"):
                sink.on_batch([make(2)])
        sink.on_batch([make(3)])
    assert ids(path) == ["id-1", "id-3"]


def test_a_path_is_required() -> None:
    assert JsonLines.Settings.model_fields["path"].is_required()
