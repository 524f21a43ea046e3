"""One configured pull: which source's messages come from where, by which transport.

Must not know: files, how a transport is run.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from pydantic import ValidationError

from receiver.contract import Contract, Operation
from receiver.errors import PluginError
from receiver.redaction import Redaction
from receiver.settings import KeyPath, nearest_of, plain
from receiver.transport import Transport
from receiver.transports.discovery import Brought

DEADLINE = 120.0
"""Seconds that one call of a transport may take, unless it is configured otherwise."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Pull:
    """What one puller does; two that are equal do the same."""

    source: str
    name: str
    transport: Brought
    settings: Mapping[str, Any] = field(repr=False)
    """The transport's own settings, with every reference to a secret resolved."""
    operation: str | None = None
    """The operation as whose events its messages are read; None: see `operation_for`."""
    deadline: float = DEADLINE

    @property
    def title(self) -> str:
        """What logs and tables call it."""
        return f"{self.source}.{self.name}"


class FaultySetting(PluginError):
    """A transport cannot be made with these settings; `path` leads to the first that is wrong."""

    def __init__(self, message: str, path: KeyPath) -> None:
        self.path = path
        super().__init__(message)


def operation_for(contract: Contract, source: str, named: str | None = None) -> Operation:
    """The operation as whose events a source's pulled messages are read.

    Unless one is named, the one with the most event types; the first of several. Raises
    LookupError, which says what there is.
    """
    of_source = [each for each in contract.operations if each.source == source]
    if named is not None:
        for each in of_source:
            if each.id == named:
                return each
        advice = nearest_of(named, [each.id for each in of_source], "its operations:")
        raise LookupError(f"source {source} has no operation {named!r}; {advice}")
    if not of_source:
        raise LookupError(f"source {source} has no operation in the contract")
    return max(of_source, key=lambda each: len(each.events))


def made(pull: Pull) -> Transport:
    """The transport, ready to be opened.

    Raises FaultySetting for settings that it does not take, PluginError for what else is wrong.
    """
    cls = pull.transport.load()
    try:
        settings = cls.Settings.model_validate(dict(pull.settings))
    except ValidationError as error:
        raise _fault(error, cls, pull) from None
    try:
        return cls(settings, name=pull.title)
    except (Exception, SystemExit) as error:
        said = Redaction(_texts(pull.settings)).text(f"{type(error).__name__}: {error}")
        raise PluginError(f"transport {pull.transport.name} cannot be made: {said}") from None


def _fault(error: ValidationError, cls: type[Transport], pull: Pull) -> FaultySetting:
    who = f"transport {pull.transport.name}"
    missing: list[str] = []
    wrong: list[str] = []
    path: KeyPath = ()
    for each in error.errors(include_url=False, include_context=False, include_input=False):
        name = ".".join(str(part) for part in each["loc"])
        if each["type"] == "missing":
            missing.append(name)
            continue
        path = path or tuple(each["loc"])
        if each["type"] == "extra_forbidden":
            known = list(cls.Settings.model_fields)
            wrong.append(f"has no setting {name}; {nearest_of(name, known, 'known:')}")
        else:
            said = plain(each["type"], each["msg"], name)
            said = Redaction(_texts(pull.settings)).text(said)
            wrong.append(f"cannot use the setting {name}: {said}" if name else f"says: {said}")
    if missing:
        noun = "setting" if len(missing) == 1 else "settings"
        table = f"[sources.{pull.source}.pull.{pull.name}]"
        wrong.append(f"needs the {noun} {', '.join(missing)} in {table}")
    return FaultySetting(f"{who} {'; '.join(wrong)}", path)


def _texts(settings: Any) -> list[str]:
    """Every text in settings; any of them may be a secret."""
    if isinstance(settings, str):
        return [settings]
    inside: Any = ()
    if isinstance(settings, Mapping):
        inside = settings.values()
    elif isinstance(settings, list | tuple):
        inside = settings
    return [text for value in inside for text in _texts(value)]
