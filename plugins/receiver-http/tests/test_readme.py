"""The routes that the README shows work as it says."""

from __future__ import annotations

import json
import re
import tomllib
from pathlib import Path
from typing import Any

import pytest
from receiver_http import Http, HttpList

from receiver.testing import RecordingServer, deliver, sample_event

README = (Path(__file__).resolve().parents[1] / "README.md").read_text()
ROUTES: dict[str, Any] = {}
for block in re.findall(r"```toml\n(.*?)```", README, flags=re.DOTALL):
    ROUTES.update(tomllib.loads(block)["routes"])
SECRETS = {"env:CRM_SECRET": "whsec_AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="}
SINKS = {"http": Http, "http-list": HttpList}
EVENTS = {
    "crm": "appliance/online",
    "handler": "flespi/message",
    "slack": "appliance/offline",
    "salesforce": "rmaker.event.user_node_added",
}


def sent(name: str, server: RecordingServer) -> Any:
    """What a route of the README sends of an event."""
    route = ROUTES[name]
    given = {
        key: SECRETS.get(value, value) if isinstance(value, str) else value
        for key, value in route["settings"].items()
    }
    cls = SINKS[route["sink"]]
    settings = cls.Settings.model_validate({**given, "url": server.url, "allow_private": True})
    [result] = deliver(cls(settings), [sample_event(EVENTS[name])])
    assert result.outcome == "delivered", result.reason
    return server.requests[0].json()


def test_the_readme_shows_every_route_that_is_tested() -> None:
    assert sorted(ROUTES) == sorted(EVENTS)


@pytest.mark.parametrize("name", EVENTS)
def test_a_route_of_the_readme_delivers(name: str, recording_server: RecordingServer) -> None:
    assert sent(name, recording_server)


def test_the_message_for_slack_says_what_happened(recording_server: RecordingServer) -> None:
    assert sent("slack", recording_server)["text"].startswith("appliance/offline: ")


def test_the_event_for_salesforce_holds_the_payload_as_text(
    recording_server: RecordingServer,
) -> None:
    event = sent("salesforce", recording_server)
    assert event["Type__c"] == "rmaker.event.user_node_added"
    assert isinstance(json.loads(event["Payload__c"]), dict)
