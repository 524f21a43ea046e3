"""Which transports there are: the entry points of installed distributions.

Must not know: settings' values, the contract, how a transport is run.
"""

from __future__ import annotations

import inspect
from dataclasses import dataclass
from importlib.metadata import EntryPoint, entry_points

from receiver.errors import PluginError
from receiver.sink import API
from receiver.transport import Transport

GROUP = "receiver.transports"
"""The entry-point group that installed transports stand in."""

_ASYNC = ("open", "pull", "acknowledge", "close")


@dataclass(frozen=True, slots=True)
class Brought:
    """One transport that was found; equal while name, origin and place are."""

    name: str
    """What `transport = "…"` calls it."""
    origin: str
    """The distribution that brought it, and its version."""
    value: str
    """Where it is, such as `receiver_sqs:Sqs`; empty where several distributions claim the name."""

    def load(self) -> type[Transport]:
        """The class. Raises PluginError when it cannot be had, or was written for another API."""
        who = f"transport {self.name} ({self.origin})"
        if not self.value:
            raise PluginError(f"{who} is brought by several; uninstall or rename one of them")
        try:
            found = EntryPoint(self.name, self.value, GROUP).load()
        except (Exception, SystemExit) as error:
            text = " ".join(str(error).split())
            raise PluginError(
                f"{who} cannot be imported: {type(error).__name__}: {text}"
            ) from error
        if not (isinstance(found, type) and issubclass(found, Transport)):
            raise PluginError(f"{who} is no subclass of receiver.Transport")
        if found.api != API:
            newer = "update Receiver" if found.api > API else "update the plugin"
            raise PluginError(
                f"{who} was written for plugin API {found.api}, this is {API}: {newer}"
            )
        for name in _ASYNC:
            if not inspect.iscoroutinefunction(getattr(found, name)):
                raise PluginError(f"{who}: {name} must be `async def`")
        return found


def discover() -> dict[str, Brought]:
    """Every transport by name, in the order of names; nothing is imported."""
    found: dict[str, dict[tuple[str, str], Brought]] = {}
    for entry in entry_points(group=GROUP):
        origin = f"{entry.dist.name} {entry.dist.version}" if entry.dist else entry.value
        same = found.setdefault(entry.name, {})
        same[origin, entry.value] = Brought(entry.name, origin, entry.value)
    return {
        name: next(iter(same.values())) if len(same) == 1 else _contested(name, same)
        for name, same in sorted(found.items())
    }


def _contested(name: str, same: dict[tuple[str, str], Brought]) -> Brought:
    return Brought(name, " and ".join(one.origin for one in same.values()), "")
