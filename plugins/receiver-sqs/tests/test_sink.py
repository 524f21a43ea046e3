"""Events into a queue: the promises of every sink, and those of this one."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

import pytest
from moto.sqs.models import SQSBackend
from receiver_sqs import Sqs
from receiver_sqs.sink import word

from receiver import Event
from receiver.testing import SinkSuite, deliver, sample_event


class TestSqs(SinkSuite):
    """With a FIFO queue, of which more can be asked than of a standard one."""

    sink = "sqs"
    idempotent = True

    @pytest.fixture
    def sink_settings(self, settings: dict[str, Any], fifo: Any) -> Mapping[str, Any]:
        return {**settings, "queue": fifo.name}

    @pytest.fixture
    def unreachable(self, sink_settings: Mapping[str, Any]) -> Mapping[str, Any]:
        return {**sink_settings, "endpoint": "http://127.0.0.1:1"}

    @pytest.fixture
    def arrived(self, fifo: Any) -> Callable[[], list[str]]:
        seen: list[str] = []

        def arrived() -> list[str]:
            seen.extend(json.loads(each["Body"])["id"] for each in fifo.taken())
            return seen

        return arrived


def made(settings: dict[str, Any], **more: Any) -> Sqs:
    return Sqs(Sqs.Settings(**settings, **more), route="forward")


def events(number: int) -> list[Event[Any]]:
    return [sample_event("datum/agg/update", {"nodeId": n}, seq=n + 1) for n in range(number)]


def test_raw_is_exactly_what_solarnetwork_writes(settings: dict[str, Any], queue: Any) -> None:
    event = sample_event("datum/agg/update")
    deliver(made(settings, body="raw"), [event])
    [message] = queue.taken()
    assert message["Body"].encode() == event.raw
    assert "MessageAttributes" not in message


def test_ten_go_in_one_request(settings: dict[str, Any], queue: Any, requests: list[int]) -> None:
    deliver(made(settings), events(25))
    assert len(queue.taken()) == 25
    assert requests == [10, 10, 5]


def test_what_fails_in_a_batch_is_not_what_the_others_do(
    settings: dict[str, Any], queue: Any, refusals: dict[str, tuple[str, bool]]
) -> None:
    many = events(4)
    refusals[str(many[1].node)] = ("InvalidMessageContents", True)
    refusals[str(many[2].node)] = ("InternalError", False)
    results = deliver(made(settings, attributes=True), many)
    assert len(queue.taken()) == 2
    told = [result.outcome for result in results]
    assert told == ["delivered", "rejected", "retry", "delivered"]
    assert "InvalidMessageContents" in results[1].reason


def test_a_fifo_queue_gets_the_node_as_group_and_the_id_against_repetition(
    settings: dict[str, Any], fifo: Any
) -> None:
    [event] = events(1)
    for _ in range(2):
        deliver(made({**settings, "queue": fifo.name}, attributes=True), [event])
    [message] = fifo.taken()
    assert message["Attributes"]["MessageGroupId"] == event.node
    assert message["Attributes"]["MessageDeduplicationId"] == event.id
    told = {name: value["StringValue"] for name, value in message["MessageAttributes"].items()}
    assert told == {
        "source": "solarnetwork",
        "type": "datum/agg/update",
        "id": event.id,
        "node": event.node,
    }


def test_a_group_that_sqs_would_not_take_becomes_a_hash() -> None:
    assert word("node-1_a.b") == "node-1_a.b"
    for odd in ("with space", "ü", "x" * 129, ""):
        assert len(word(odd)) == 64


@pytest.mark.parametrize("text", ["", "\x00", "x" * 262_144])
def test_what_sqs_never_takes_is_rejected(text: str, settings: dict[str, Any]) -> None:
    template = f"{{{{ {text!r} }}}}"
    [result] = deliver(made(settings, body="template", template=template), events(1))
    assert result.outcome == "rejected"


@pytest.fixture
def requests(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """How many messages each request to the server had."""
    sizes: list[int] = []
    send = SQSBackend.send_message_batch

    def counted(self: Any, queue_name: str, entries: Any) -> Any:
        sizes.append(len(entries))
        return send(self, queue_name, entries)

    monkeypatch.setattr(SQSBackend, "send_message_batch", counted)
    return sizes


@pytest.fixture
def refusals(monkeypatch: pytest.MonkeyPatch) -> dict[str, tuple[str, bool]]:
    """Have the server refuse messages of a node: by node, the code and whether it is our fault."""
    told: dict[str, tuple[str, bool]] = {}
    send = SQSBackend.send_message_batch

    def refusing(self: Any, queue_name: str, entries: Any) -> Any:
        bad = {
            number: told[node]
            for number, entry in entries.items()
            for node in [entry["MessageAttributes"]["node"]["StringValue"]]
            if node in told
        }
        good = {number: entry for number, entry in entries.items() if number not in bad}
        sent, failed = send(self, queue_name, good)
        more = [
            {"Id": entries[number]["Id"], "Code": code, "Message": "no", "SenderFault": ours}
            for number, (code, ours) in bad.items()
        ]
        return sent, [*failed, *more]

    monkeypatch.setattr(SQSBackend, "send_message_batch", refusing)
    return told
