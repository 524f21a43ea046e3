"""Wheels of what is installed here, so that other environments install it without any index.

Must not know: Receiver.
"""

from __future__ import annotations

import base64
import csv
import hashlib
import io
import zipfile
from importlib.metadata import Distribution, PackageNotFoundError, distribution
from pathlib import Path

from packaging.markers import default_environment
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

NOT_PART = frozenset({"INSTALLER", "REQUESTED", "direct_url.json", "RECORD"})
"""Files of a dist-info that an installer writes."""


def closure(requirements: list[str], leave_out: set[str]) -> list[Distribution]:
    """The installed distributions that these need, and what those need, without some."""
    found: dict[str, Distribution] = {}
    todo = [Requirement(text) for text in requirements]
    seen: set[tuple[str, str]] = set()
    while todo:
        wanted = todo.pop()
        name = canonicalize_name(wanted.name)
        for extra in ["", *sorted(wanted.extras)]:
            if (name, extra) in seen:
                continue
            seen.add((name, extra))
            try:
                there = distribution(name)
            except PackageNotFoundError:
                raise AssertionError(f"{wanted} is not installed; see extras test") from None
            if name not in leave_out:
                found[name] = there
            environment = {**default_environment(), "extra": extra}
            for text in there.requires or []:
                needed = Requirement(text)
                if needed.marker is None or needed.marker.evaluate(environment):
                    todo.append(needed)
    return list(found.values())


def fill(folder: Path, distributions: list[Distribution]) -> None:
    """A wheel of each distribution."""
    for there in distributions:
        _repack(folder, there)


def _repack(folder: Path, there: Distribution) -> None:
    name = canonicalize_name(there.metadata["Name"]).replace("-", "_")
    stem = f"{name}-{there.version}"
    tags = [
        line.removeprefix("Tag: ")
        for line in (there.read_text("WHEEL") or "").splitlines()
        if line.startswith("Tag: ")
    ]
    assert tags, f"{name} was not installed from a wheel"
    parts = [sorted({tag.split("-")[place] for tag in tags}) for place in range(3)]
    target = folder / f"{stem}-{'-'.join('.'.join(part) for part in parts)}.whl"
    rows = io.StringIO()
    record = csv.writer(rows, lineterminator="\n")
    with zipfile.ZipFile(target, "w", zipfile.ZIP_STORED) as archive:
        for file in there.files or []:
            path = Path(str(file.locate()))
            if "__pycache__" in file.parts or not path.is_file():
                continue
            info = next((part for part in file.parts if part.endswith(".dist-info")), None)
            if info and file.name in NOT_PART:
                continue
            if ".." in file.parts:
                if file.parts[-2] != "bin" or path.read_bytes()[:2] == b"#!":
                    continue  # a script that the installer makes of an entry point
                place = f"{stem}.data/scripts/{file.name}"
            else:
                place = f"{stem}.dist-info/{'/'.join(file.parts[1:])}" if info else str(file)
            content = path.read_bytes()
            member = zipfile.ZipInfo(place, (2020, 1, 1, 0, 0, 0))
            member.external_attr = path.stat().st_mode << 16
            archive.writestr(member, content)
            digest = base64.urlsafe_b64encode(hashlib.sha256(content).digest()).rstrip(b"=")
            record.writerow([place, f"sha256={digest.decode()}", len(content)])
        record.writerow([f"{stem}.dist-info/RECORD", "", ""])
        archive.writestr(f"{stem}.dist-info/RECORD", rows.getvalue())
