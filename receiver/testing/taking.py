"""What a sink promises to take: every event that a platform may send, however odd.

Must not know: where the events go.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import msgspec
import pytest

from receiver.event import Event
from receiver.testing.subject import Subject, broken

MANY = 100
LARGE = 1024 * 1024
DEEP = 60
SCRIPTS = (
    'Küche "1" \\ 台所 \N{HOT BEVERAGE} \u202e عربى \u2028 <b>&amp;</b> {{ 7*7 }} %s $HOME \t\n\x7f'
)
EXAMPLES = 12
FEW = 5

Arrived = Callable[[], list[str]] | None


@dataclass(frozen=True)
class Changed:
    """Makes other events of an event."""

    event: Event[Any]

    def to(self, **fields: Any) -> Event[Any]:
        """The event with other fields of the envelope."""
        return msgspec.structs.replace(self.event, **fields)

    def payload(self, **fields: Any) -> Event[Any]:
        """The event with more fields in its payload."""
        body = self.event.json()
        known = body if isinstance(body, dict) else {"was": body}
        return self.to(raw=json.dumps({**known, **fields}, ensure_ascii=False).encode())


def distinct(events: Sequence[Event[Any]], count: int) -> list[Event[Any]]:
    """So many different events made of these, of a few nodes, numbered from 1."""
    return [
        Changed(events[number % len(events)]).to(
            seq=number + 1, id=f"suite-{number + 1:04}", node=f"node-{number % 7}"
        )
        for number in range(count)
    ]


class Taking:
    """Tests of what comes in."""

    idempotent: ClassVar[bool]
    ordered: ClassVar[bool]
    contract: ClassVar[str]

    def test_it_delivers_a_sample_of_every_type_it_has_a_hook_for(self, subject: Subject) -> None:
        subject.must_deliver(
            subject.events(), "what it has a hook for, it delivers while its target is there"
        )

    def test_it_takes_fields_that_the_spec_does_not_know(self, subject: Subject) -> None:
        new = {"new_field": {"added": ["by", "the", "platform"]}, "x-2": None}
        events = [Changed(event).payload(**new) for event in subject.events()]
        subject.must_deliver(events, "a platform may add fields to a payload at any time")

    def test_it_takes_events_without_node_user_or_key(self, subject: Subject) -> None:
        events = [Changed(event).to(node=None, user=None, key=None) for event in subject.events()]
        subject.must_answer(events, "`node`, `user` and `key` may be None on any event")

    def test_it_takes_text_of_every_script(self, subject: Subject) -> None:
        events = [Changed(event).payload(text=SCRIPTS) for event in subject.events()]
        subject.must_deliver(events, "texts are Unicode, with quotes, line ends and all")

    def test_it_takes_names_of_every_script(self, subject: Subject) -> None:
        name = "Küche/1 #+$ 台所 ' \" \\ ; --"
        events = [Changed(e).to(node=name, user=name, key=name) for e in subject.events()]
        subject.must_answer(events, "`node`, `user` and `key` are any text the sender chose")

    def test_it_takes_large_numbers(self, subject: Subject) -> None:
        numbers = {
            "big": 2**63 - 1,
            "small": -(2**63),
            "float": 1.7976931348623157e308,
            "e": 5e-324,
        }
        events = [Changed(event).payload(**numbers) for event in subject.events()]
        subject.must_deliver(events, "numbers are as large as a sender writes them")

    def test_it_answers_for_a_large_payload(self, subject: Subject) -> None:
        event = Changed(subject.events()[0]).payload(text="x" * LARGE)
        subject.must_answer([event], "a payload of 1 MiB is delivered, or refused in plain words")

    def test_it_answers_for_a_deep_payload(self, subject: Subject) -> None:
        deep: Any = "bottom"
        for _ in range(DEEP):
            deep = {"down": [deep]}
        event = Changed(subject.events()[0]).payload(deep=deep)
        subject.must_answer([event], f"a payload may nest {2 * DEEP} deep")

    def test_it_answers_for_a_type_that_is_new_to_the_contract(self, subject: Subject) -> None:
        event = Changed(subject.events()[0]).to(type="brand/new", raw=b"[1, null]")
        subject.must_answer([event], "on_event and on_batch get types that no spec has heard of")

    def test_it_takes_events_again(self, subject: Subject) -> None:
        event = Changed(subject.events()[0])
        again = [event.to(attempt=7), event.to(replay=True), event.to(released=True)]
        subject.must_deliver(again, "later attempts, replays and released events are events")

    def test_an_event_that_comes_twice_is_delivered_twice(
        self, subject: Subject, arrived: Arrived
    ) -> None:
        event = subject.events()[0]
        subject.must_deliver([event, event], "an event may come again: that is no failure")
        subject.must_deliver([event], "an event may come again after a restart: no failure")
        if self.idempotent:
            if arrived is None:
                pytest.fail("`idempotent = True` needs the fixture `arrived`", pytrace=False)
            if arrived().count(event.id) != 1:
                broken(
                    "it says that it is idempotent: an event that comes again arrives once",
                    f"the other end has it {arrived().count(event.id)} times",
                )

    def test_it_takes_a_list_of_one_and_a_list_of_many(self, subject: Subject) -> None:
        for size in (1, MANY):
            subject.must_deliver(
                distinct(subject.events(), size), "on_batch takes lists from 1 to the route's batch"
            )

    def test_it_takes_events_of_many_nodes_at_the_same_time(self, subject: Subject) -> None:
        subject.must_deliver(
            distinct(subject.events(), 16),
            "hooks are called at the same time for different nodes, plain ones in threads",
            batch=2,
            together=True,
        )

    def test_everything_arrives(self, subject: Subject, arrived: Arrived) -> None:
        if arrived is None:
            pytest.skip("override the fixture `arrived` to have this tested")
        events = distinct(subject.events(), MANY)
        subject.must_deliver(events, "what it has a hook for, it delivers")
        missing = [event.id for event in events if event.id not in arrived()]
        if missing:
            broken(
                "an event is delivered only when its target has it: nothing is kept in memory",
                f"it said delivered, and {len(missing)} of {MANY} did not arrive: {missing[0]}",
            )

    def test_events_arrive_in_their_order(self, subject: Subject, arrived: Arrived) -> None:
        if arrived is None or not self.ordered:
            pytest.skip("override the fixture `arrived`, with `ordered = True`")
        events = distinct(subject.events(), MANY)
        subject.must_deliver(events, "what it has a hook for, it delivers")
        ours = {event.id for event in events}
        found = [id for id in dict.fromkeys(arrived()) if id in ours]
        if found != [event.id for event in events]:
            broken("events arrive in the order in which they were handed over", f"{found[:5]} …")

    def test_events_and_lists_of_them_stay_as_they_were(self, subject: Subject) -> None:
        events = distinct(subject.events(), 10)
        before = [(event.raw, repr(_data(event))) for event in events]
        subject.deliver(events)
        if [(event.raw, repr(_data(event))) for event in events] != before:
            broken("an event is never changed, nor anything in its data", "it changed one")

    def test_any_event_gets_an_answer(self, subject: Subject) -> None:
        pytest.importorskip("hypothesis", reason="needs receiver-framework[testing]")
        from hypothesis import HealthCheck, Phase, given, settings
        from hypothesis import strategies as st

        from receiver.testing.strategies import events

        @settings(
            max_examples=EXAMPLES,
            deadline=None,
            database=None,
            derandomize=True,
            phases=[Phase.generate],  # to make it smaller would open the sink a thousand times
            suppress_health_check=list(HealthCheck),
        )
        @given(st.lists(events(self.contract), min_size=FEW, max_size=FEW))
        def answered(several: list[Event[Any]]) -> None:
            subject.must_answer(several, "whatever a payload holds, it is delivered or refused")

        answered()


def _data(event: Event[Any]) -> Any:
    """The payload as hooks see it, or nothing where it does not fit the model."""
    try:
        return event.data
    except Exception as error:
        return type(error).__name__
