"""Are the installed libraries those that Receiver needs, and free of faults that matter here?

The second half is a short list of published advisories, not a scanner: `pip-audit` knows all.
Must not know: what uses a library.
"""

from __future__ import annotations

import platform
from collections.abc import Callable, Iterator, Mapping
from importlib.metadata import PackageNotFoundError, requires, version

from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet
from packaging.version import InvalidVersion, Version

from receiver.doctor.finding import Finding, fail, ok, warn
from receiver.inbox.sqlite.connection import SQLITE_VERSION

DISTRIBUTION = "receiver-framework"

FAULTY: Mapping[str, tuple[str, str]] = {
    "cryptography": ("<44.0.1", "CVE-2024-12797"),
    "gunicorn": ("<23.0.0", "CVE-2024-6827"),
    "h11": ("<0.16.0", "CVE-2025-43859"),
    "idna": ("<3.7", "CVE-2024-3651"),
    "jinja2": ("<3.1.6", "CVE-2025-27516"),
    "requests": ("<2.32.4", "CVE-2024-47081"),
    "starlette": ("<0.49.1", "CVE-2025-62727"),
    "urllib3": ("<2.5.0", "CVE-2025-50181"),
    "werkzeug": ("<3.0.6", "CVE-2024-49767"),
}
"""Versions of libraries on the way of a request or a delivery, and what is known of them."""

SQLITE_SOUND = (SpecifierSet(">=3.51.3"), SpecifierSet(">=3.50.7,<3.51"), SpecifierSet("~=3.44.6"))
"""Without the WAL-reset fault (https://sqlite.org/wal.html): two processes that copy the log while
a third commits may, very rarely, damage the file."""


def libraries(found: Callable[[str], str] = version) -> Iterator[Finding]:
    """The libraries that Receiver declares, and those that are known to be faulty."""
    wrong = list(_old(found))
    yield from wrong
    for name, (versions, advisory) in FAULTY.items():
        there = _version(name, found)
        if there is not None and there in SpecifierSet(versions):
            text = f"{name} {there} has a published fault ({advisory})"
            wrong.append(warn("library", text, f"pip install --upgrade {name}"))
            yield wrong[-1]
    if not wrong:
        yield ok("library", f"those of Receiver are there, Python {platform.python_version()}")


def _old(found: Callable[[str], str]) -> Iterator[Finding]:
    try:
        wanted = [Requirement(text) for text in requires(DISTRIBUTION) or ()]
    except PackageNotFoundError:
        text = "Receiver is not installed as a distribution"
        yield warn("library", text, f"pip install {DISTRIBUTION}")
        return
    for requirement in wanted:
        if requirement.marker is not None and not requirement.marker.evaluate({"extra": ""}):
            continue
        there = _version(requirement.name, found)
        if there is None:
            text = f"{requirement.name} is not installed"
            yield fail("library", text, f"pip install '{requirement}'")
        elif not requirement.specifier.contains(there, prereleases=True):
            text = f"{requirement.name} {there} is none that Receiver was made for"
            yield fail("library", text, f"pip install '{requirement}'")


def sqlite(there: str = SQLITE_VERSION) -> Finding:
    """The SQLite that Python brings."""
    if any(Version(there) in sound for sound in SQLITE_SOUND):
        return ok("sqlite", f"SQLite {there}")
    return warn(
        "sqlite",
        f"SQLite {there} may, very rarely, damage a store (the WAL-reset fault) unless your system "
        "has patched it",
        "use a Python with SQLite 3.51.3 or newer; keep back-ups",
    )


def _version(name: str, found: Callable[[str], str]) -> Version | None:
    try:
        return Version(found(name))
    except (PackageNotFoundError, InvalidVersion):
        return None
