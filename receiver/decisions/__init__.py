"""What is decided while Receiver runs: routes, filters, users, tokens, and the trail of changes.

Must not know: HTTP, what a role may do, how a route is run.
"""

from __future__ import annotations

from receiver.decisions.accounts import ROLES, Role, Token, User
from receiver.decisions.book import Book
from receiver.decisions.routes import Flow, Hook, ManagedRoute
from receiver.decisions.sealing import Seal

__all__ = ["ROLES", "Book", "Flow", "Hook", "ManagedRoute", "Role", "Seal", "Token", "User"]
