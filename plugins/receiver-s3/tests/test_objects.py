"""Objects in a real (if small) S3: their keys, their bytes, and what failures mean."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
import pytest
from pydantic import ValidationError
from receiver_s3 import S3

from receiver import Event, Retry
from receiver.testing import deliver, sample_event

NOON = datetime(2026, 5, 1, 12, 0, tzinfo=UTC)


def event(number: int, **fields: Any) -> Event[Any]:
    made = sample_event("appliance/online", seq=number)
    given = {"id": f"id-{number}", "received_at": NOON, **fields}
    return msgspec.structs.replace(made, **given)


def sink(settings: dict[str, Any], **more: Any) -> S3:
    return S3(S3.Settings.model_validate({**settings, **more}))


def test_a_batch_is_an_object_of_lines_under_a_key_by_time(
    bucket: Any, settings: dict[str, Any]
) -> None:
    events = [event(number) for number in (7, 8, 9)]
    deliver(sink(settings, prefix="receiver/"), events)
    [key] = bucket.names()
    folder, _, name = key.rpartition("/")
    assert folder == "receiver/gridx/2026/05/01/12"
    assert name.startswith("00000000000000000007-00000000000000000009-")
    assert bucket.lines(key) == [each.cloudevent() for each in events]
    about = bucket.s3.head_object(Bucket=bucket.name, Key=key)
    assert (about["ContentType"], about["ContentEncoding"]) == ("application/x-ndjson", "gzip")


@pytest.mark.parametrize(
    ("compression", "suffix"), [("gzip", ".jsonl.gz"), ("zstd", ".jsonl.zst"), ("none", ".jsonl")]
)
def test_an_object_is_compressed_as_configured(
    compression: str, suffix: str, bucket: Any, settings: dict[str, Any]
) -> None:
    deliver(sink(settings, compression=compression), [event(1)])
    [key] = bucket.names()
    assert key.endswith(suffix)
    assert bucket.lines(key)[0]["id"] == "id-1"


@pytest.mark.parametrize("compression", ["gzip", "zstd", "none"])
def test_the_same_batch_again_replaces_its_object_byte_for_byte(
    compression: str, bucket: Any, settings: dict[str, Any]
) -> None:
    events = [event(1), event(2)]
    deliver(sink(settings, compression=compression), events)
    [key] = bucket.names()
    before = bucket.raw(key)
    deliver(sink(settings, compression=compression), events)
    assert (bucket.names(), bucket.raw(key)) == ([key], before)


def test_another_batch_of_the_same_positions_is_another_object(
    bucket: Any, settings: dict[str, Any]
) -> None:
    deliver(sink(settings), [event(1), event(2), event(3)])
    deliver(sink(settings), [event(1), event(3)])
    assert len(bucket.names()) == 2


def test_a_batch_is_split_at_the_hour_and_by_source(bucket: Any, settings: dict[str, Any]) -> None:
    later = NOON + timedelta(minutes=59, seconds=59, microseconds=999_999)
    events = [
        event(1),
        event(2, received_at=later),
        event(3, received_at=later + timedelta(microseconds=1)),
        event(4, source="acme 100%"),
    ]
    assert {result.outcome for result in deliver(sink(settings), events)} == {"delivered"}
    folders = {key.rpartition("/")[0]: len(bucket.lines(key)) for key in bucket.names()}
    assert folders == {
        "gridx/2026/05/01/12": 2,
        "gridx/2026/05/01/13": 1,
        "acme 100%/2026/05/01/12": 1,
    }


def test_raw_lines_are_the_platforms_json_on_one_line(
    bucket: Any, settings: dict[str, Any]
) -> None:
    raw = b'{\r\n  "a": 1.50,\n\t"b": "x\\ny"\n}'
    deliver(sink(settings, body="raw", compression="none"), [event(1, raw=raw), event(2)])
    first = bucket.raw(bucket.names()[0]).split(b"\n")[0]
    assert first == b'{    "a": 1.50, \t"b": "x\\ny" }'


def test_an_event_that_the_template_fails_on_does_not_hold_up_the_others(
    bucket: Any, settings: dict[str, Any]
) -> None:
    how = {"body": "template", "template": '{"n": {{ 4 // (event.seq - 2) }}}'}
    results = deliver(sink(settings, **how), [event(1), event(2), event(3)])
    assert [result.outcome for result in results] == ["delivered", "rejected", "delivered"]
    assert bucket.lines(bucket.names()[0]) == [{"n": -4}, {"n": 4}]


def test_a_bucket_that_is_not_there_is_named_and_waited_for(settings: dict[str, Any]) -> None:
    with pytest.raises(Retry, match="there is no bucket no-such-bucket"):
        deliver(sink(settings, bucket="no-such-bucket"), [event(1)])


async def test_a_bucket_that_goes_away_means_try_again(
    bucket: Any, settings: dict[str, Any]
) -> None:
    from receiver.testing import delivering

    async with delivering(sink(settings)) as opened:
        bucket.s3.delete_bucket(Bucket=bucket.name)
        [result] = await opened.deliver([event(1)])
    assert (result.outcome, "NoSuchBucket" in result.reason) == ("retry", True)


class Losing:
    """A proxy before S3 that loses the answers to PUT, while it is told to."""

    def __init__(self, endpoint: str) -> None:
        self._to = endpoint.removeprefix("http://").split(":")
        self.lose = True
        self.put = False
        self._ends: list[asyncio.StreamWriter] = []
        self._served: list[asyncio.Task[Any]] = []

    async def __aenter__(self) -> str:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        port = self._server.sockets[0].getsockname()[1]
        return f"http://127.0.0.1:{port}"

    async def __aexit__(self, *_: object) -> None:
        self._server.close()
        for end in self._ends:
            end.close()
        await asyncio.gather(*self._served)
        await self._server.wait_closed()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        serving = asyncio.current_task()
        assert serving is not None
        self._served.append(serving)
        there, onward = await asyncio.open_connection(*self._to)
        self._ends += [writer, onward]
        asking = asyncio.create_task(self._pass_on(reader, onward))
        while answer := await there.read(65536):
            if self.lose and self.put and answer.startswith(b"HTTP/1.1 200"):
                break
            writer.write(answer)
        for end in (writer, onward):
            end.close()
        await asking

    async def _pass_on(self, reader: asyncio.StreamReader, onward: asyncio.StreamWriter) -> None:
        while asked := await reader.read(65536):
            self.put = asked.startswith(b"PUT") or (self.put and not asked.startswith(b"HEAD"))
            onward.write(asked)


async def test_what_was_kept_though_its_answer_was_lost_is_not_written_twice(
    bucket: Any, settings: dict[str, Any]
) -> None:
    from receiver.testing import delivering

    events = [event(1), event(2)]
    losing = Losing(settings["endpoint"])
    async with losing as endpoint, delivering(sink(settings | {"endpoint": endpoint})) as opened:
        first = await opened.deliver(events)
        losing.lose = False
        again = [result for one in events for result in await opened.deliver([one])]

    [key] = bucket.names()
    assert [result.outcome for result in first] == ["retry", "retry"]
    assert [result.outcome for result in again] == ["delivered", "delivered"]
    assert [line["id"] for line in bucket.lines(key)] == ["id-1", "id-2"]


def test_a_private_address_is_refused_unless_it_is_allowed(settings: dict[str, Any]) -> None:
    with pytest.raises(Retry, match="allow_private"):
        deliver(sink(settings, allow_private=False), [event(1)])


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"bucket": "No_Bucket"}, "small letters"),
        ({"prefix": "/events"}, "must not begin with /"),
        ({"partition": "%Q"}, "must be folders"),
        ({"partition": "/%Y/"}, "must be folders"),
        ({"partition": ""}, "must be folders"),
        ({"access_key": "A"}, "go together"),
    ],
)
def test_settings_that_cannot_work_are_refused(wrong: dict[str, Any], said: str) -> None:
    with pytest.raises(ValidationError, match=said):
        S3.Settings.model_validate({"bucket": "events", **wrong})
