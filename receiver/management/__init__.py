"""The API that steers Receiver, in three dialects over one store; for the admin listener only.

Must not know: listeners, how routes are run.
"""

from __future__ import annotations

from receiver.management.accounts import Accounts
from receiver.management.app import DOCUMENT, Ground, build

__all__ = ["DOCUMENT", "Accounts", "Ground", "build"]
