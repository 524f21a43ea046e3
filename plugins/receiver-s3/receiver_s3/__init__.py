"""A Receiver sink that keeps events in S3, as JSON lines under keys by time.

Must not know: anything of Receiver but its public names.
"""

from receiver_s3.sink import S3

__all__ = ["S3"]
__version__ = "0.1.0"
