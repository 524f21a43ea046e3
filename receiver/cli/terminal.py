"""Who sits at this terminal, and the decisions of a store, for commands that change them.

Must not know: what a command changes.
"""

from __future__ import annotations

import getpass
import os
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from typing import TYPE_CHECKING, TypeVar

from receiver.cli import opening

if TYPE_CHECKING:
    from receiver.decisions import Book
    from receiver.inbox.sqlite import SqliteInbox
    from receiver.management.accounts import Accounts
    from receiver.management.caller import Caller
    from receiver.settings import Configuration

T = TypeVar("T")


def caller() -> Caller:
    """The person at this terminal, as the audit trail names them."""
    from receiver.management.caller import at_terminal

    try:
        name = getpass.getuser()
    except (KeyError, OSError):  # a container's user may have no name
        name = str(os.getuid())
    return at_terminal(name, datetime.now(UTC))


def with_accounts(found: Configuration, work: Callable[[Accounts], Awaitable[T]]) -> T:
    """What `work` returns of the users and tokens of a store."""
    from receiver.decisions import Book, Seal
    from receiver.management.accounts import Accounts

    async def run(inbox: SqliteInbox) -> T:
        seal = Seal(found.store_path.parent, os.environ)
        return await work(Accounts(Book(inbox.registry), seal, inbox))

    return opening.with_store(found, run)


def with_book(found: Configuration, work: Callable[[Book], Awaitable[T]]) -> T:
    """What `work` returns of the decisions of a store."""
    from receiver.decisions import Book

    async def run(inbox: SqliteInbox) -> T:
        return await work(Book(inbox.registry))

    return opening.with_store(found, run)
