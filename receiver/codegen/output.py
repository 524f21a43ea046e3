"""Generated files on disk: the two endings of `generate`, write and compare.

A folder that we wrote carries PROVENANCE.json, which lists its files. What it does not list is not
ours: never overwritten, never removed. Must not know: what is in the files.
"""

from __future__ import annotations

import difflib
import json
import keyword
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

from receiver.codegen.package import GENERATOR, PROVENANCE, digest, sides
from receiver.errors import ConfigError

MAX_DIFF_LINES = 200


@dataclass(frozen=True, slots=True)
class Written:
    """What `write` did, as paths within the folder."""

    changed: list[str]
    removed: list[str]
    unchanged: int
    edited: list[str]
    """Of the changed ones, those that had been edited by hand."""


@dataclass(frozen=True, slots=True)
class Drift:
    """How a folder differs from what would be generated now."""

    reasons: list[str]
    diff: str


def write(out: Path, files: Mapping[str, str]) -> Written:
    """Make the folder hold `files`, and nothing else that we wrote earlier.

    Raises ConfigError, having written nothing, where the folder cannot be a package, holds what
    is not ours and was never generated, or has a file that is not ours in the way.
    """
    _check_name(out)
    listed = _listed(out)
    if not listed:
        _check_free(out, files)
    current = {name: _read(out / name) for name in {*files, *listed}}
    changed = [name for name in files if current[name] != files[name]]
    foreign = [name for name in changed if current[name] is not None and name not in listed]
    if foreign:
        raise ConfigError(
            f"{out / foreign[0]} is not a generated file and stays as it is; "
            "move it, or name another folder with --out"
        )
    stale = [name for name in listed if name not in files and current[name] is not None]
    for name in stale:
        if digest(current[name] or "") != listed[name]:
            raise ConfigError(
                f"{out / name} is generated no more, but was edited by hand; move or remove it"
            )
    edited = [
        name
        for name in changed
        if name != PROVENANCE
        and current[name] is not None
        and digest(current[name] or "") != listed[name]
    ]
    # The list goes last: a run that is cut short leaves files that the next one finds as its own.
    for name in sorted(changed, key=lambda name: name == PROVENANCE):
        _replace(out / name, files[name])
    for name in stale:
        (out / name).unlink()
    return Written(changed, sorted(stale), len(files) - len(changed), edited)


def _check_name(out: Path) -> None:
    """Raise ConfigError for a folder that nobody could import."""
    name = out.absolute().name
    if _importable(name):
        return
    near = re.sub(r"\W+", "_", name).lstrip("0123456789_").rstrip("_")
    good = near if _importable(near) else f"{near}_events".lstrip("_")
    better = out.with_name(good) if out.name else out / good
    raise ConfigError(f"{out}: no package can be imported as {name!r}; write --out {better}")


def _importable(name: str) -> bool:
    return name.isidentifier() and not keyword.iskeyword(name)


def _check_free(out: Path, files: Mapping[str, str]) -> None:
    """Raise ConfigError for a folder that we have not made and that somebody uses.

    What a first run that was cut short has left is ours: the very texts that it is to have.
    """
    found = sorted(out.iterdir()) if out.is_dir() else []
    samples = out / "samples"
    if samples.is_dir():
        found = [path for path in found if path != samples] + sorted(samples.iterdir())
    for path in found:
        name = path.relative_to(out).as_posix()
        part = path.name.startswith(".") and path.name.endswith(".part")
        if not part and not (name in files and path.is_file() and _read(path) == files[name]):
            raise ConfigError(
                f"{out} has {name} in it and was never generated; nothing is written there: "
                "name an empty folder with --out"
            )


def check(out: Path, files: Mapping[str, str]) -> Drift | None:
    """How the folder differs from `files`, and which side moved; None when it does not."""
    provenance = _provenance(out)
    listed = _listed(out)
    current = {name: _read(out / name) for name in {*files, *listed}}
    differing = sorted(name for name in current if current[name] != files.get(name))
    if not differing:
        return None
    reasons = [] if provenance is None else sides(provenance, files[PROVENANCE])
    reasons = [f"{reason}, run receiver generate" for reason in reasons]
    for name in sorted(listed):
        text = current[name]
        if text is None:
            reasons.append(f"{out / name} is missing")
        elif name != PROVENANCE and digest(text) != listed[name]:
            reasons.append(f"{out / name} was edited by hand")
    if provenance is None:
        reasons.append(f"{out} was never generated, run receiver generate")
    if not reasons:
        reasons.append("receiver's generator changed, run receiver generate")
    return Drift(reasons, _diff(out, differing, current, files))


def _diff(
    out: Path,
    differing: list[str],
    current: Mapping[str, str | None],
    files: Mapping[str, str],
) -> str:
    """A unified diff from what is there to what would be generated; the beginning of a long one."""
    lines: list[str] = []
    for name in differing:
        if name == PROVENANCE and len(differing) > 1:
            continue  # hashes of the others: no news
        lines += difflib.unified_diff(
            (current[name] or "").splitlines(),
            files.get(name, "").splitlines(),
            f"{out / name}",
            f"{out / name} (generated)",
            lineterm="",
        )
    if len(lines) > MAX_DIFF_LINES:
        lines[MAX_DIFF_LINES:] = [f"… and {len(lines) - MAX_DIFF_LINES} lines more"]
    return "\n".join(lines)


def _listed(out: Path) -> dict[str, str]:
    """The files that we wrote earlier, with the hash of what we wrote; the list itself too."""
    provenance = _provenance(out)
    if provenance is None:
        return {}
    files = provenance.get("files")
    listed = files if isinstance(files, dict) else {}
    return {name: str(sha) for name, sha in listed.items() if _is_inside(name)} | {PROVENANCE: ""}


def _is_inside(name: str) -> bool:
    """Whether a listed path can be one of ours: a file of the folder or of its `samples`."""
    path = PurePosixPath(name)
    folders = path.parts[:-1]
    return not path.is_absolute() and ".." not in path.parts and folders in ((), ("samples",))


def _provenance(out: Path) -> dict[str, Any] | None:
    """What PROVENANCE.json says; None where there is none.

    Raises ConfigError for one that is not ours.
    """
    text = _read(out / PROVENANCE)
    if text is None:
        return None
    try:
        provenance = json.loads(text)
    except ValueError:
        provenance = None
    if not isinstance(provenance, dict) or provenance.get("generator") != GENERATOR:
        raise ConfigError(
            f"{out / PROVENANCE} was not written by `{GENERATOR}`; name another folder with --out"
        )
    return provenance


def _read(path: Path) -> str | None:
    """A file's text, its bytes undecoded where they are no UTF-8; None where there is no file."""
    try:
        return path.read_bytes().decode("utf-8", "surrogateescape")
    except FileNotFoundError:
        return None
    except OSError as error:
        raise ConfigError(f"{path}: {error.strerror}") from error


def _replace(path: Path, text: str) -> None:
    """Write a file so that a reader finds the old one or the new one, never a part."""
    part = path.with_name(f".{path.name}.part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        part.write_bytes(text.encode())
        part.replace(path)
    except OSError as error:
        raise ConfigError(f"{path}: {error.strerror}") from error
