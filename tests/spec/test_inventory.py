"""webhooks.yaml has every event of every platform, at the paths and filter levels they have."""

from __future__ import annotations

from typing import Any

import pytest

from receiver.contract import Contract, Operation

RAINMAKER = {
    "node_connected": ("node_connected", True, True),
    "node_disconnected": ("node_disconnected", True, True),
    "user_node_sharing_add": ("user_node_sharing_add", True, False),
    "user_node_added": ("user_node_added", True, False),
    "user_node_removed": ("user_node_removed", True, False),
    "node_params_changed": ("node_parameter_modified", True, False),
    "alert": ("node_alert", True, False),
    "node_automation_trigger": ("automation_triggered", True, False),
    "user_node_group_sharing_add": ("user_node_group_sharing_add", True, False),
    "user_node_group_added": ("user_node_group_added", True, False),
    "user_node_group_removed": ("user_node_group_removed", True, False),
    "node_registered": ("node_registration", False, False),
    "admin_user_added": ("admin_user_added", False, False),
    "new_tags_added": ("new_tags_added", False, False),
    "existing_tags_attached": ("existing_tags_attached", False, False),
    "node_config_changed": ("node_config_modified", True, True),
    "user_node_ota": ("user_node_ota", True, True),
    "node_ts_data": ("node_ts_data", True, False),
}
"""By event type: its topic, and whether it may be off for the system, and for users and nodes."""
GRIDX_PATHS = {
    *("appliance/create", "appliance/offline", "appliance/online", "inverter/status"),
    *("gateway/create", "gateway/offline", "gateway/online", "ev/plugged", "commissioning/done"),
}
GRIDX_TODAY = {
    *("appliance/create", "appliance/delete", "appliance/offline", "appliance/online"),
    *("appliance/update", "ev/charge-failed", "ev/charge-started", "ev/charge-stopped"),
    *("ev/infeasible-charging-goals", "ev/measurement", "ev/plugged", "ev/unplugged"),
    *("gateway/create", "gateway/offline", "gateway/online", "inverter/status", "system/action"),
    "grid-signal-processor/limitation-of-power-consumption/set",
    "grid-signal-processor/limitation-of-power-consumption/unset",
    "ping",
}
MIB = 1024 * 1024


@pytest.fixture
def operations(contract: Contract) -> dict[str, Operation]:
    return {operation.path: operation for operation in contract.operations}


def types(contract: Contract, source: str) -> set[str]:
    return {event.name for event in contract.events if event.source == source}


def test_the_paths_are_those_of_the_platforms_and_no_others(operations: dict[str, Any]) -> None:
    assert set(operations) == {
        *(f"/rainmaker/events/{name}" for name in RAINMAKER),
        *(f"/gridx/events/{name}" for name in GRIDX_PATHS),
        *("/gridx/events/comissioning/done", "/gridx/events", "/rainmaker/sns"),
        *("/solarnetwork/events", "/flespi/messages"),
    }


def test_the_event_types_are_those_of_the_platforms_and_no_others(contract: Contract) -> None:
    assert types(contract, "rainmaker") == {f"rmaker.event.{name}" for name in RAINMAKER}
    assert types(contract, "gridx") == GRIDX_TODAY | {"commissioning/done"}
    assert types(contract, "solarnetwork") == {"datum/agg/update"}
    assert types(contract, "flespi") == {"flespi/message"}
    assert (len(RAINMAKER), len(GRIDX_TODAY), len(GRIDX_PATHS)) == (18, 20, 9)


@pytest.mark.parametrize("name", RAINMAKER)
def test_a_rainmaker_event_has_its_path_topic_and_filter_levels(
    name: str, contract: Contract, operations: dict[str, Operation]
) -> None:
    topic, system, user_and_node = RAINMAKER[name]
    event = contract.event_types["rainmaker", f"rmaker.event.{name}"]
    assert operations[f"/rainmaker/events/{name}"].events == (event.name,)
    assert event.hook == f"rainmaker_{name}"
    assert event.topic == f"esp_rainmaker_sns_{topic}"
    assert event.filters == ("system",) * system + ("user", "node") * user_and_node


@pytest.mark.parametrize("name", sorted(GRIDX_PATHS))
def test_a_gridx_event_of_the_older_rules_has_its_path(
    name: str, contract: Contract, operations: dict[str, Operation]
) -> None:
    assert operations[f"/gridx/events/{name}"].events == (name,)
    assert contract.event_types["gridx", name].hook == f"gridx_{name.replace('/', '_')}"


def test_the_misspelt_path_takes_what_the_right_one_takes(
    operations: dict[str, Operation],
) -> None:
    wrong = operations["/gridx/events/comissioning/done"]
    right = operations["/gridx/events/commissioning/done"]
    assert wrong.events == right.events == ("commissioning/done",)
    assert wrong.security == right.security


def test_the_one_url_of_gridx_takes_what_is_emitted_today(
    operations: dict[str, Operation],
) -> None:
    assert set(operations["/gridx/events"].events) == GRIDX_TODAY


def test_what_sns_delivers_is_any_event_of_rainmaker(operations: dict[str, Operation]) -> None:
    delivered = operations["/rainmaker/sns"]
    assert set(delivered.events) == {f"rmaker.event.{name}" for name in RAINMAKER}


def test_hooks_are_called_like_their_types(contract: Contract) -> None:
    assert "solarnetwork_datum_agg_update" in contract.hooks
    assert "flespi_message" in contract.hooks
    assert "gridx_ev_infeasible_charging_goals" in contract.hooks
    assert "gridx_grid_signal_processor_limitation_of_power_consumption_set" in contract.hooks


def test_only_flespi_sends_batches_and_they_may_be_large(contract: Contract) -> None:
    for operation in contract.operations:
        assert operation.batch == (operation.source == "flespi")
        most = {"http": MIB, "sns": 2 * MIB}[operation.transport]
        assert operation.limits.body == (16 * MIB if operation.batch else most)


def test_each_platform_proves_itself_as_it_can(contract: Contract) -> None:
    signed = (("xSignature",), ("xSignatureRs256",))
    proofs = {(one.source, one.transport): one.security for one in contract.operations}
    assert proofs == {
        ("rainmaker", "http"): signed,
        ("rainmaker", "sns"): (("snsSignature",),),
        ("gridx", "http"): signed,
        ("solarnetwork", "http"): (("xSignature",),),
        ("flespi", "http"): (("flespiKey",),),
    }
    assert contract.schemes["xSignature"].header == "X-Signature"
    assert contract.schemes["xSignatureRs256"].header == "X-Signature-Rs256"
    assert contract.schemes["flespiKey"].header == "X-Flespi-Key"
