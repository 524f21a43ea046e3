"""An AWS Lambda function that delivers what SNS topics or SQS queues hand to it: `handler`.

The configuration is `receiver.toml` in the function's folder, or `RECEIVER_CONFIG`. There is no
inbox: the topic or queue keeps a record until it was delivered, and its dead-letter queue what
never can be. Must not know: how anything is done.
"""

from __future__ import annotations

import asyncio
import logging
import os
from collections.abc import Sequence
from datetime import UTC, datetime
from functools import cache
from typing import Any

from receiver import backstage, configured, logs
from receiver.contract import Contract, Operation
from receiver.errors import ConfigError, ReceiverError
from receiver.judgement import Arrival, Rules
from receiver.lot import read_all
from receiver.passage import Passage
from receiver.settings.file import load
from receiver.sources.records import Record, records

SOURCE = "RECEIVER_LAMBDA_SOURCE"
"""The variable that names whose events come; else the only source that sends by SNS."""

SECONDS = 60.0
"""For one invocation, where Lambda does not say how long it may take."""
MARGIN = 1.0
"""Seconds that are left to answer in."""

_log = logging.getLogger("receiver.aws_lambda")


class Undelivered(ReceiverError):
    """Records that were not delivered; Lambda invokes the function with them again."""


def handler(event: Any, context: Any = None) -> dict[str, Any]:
    """Deliver the records of an invocation.

    Of a queue, those that failed are reported one by one (`ReportBatchItemFailures`). Of a topic,
    Undelivered is raised, so that Lambda comes again and, in the end, uses the dead-letter queue.
    """
    found = records(event)
    problems = _function().deliver(found, _seconds(context))
    failed = [
        (record, problem)
        for record, problem in zip(found, problems, strict=True)
        if problem is not None
    ]
    for record, problem in failed:
        _log.error("record %s was not delivered: %s", record.id, problem)
    lost = [record for record, _ in failed if not record.queued]
    if lost:
        raise Undelivered(f"{len(lost)} of {len(found)} records were not delivered")
    return {"batchItemFailures": [{"itemIdentifier": record.id} for record, _ in failed]}


class Function:
    """What stays between the invocations of one process."""

    def __init__(self) -> None:
        """Raise ConfigError for a configuration that cannot be used."""
        logs.configure()
        found = load(None, os.environ)
        served = configured.catalogue(found)
        plugins = configured.plugins(found)
        operation = operation_of(served.contract, os.environ.get(SOURCE))
        self._rules = Rules.of(operation, served)
        self._passage = Passage(served, backstage.routes(found, served, plugins, os.environ))
        self._runner = asyncio.Runner()

    def deliver(self, found: Sequence[Record], seconds: float) -> list[str | None]:
        """Why each record was not delivered; None where it was."""
        now = datetime.now(UTC)
        arrivals = [
            Arrival(self._rules, (), None, "lambda", now, record.envelope) for record in found
        ]
        entries = read_all(arrivals, [record.raw for record in found])
        return self._runner.run(self._passage.deliver(entries, seconds))

    def close(self) -> None:
        """Let go of every sink."""
        self._runner.run(self._passage.close())
        self._runner.close()


def operation_of(contract: Contract, source: str | None) -> Operation:
    """The operation as whose events the records are read: that of a source that takes most types.

    Raises ConfigError when there is no such source, or several might be meant.
    """
    by_sns = sorted({one.source for one in contract.operations if one.transport == "sns"})
    if source is None:
        if len(by_sns) != 1:
            raise ConfigError(f"set {SOURCE} to one of {', '.join(sorted(contract.sources))}")
        source = by_sns[0]
    taking = [one for one in contract.operations if one.source == source]
    if not taking:
        known = ", ".join(sorted(contract.sources))
        raise ConfigError(f"{SOURCE} = {source!r}: the contract has no such source; {known}")
    return max(taking, key=lambda one: (one.transport == "sns", len(one.events)))


@cache
def _function() -> Function:
    return Function()


def _seconds(context: Any) -> float:
    """How long an invocation may take."""
    left = getattr(context, "get_remaining_time_in_millis", None)
    return max(0.1, left() / 1000 - MARGIN) if left is not None else SECONDS
