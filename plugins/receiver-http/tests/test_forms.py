"""The forms in which events are sent, as libraries of others read them."""

from __future__ import annotations

import json
import ssl
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import trustme
from cloudevents.v1.http import from_http, from_json
from pydantic import ValidationError
from receiver_http import Http, HttpList
from standardwebhooks import Webhook

from receiver import Event
from receiver.testing import Answer, RecordingServer, deliver, sample_event

SECRET = "whsec_AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="


def settings(server: RecordingServer, **more: Any) -> dict[str, Any]:
    return {"url": server.url, "allow_private": True, **more}


@pytest.fixture
def events() -> list[Event[Any]]:
    return [
        sample_event("appliance/online", {"data.applianceID": f"Küche {number}"}, seq=number)
        for number in (1, 2, 3)
    ]


def test_binary_mode_is_read_by_the_cloudevents_library(
    recording_server: RecordingServer, events: list[Event[Any]]
) -> None:
    http = Http(Http.Settings(**settings(recording_server, mode="binary", secret=SECRET)))
    [result] = deliver(http, events[:1])
    assert result.outcome == "delivered", result.reason
    [request] = recording_server.requests
    assert request.body == events[0].raw
    assert Webhook(SECRET).verify(request.body, dict(request.headers)) == events[0].json()
    read = from_http(dict(request.headers), request.body)
    whole = events[0].cloudevent()
    assert read.get_data() == whole.pop("data")
    for name, value in whole.items():
        if name not in ("datacontenttype", "subject"):
            assert read.get_attributes()[name] == value
    # The library leaves the encoding of headers to its user (HTTP binding, 3.1.3.2).
    assert request.headers["ce-subject"] == "K%C3%BCche%201"
    assert request.headers["content-type"] == "application/json"


def test_structured_mode_is_read_by_the_cloudevents_library(
    recording_server: RecordingServer, events: list[Event[Any]]
) -> None:
    deliver(Http(Http.Settings(**settings(recording_server))), events[:1])
    read = from_json(recording_server.requests[0].body)
    assert (read["id"], read["subject"], read.get_data()) == (
        events[0].id,
        "Küche 1",
        events[0].json(),
    )


def test_a_list_of_cloudevents_is_a_batch(
    recording_server: RecordingServer, events: list[Event[Any]]
) -> None:
    deliver(HttpList(HttpList.Settings(**settings(recording_server))), events)
    [request] = recording_server.requests
    assert request.headers["content-type"] == "application/cloudevents-batch+json"
    assert request.json() == [event.cloudevent() for event in events]


def test_a_raw_list_is_the_platforms_own_messages_byte_for_byte(
    recording_server: RecordingServer, events: list[Event[Any]]
) -> None:
    http = HttpList(HttpList.Settings(**settings(recording_server, body="raw", secret=SECRET)))
    deliver(http, events)
    [request] = recording_server.requests
    assert request.body == b"[" + b",".join(event.raw for event in events) + b"]"
    assert Webhook(SECRET).verify(request.body, dict(request.headers))


def test_a_list_that_comes_again_has_the_same_id(
    recording_server: RecordingServer, events: list[Event[Any]]
) -> None:
    recording_server.answers.append(Answer(503))
    http = HttpList(HttpList.Settings(**settings(recording_server)))
    assert [result.outcome for result in deliver(http, events)] == ["retry"] * 3
    assert [result.outcome for result in deliver(http, events)] == ["delivered"] * 3
    first, again = recording_server.requests
    assert first.headers["webhook-id"] == again.headers["webhook-id"]


def test_of_a_refused_list_each_event_is_sent_by_itself(
    recording_server: RecordingServer, events: list[Event[Any]]
) -> None:
    recording_server.answers.extend([Answer(400), Answer(200), Answer(400), Answer(200)])
    results = deliver(HttpList(HttpList.Settings(**settings(recording_server))), events)
    assert [result.outcome for result in results] == ["delivered", "rejected", "delivered"]
    assert [len(request.json()) for request in recording_server.requests] == [3, 1, 1, 1]


def test_an_event_that_the_template_fails_on_does_not_hold_up_its_list(
    recording_server: RecordingServer, events: list[Event[Any]]
) -> None:
    template = "{{ 1 // (event.seq - 2) }}"
    how = settings(recording_server, body="template", template=template)
    results = deliver(HttpList(HttpList.Settings(**how)), events)
    assert [result.outcome for result in results] == ["delivered", "rejected", "delivered"]
    assert json.loads(recording_server.requests[0].body) == [-1, 1]


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ({"mode": "binary", "body": "raw"}, "a form of body"),
        ({"mode": "binary", "headers": {"CE-Type": "mine"}}, "written by the sink itself"),
    ],
)
def test_binary_mode_is_a_form_of_cloudevents(more: dict[str, Any], said: str) -> None:
    with pytest.raises(ValidationError, match=said):
        Http.Settings.model_validate({"url": "https://example.com", **more})


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    return trustme.CA()


@pytest.fixture
def https(authority: trustme.CA) -> Iterator[RecordingServer]:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1").configure_cert(context)
    with RecordingServer(tls=context) as server:
        yield server


def test_an_https_target_is_proved_by_the_configured_authority(
    https: RecordingServer, authority: trustme.CA, events: list[Event[Any]], tmp_path: Path
) -> None:
    file = tmp_path / "ca.pem"
    authority.cert_pem.write_to_path(str(file))
    http = Http(Http.Settings(**settings(https, ca_file=file, secret=SECRET)))
    [result] = deliver(http, events[:1])
    assert result.outcome == "delivered", result.reason
    [request] = https.requests
    assert Webhook(SECRET).verify(request.body, dict(request.headers))


def test_an_https_target_that_nobody_vouches_for_gets_nothing(
    https: RecordingServer, events: list[Event[Any]]
) -> None:
    [result] = deliver(Http(Http.Settings(**settings(https))), events[:1])
    assert (result.outcome, https.requests) == ("retry", [])
    assert "certificate verify failed" in result.reason.lower()
