"""Events in a real PostgreSQL: their rows, their tables, and what failures mean."""

from __future__ import annotations

import asyncio
from typing import Any

import msgspec
import pytest
from pydantic import ValidationError
from receiver_postgres import Postgres
from receiver_postgres.tables import LONGEST, MIGRATIONS, name_of

from receiver import Event, Retry
from receiver.testing import deliver, delivering, sample_event

ALL = "SELECT * FROM {}.{} ORDER BY seq"


def event(number: int, **fields: Any) -> Event[Any]:
    made = sample_event("appliance/online", seq=number)
    return msgspec.structs.replace(made, **{"id": f"id-{number}", **fields})


def sink(settings: dict[str, Any], **more: Any) -> Postgres:
    return Postgres(Postgres.Settings.model_validate({**settings, **more}))


def outcomes(settings: dict[str, Any], *events: Event[Any], **more: Any) -> list[str]:
    return [result.outcome for result in deliver(sink(settings, **more), events)]


def test_a_row_is_the_event(settings: dict[str, Any], seen: Any) -> None:
    sent = event(7, user="ada")
    assert outcomes(settings, sent) == ["delivered"]
    [row] = seen.run(ALL)
    assert row == (
        *(sent.id, 7, "gridx", "appliance/online", sent.key, sent.time, sent.received_at),
        *(sent.node, "ada", sent.json()),
    )


def test_an_event_that_comes_again_is_one_row_as_it_came_last(
    settings: dict[str, Any], seen: Any
) -> None:
    assert outcomes(settings, event(1), event(1, node="later")) == ["delivered"] * 2
    assert outcomes(settings, event(1, seq=9, released=True)) == ["delivered"]
    [row] = seen.run(ALL)
    assert row[1] == 9


def test_payloads_can_be_asked_for(settings: dict[str, Any], seen: Any) -> None:
    deliver(sink(settings), [event(1, raw=b'{"a": {"b": [1, 2.50]}}'), event(2, raw=b'{"a": 1}')])
    assert seen.run("SELECT id FROM {}.{} WHERE data->'a'->'b' @> '[2.5]'") == [("id-1",)]


def test_each_source_may_have_a_table(settings: dict[str, Any], seen: Any) -> None:
    events = [event(1), event(2, source="Acme Doors"), event(3)]
    assert outcomes(settings, *events, per_source=True) == ["delivered"] * 3
    assert [row[0] for row in seen.run(ALL, "events_gridx")] == ["id-1", "id-3"]
    assert [row[0] for row in seen.run(ALL, "events_acme_doors")] == ["id-2"]


def test_long_sources_have_tables_of_their_own() -> None:
    names = {name_of("s" * 80 + letter, "events") for letter in "ab"}
    assert len(names) == 2
    assert max(map(len, names)) <= LONGEST


@pytest.mark.parametrize("raw", [b'{"a": "\\u0000"}', b'{"a": "\\ud800"}', b"\xff", b"not JSON"])
def test_what_postgresql_cannot_hold_is_rejected_and_the_rest_is_kept(
    raw: bytes, settings: dict[str, Any], seen: Any
) -> None:
    wrong = event(2, raw=raw)
    assert outcomes(settings, event(1), wrong, event(3)) == ["delivered", "rejected", "delivered"]
    assert [row[0] for row in seen.run(ALL)] == ["id-1", "id-3"]


def test_a_reason_does_not_quote_the_payload(settings: dict[str, Any]) -> None:
    [result] = deliver(sink(settings), [event(1, raw=b'{"a": "private-thing \\u0000"}')])
    assert result.outcome == "rejected"
    assert "private-thing" not in result.reason


def test_a_table_of_an_older_version_is_migrated(settings: dict[str, Any], seen: Any) -> None:
    outcomes(settings, event(1))
    seen.run("DROP INDEX {}.events_node_time")
    seen.run("UPDATE {}.receiver_tables SET version = 1")
    assert outcomes(settings, event(2)) == ["delivered"]
    assert seen.run("SELECT version FROM {}.receiver_tables") == [(len(MIGRATIONS),)]
    [found] = seen.connection.execute(
        "SELECT count(*) FROM pg_indexes WHERE schemaname = %s AND indexname = 'events_node_time'",
        [seen.name],
    ).fetchall()
    assert found == (1,)
    assert [row[0] for row in seen.run(ALL)] == ["id-1", "id-2"]


def test_a_table_of_a_newer_version_is_left_alone(settings: dict[str, Any], seen: Any) -> None:
    outcomes(settings, event(1))
    seen.run("UPDATE {}.receiver_tables SET version = 99")
    [result] = deliver(sink(settings), [event(2)])
    assert (result.outcome, "version 99" in result.reason) == ("retry", True)


async def test_two_routes_may_make_the_same_table_at_the_same_time(
    settings: dict[str, Any], seen: Any
) -> None:
    async def one(number: int) -> str:
        async with delivering(sink(settings)) as opened:
            [result] = await opened.deliver([event(number)])
            return result.outcome

    assert await asyncio.gather(*map(one, range(1, 7))) == ["delivered"] * 6


async def test_a_connection_that_is_lost_is_made_again(settings: dict[str, Any], seen: Any) -> None:
    async with delivering(sink(settings)) as opened:
        [first] = await opened.deliver([event(1)])
        seen.connection.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE application_name = 'receiver'"
        )
        [lost] = await opened.deliver([event(2)])
        [again] = await opened.deliver([event(2)])
    assert (first.outcome, lost.outcome, again.outcome) == ("delivered", "retry", "delivered")
    assert [row[0] for row in seen.run(ALL)] == ["id-1", "id-2"]


async def test_a_locked_table_means_try_again_in_time(settings: dict[str, Any], seen: Any) -> None:
    async with delivering(sink(settings, timeout=2)) as opened:
        await opened.deliver([event(1)])
        with seen.connection.transaction():
            seen.run("LOCK TABLE {}.{}")
            [waited] = await opened.deliver([event(2)])
        [after] = await opened.deliver([event(2)])
    assert (waited.outcome, waited.reason.partition(":")[0]) == ("retry", "57014")
    assert after.outcome == "delivered"


def test_a_private_address_is_refused_unless_it_is_allowed(settings: dict[str, Any]) -> None:
    with pytest.raises(Retry, match="allow_private"):
        deliver(sink(settings, allow_private=False), [event(1)])


def test_a_schema_that_is_not_there_means_try_again(settings: dict[str, Any]) -> None:
    [result] = deliver(sink(settings, schema_name="nowhere"), [event(1)])
    assert (result.outcome, "nowhere" in result.reason) == ("retry", True)


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"dsn": "nonsense here"}, "must be postgresql"),
        ({"table": "Events"}, "small letters"),
        ({"table": 'e"; DROP TABLE x'}, "small letters"),
        ({"schema_name": ""}, "small letters"),
    ],
)
def test_settings_that_cannot_work_are_refused(wrong: dict[str, Any], said: str) -> None:
    with pytest.raises(ValidationError, match=said):
        Postgres.Settings.model_validate({"dsn": "postgresql://h/d", **wrong})
