"""What a check has found.

Must not know: what was checked.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

State = Literal["ok", "warn", "fail"]


@dataclass(frozen=True, slots=True)
class Finding:
    """One line of the doctor."""

    state: State
    check: str
    """What was looked at: `clock`, `disk`, `port` …"""
    text: str
    fix: str = ""
    """What to do; empty where all is well."""


def ok(check: str, text: str) -> Finding:
    """All is well."""
    return Finding("ok", check, text)


def warn(check: str, text: str, fix: str) -> Finding:
    """It runs, and may yet go wrong."""
    return Finding("warn", check, text, fix)


def fail(check: str, text: str, fix: str) -> Finding:
    """It does not run, or loses what it should keep."""
    return Finding("fail", check, text, fix)
