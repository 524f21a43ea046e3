"""A wheel of the Receiver that runs, made of its installed files, for where no index has one.

Must not know: what the wheel is for.
"""

from __future__ import annotations

import base64
import csv
import hashlib
import io
import zipfile
from collections.abc import Iterator
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path

import receiver
from receiver.errors import ConfigError

DISTRIBUTION = "receiver-framework"
ROOMS = ("receiver", "receiver.generated", "receiver.templates")
"""Packages that may lie in folders of their own: in a checkout two of them do."""
EPOCH = (2020, 1, 1, 0, 0, 0)
"""The time of every file in it: the same files make the same wheel."""
WHEEL = "Wheel-Version: 1.0\nGenerator: receiver\nRoot-Is-Purelib: true\nTag: py3-none-any\n"


def wheel_name() -> str:
    """The file name of the wheel."""
    return f"{DISTRIBUTION.replace('-', '_')}-{receiver.__version__}-py3-none-any.whl"


def wheel() -> bytes:
    """The wheel. Raises ConfigError where Receiver is not installed, only lying about."""
    info = f"{DISTRIBUTION.replace('-', '_')}-{receiver.__version__}.dist-info"
    files = dict(sorted(_files()))
    files |= {f"{info}/{name}": text.encode() for name, text in _metadata().items()}
    files[f"{info}/WHEEL"] = WHEEL.encode()
    record = io.StringIO()
    rows = csv.writer(record, lineterminator="\n")
    for name, content in files.items():
        digest = base64.urlsafe_b64encode(hashlib.sha256(content).digest()).rstrip(b"=").decode()
        rows.writerow([name, f"sha256={digest}", len(content)])
    rows.writerow([f"{info}/RECORD", "", ""])
    files[f"{info}/RECORD"] = record.getvalue().encode()
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            member = zipfile.ZipInfo(name, EPOCH)
            member.external_attr = 0o644 << 16
            member.compress_type = zipfile.ZIP_DEFLATED
            archive.writestr(member, content)
    return made.getvalue()


def _files() -> Iterator[tuple[str, bytes]]:
    """Every file of the packages, by its place in the wheel."""
    from importlib import import_module

    for room in ROOMS:
        folder = Path(str(import_module(room).__path__[0]))
        for path in sorted(folder.rglob("*")):
            if path.is_file() and "__pycache__" not in path.parts:
                place = Path(*room.split("."), path.relative_to(folder))
                yield place.as_posix(), path.read_bytes()


def _metadata() -> dict[str, str]:
    try:
        found = distribution(DISTRIBUTION)
    except PackageNotFoundError as error:
        raise ConfigError(
            f"{DISTRIBUTION} is not installed; name a wheel of it with --receiver"
        ) from error
    metadata = found.read_text("METADATA") or found.read_text("PKG-INFO")
    if metadata is None:
        raise ConfigError(f"{DISTRIBUTION} has no metadata; name a wheel of it with --receiver")
    entries = found.read_text("entry_points.txt")
    return {"METADATA": metadata, **({"entry_points.txt": entries} if entries else {})}
