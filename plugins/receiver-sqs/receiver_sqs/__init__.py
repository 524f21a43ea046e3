"""Amazon SQS for Receiver: a sink that sends events, a transport that takes messages out.

Must not know: anything of Receiver but its public names.
"""

from receiver_sqs.pull import SqsPull
from receiver_sqs.sink import Sqs

__all__ = ["Sqs", "SqsPull"]
__version__ = "0.1.0"
