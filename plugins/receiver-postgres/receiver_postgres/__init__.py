"""A Receiver sink that keeps events in PostgreSQL, each event once.

Must not know: anything of Receiver but its public names.
"""

from receiver_postgres.sink import Postgres

__all__ = ["Postgres"]
__version__ = "0.1.0"
