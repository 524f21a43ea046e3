# GENERATED from webhooks.yaml by `receiver generate`; do not edit.
# ruff: noqa: RUF001, RUF002, RUF100  (the words and characters are the spec's own)
"""One hook for each event type; a sink implements those that it wants.

Return (None or True): delivered. `return False`, `raise Retry(...)` or any other exception: try
again. `raise Reject("why")`: a dead letter, now. Plain or `async`.
"""

from __future__ import annotations

from receiver.event import Event
from receiver.hookspecs import hookspec

from . import models  # noqa: TID252  (the package has whatever name it is installed under)


@hookspec
def rainmaker_node_connected(event: Event[models.RainmakerNodeConnected]) -> bool | None:
    """Node online

    A node has come online.

    `event.type` is `rmaker.event.node_connected`.

    To provoke it: Power the device up, or let an MQTT client join the broker as the node.

    A sample is in samples/rainmaker_node_connected.json.
    """


@hookspec
def rainmaker_node_disconnected(event: Event[models.RainmakerNodeDisconnected]) -> bool | None:
    """Node offline

    A node has gone offline.

    `event.type` is `rmaker.event.node_disconnected`.

    To provoke it: Cut the device's power, or let the MQTT client leave the broker.

    A sample is in samples/rainmaker_node_disconnected.json.
    """


@hookspec
def rainmaker_user_node_sharing_add(
    event: Event[models.RainmakerUserNodeSharingAdd],
) -> bool | None:
    """Node shared

    A user offers nodes to another user, or that user has answered.

    `event.type` is `rmaker.event.user_node_sharing_add`.

    To provoke it: PUT /v1/user/nodes/sharing/requests with `nodes` and `user_name`; then, logged in
    as the other user, PUT the same path with `accept` and `request_id`.

    A sample is in samples/rainmaker_user_node_sharing_add.json.
    """


@hookspec
def rainmaker_user_node_added(event: Event[models.RainmakerUserNodeAdded]) -> bool | None:
    """Node added to a user

    A user has been given nodes, by mapping them or through sharing.

    `event.type` is `rmaker.event.user_node_added`.

    To provoke it: PUT /v1/user/nodes/mapping with `node_id`, `secret_key` and `operation` set to
    `add`, while the node publishes `node_id`, `user_id` and the same `secret_key` to
    `node/<node_id>/user/mapping`; or accept a shared node.

    A sample is in samples/rainmaker_user_node_added.json.
    """


@hookspec
def rainmaker_user_node_removed(event: Event[models.RainmakerUserNodeRemoved]) -> bool | None:
    """Node removed from a user

    A user has lost nodes, by unmapping them or at the end of sharing.

    `event.type` is `rmaker.event.user_node_removed`.

    To provoke it: PUT /v1/user/nodes/mapping with `node_id` and `operation` set to `remove`; or
    remove a node that was received through sharing.

    A sample is in samples/rainmaker_user_node_removed.json.
    """


@hookspec
def rainmaker_node_params_changed(event: Event[models.RainmakerNodeParamsChanged]) -> bool | None:
    """Node parameters changed

    A node has reported new values of parameters.

    `event.type` is `rmaker.event.node_params_changed`.

    To provoke it: Let the node publish, for example, `{"Lightbulb": {"brightness": 0}}` to
    `node/<node_id>/params/local`.

    A sample is in samples/rainmaker_node_params_changed.json.
    """


@hookspec
def rainmaker_alert(event: Event[models.RainmakerAlert]) -> bool | None:
    """Node alert

    A node has raised an alert.

    `event.type` is `rmaker.event.alert`.

    To provoke it: Let the node publish any JSON to `node/<node_id>/alert`.

    A sample is in samples/rainmaker_alert.json.
    """


@hookspec
def rainmaker_node_automation_trigger(
    event: Event[models.RainmakerNodeAutomationTrigger],
) -> bool | None:
    """Node automation triggered

    An automation has fired.

    `event.type` is `rmaker.event.node_automation_trigger`.

    To provoke it: POST /v1/user/node_automation to set one up, then meet its condition: with
    "brightness equals 100", set the node's brightness to 100.

    A sample is in samples/rainmaker_node_automation_trigger.json.
    """


@hookspec
def rainmaker_user_node_group_sharing_add(
    event: Event[models.RainmakerUserNodeGroupSharingAdd],
) -> bool | None:
    """Node group shared

    A user offers groups of nodes to another user, or that user has answered.

    `event.type` is `rmaker.event.user_node_group_sharing_add`.

    To provoke it: PUT /v1/user/node_group/sharing with `groups` and `user_name`; then, logged in as
    the other user, PUT /v1/user/node_group/sharing/requests with `accept` and `request_id`.

    A sample is in samples/rainmaker_user_node_group_sharing_add.json.
    """


@hookspec
def rainmaker_user_node_group_added(
    event: Event[models.RainmakerUserNodeGroupAdded],
) -> bool | None:
    """Node group added

    A user has received groups that another user shares.

    `event.type` is `rmaker.event.user_node_group_added`.

    To provoke it: Share a group with a second user (see rmaker.event.user_node_group_sharing_add);
    the event is the receiving user's.

    A sample is in samples/rainmaker_user_node_group_added.json.
    """


@hookspec
def rainmaker_user_node_group_removed(
    event: Event[models.RainmakerUserNodeGroupRemoved],
) -> bool | None:
    """Node group removed

    The sharing of groups has ended.

    `event.type` is `rmaker.event.user_node_group_removed`.

    To provoke it: DELETE /v1/user/node_group/sharing?groups=<node_group_id>&user_name=<user_name>.

    A sample is in samples/rainmaker_user_node_group_removed.json.
    """


@hookspec
def rainmaker_node_registered(event: Event[models.RainmakerNodeRegistered]) -> bool | None:
    """Node registered

    A node has been registered in the deployment's account.

    `event.type` is `rmaker.event.node_registered`.

    To provoke it: Generate and register nodes with the RainMaker Admin CLI.

    A sample is in samples/rainmaker_node_registered.json.
    """


@hookspec
def rainmaker_admin_user_added(event: Event[models.RainmakerAdminUserAdded]) -> bool | None:
    """Admin user added

    An admin user has been added to the deployment.

    `event.type` is `rmaker.event.admin_user_added`.

    To provoke it: Use the RainMaker Admin CLI; the platform names the same step as for registering
    nodes.

    A sample is in samples/rainmaker_admin_user_added.json.
    """


@hookspec
def rainmaker_new_tags_added(event: Event[models.RainmakerNewTagsAdded]) -> bool | None:
    """New tags added

    A node has been given tags that no node had before.

    `event.type` is `rmaker.event.new_tags_added`.

    To provoke it: PUT /v1/user/nodes?node_id=<node_id> with a tag that is attached nowhere yet.

    A sample is in samples/rainmaker_new_tags_added.json.
    """


@hookspec
def rainmaker_existing_tags_attached(
    event: Event[models.RainmakerExistingTagsAttached],
) -> bool | None:
    """Existing tags attached

    A node has been given tags that other nodes have already.

    `event.type` is `rmaker.event.existing_tags_attached`.

    To provoke it: PUT /v1/user/nodes?node_id=<node_id> with a tag that is attached elsewhere
    already.

    A sample is in samples/rainmaker_existing_tags_attached.json.
    """


@hookspec
def rainmaker_node_config_changed(event: Event[models.RainmakerNodeConfigChanged]) -> bool | None:
    """Node config changed

    A node has reported another configuration.

    `event.type` is `rmaker.event.node_config_changed`.

    To provoke it: Let the node publish its configuration to `node/<node_id>/config`.

    A sample is in samples/rainmaker_node_config_changed.json.
    """


@hookspec
def rainmaker_user_node_ota(event: Event[models.RainmakerUserNodeOta]) -> bool | None:
    """Node OTA started by a user

    A user has started a firmware update of a node.

    `event.type` is `rmaker.event.user_node_ota`.

    To provoke it: Start an over-the-air update of a node as its user.

    A sample is in samples/rainmaker_user_node_ota.json.
    """


@hookspec
def rainmaker_node_ts_data(event: Event[models.RainmakerNodeTsData]) -> bool | None:
    """Time series data

    A node has reported time series data.

    `event.type` is `rmaker.event.node_ts_data`.

    To provoke it: Let the node publish time series to `node/<node_id>/tsdata`.

    A sample is in samples/rainmaker_node_ts_data.json.
    """


@hookspec
def gridx_appliance_create(event: Event[models.GridxApplianceCreate]) -> bool | None:
    """Appliance created

    An appliance has been added to a system.

    `event.type` is `appliance/create`.

    To provoke it: Add an appliance, such as a meter, to a gateway of the account.

    A sample is in samples/gridx_appliance_create.json.
    """


@hookspec
def gridx_appliance_update(event: Event[models.GridxApplianceUpdate]) -> bool | None:
    """Appliance updated

    An appliance's data have changed.

    `event.type` is `appliance/update`.

    To provoke it: Change an appliance of the account, such as its name.

    A sample is in samples/gridx_appliance_update.json.
    """


@hookspec
def gridx_appliance_online(event: Event[models.GridxApplianceOnline]) -> bool | None:
    """Appliance online

    An appliance has come online.

    `event.type` is `appliance/online`.

    To provoke it: Switch an appliance on and connect it to its gateway.

    A sample is in samples/gridx_appliance_online.json.
    """


@hookspec
def gridx_appliance_offline(event: Event[models.GridxApplianceOffline]) -> bool | None:
    """Appliance offline

    An appliance has gone offline.

    `event.type` is `appliance/offline`.

    To provoke it: Switch an appliance off, or cut its connection to the gateway.

    A sample is in samples/gridx_appliance_offline.json.
    """


@hookspec
def gridx_appliance_delete(event: Event[models.GridxApplianceDelete]) -> bool | None:
    """Appliance deleted

    An appliance has been removed from a system.

    `event.type` is `appliance/delete`.

    To provoke it: Delete an appliance of the account.

    A sample is in samples/gridx_appliance_delete.json.
    """


@hookspec
def gridx_inverter_status(event: Event[models.GridxInverterStatus]) -> bool | None:
    """Inverter status changed

    An inverter's status has changed.

    `event.type` is `inverter/status`.

    To provoke it: Let an inverter run into a warning or an error, or clear one.

    A sample is in samples/gridx_inverter_status.json.
    """


@hookspec
def gridx_gateway_create(event: Event[models.GridxGatewayCreate]) -> bool | None:
    """Gateway created

    A gateway has been created.

    `event.type` is `gateway/create`.

    To provoke it: Create a gateway in the account.

    A sample is in samples/gridx_gateway_create.json.
    """


@hookspec
def gridx_gateway_online(event: Event[models.GridxGatewayOnline]) -> bool | None:
    """Gateway online

    A gateway has come online.

    `event.type` is `gateway/online`.

    To provoke it: Connect a gateway to power and network.

    A sample is in samples/gridx_gateway_online.json.
    """


@hookspec
def gridx_gateway_offline(event: Event[models.GridxGatewayOffline]) -> bool | None:
    """Gateway offline

    A gateway has gone offline.

    `event.type` is `gateway/offline`.

    To provoke it: Unplug a gateway from power or network.

    A sample is in samples/gridx_gateway_offline.json.
    """


@hookspec
def gridx_commissioning_done(event: Event[models.GridxCommissioningDone]) -> bool | None:
    """Commissioning done

    The commissioning of a gateway has been completed. Older notification rules only.

    `event.type` is `commissioning/done`.

    To provoke it: Complete the commissioning of a gateway.

    A sample is in samples/gridx_commissioning_done.json.
    """


@hookspec
def gridx_ev_plugged(event: Event[models.GridxEvPlugged]) -> bool | None:
    """Car plugged in

    A car has been plugged in. The older rules tell of the charging station, today's subscriptions
    of the car.

    `event.type` is `ev/plugged`.

    To provoke it: Plug a car in.

    A sample is in samples/gridx_ev_plugged.json.
    """


@hookspec
def gridx_ev_unplugged(event: Event[models.GridxEvUnplugged]) -> bool | None:
    """Car unplugged

    A car has been unplugged.

    `event.type` is `ev/unplugged`.

    To provoke it: Unplug a car.

    A sample is in samples/gridx_ev_unplugged.json.
    """


@hookspec
def gridx_ev_charge_started(event: Event[models.GridxEvChargeStarted]) -> bool | None:
    """Charging started

    A car has started charging.

    `event.type` is `ev/charge-started`.

    To provoke it: Plug a car in and start charging.

    A sample is in samples/gridx_ev_charge_started.json.
    """


@hookspec
def gridx_ev_charge_stopped(event: Event[models.GridxEvChargeStopped]) -> bool | None:
    """Charging stopped

    A car has stopped charging.

    `event.type` is `ev/charge-stopped`.

    To provoke it: Stop charging a car.

    A sample is in samples/gridx_ev_charge_stopped.json.
    """


@hookspec
def gridx_ev_charge_failed(event: Event[models.GridxEvChargeFailed]) -> bool | None:
    """Charging failed to start or stop

    An attempt to start or stop charging has failed.

    `event.type` is `ev/charge-failed`.

    To provoke it: Start or stop charging while the car cannot answer or does not allow it.

    A sample is in samples/gridx_ev_charge_failed.json.
    """


@hookspec
def gridx_ev_measurement(event: Event[models.GridxEvMeasurement]) -> bool | None:
    """Car measurement

    A car has reported its state.

    `event.type` is `ev/measurement`.

    To provoke it: Link a car to a system and wait for its next report.

    A sample is in samples/gridx_ev_measurement.json.
    """


@hookspec
def gridx_ev_infeasible_charging_goals(
    event: Event[models.GridxEvInfeasibleChargingGoals],
) -> bool | None:
    """Charging goals out of reach

    A car cannot be charged as its user asked before the time of departure.

    `event.type` is `ev/infeasible-charging-goals`.

    To provoke it: As the car's user, ask for more charge than can be delivered until departure;
    every such change of the settings sends one.

    A sample is in samples/gridx_ev_infeasible_charging_goals.json.
    """


@hookspec
def gridx_grid_signal_processor_limitation_of_power_consumption_set(
    event: Event[models.GridxPowerLimitSet],
) -> bool | None:
    """Consumption limit set

    The consumption of a system has been limited by a signal from the grid.

    `event.type` is `grid-signal-processor/limitation-of-power-consumption/set`.

    To provoke it: Send the gateway a control signal that limits consumption.

    A sample is in samples/gridx_grid_signal_processor_limitation_of_power_consumption_set.json.
    """


@hookspec
def gridx_grid_signal_processor_limitation_of_power_consumption_unset(
    event: Event[models.GridxPowerLimitUnset],
) -> bool | None:
    """Consumption limit lifted

    The limit on the consumption of a system has been lifted.

    `event.type` is `grid-signal-processor/limitation-of-power-consumption/unset`.

    To provoke it: Send the gateway a control signal that lifts the limit.

    A sample is in samples/gridx_grid_signal_processor_limitation_of_power_consumption_unset.json.
    """


@hookspec
def gridx_system_action(event: Event[models.GridxSystemAction]) -> bool | None:
    """User action needed

    A person has to do something before a car can be read or controlled, or has done it.

    `event.type` is `system/action`.

    To provoke it: Link a car whose account with its manufacturer waits for the user, such as for
    accepting new terms; then do what it asks.

    A sample is in samples/gridx_system_action.json.
    """


@hookspec
def gridx_ping(event: Event[models.GridxPing]) -> bool | None:
    """Ping

    A test of a subscription; sent on demand only.

    `event.type` is `ping`.

    To provoke it: POST /accounts/{accountID}/webhooks/{id}/ping, also while the subscription is
    inactive.

    A sample is in samples/gridx_ping.json.
    """


@hookspec
def solarnetwork_datum_agg_update(event: Event[models.SolarnetworkDatumAggUpdate]) -> bool | None:
    """Aggregate updated

    An aggregate of a node's source has been computed. The same aggregate is computed many times, so
    equal events are normal; keep the latest.

    `event.type` is `datum/agg/update`.

    To provoke it: Save a hook for the topic datum/agg/update (POST
    /solaruser/api/v1/sec/user/event/node/hooks), then post datum for one of its nodes and sources,
    and wait until the aggregate is computed.

    A sample is in samples/solarnetwork_datum_agg_update.json.
    """


@hookspec
def flespi_message(event: Event[models.FlespiMessage]) -> bool | None:
    """Telematics message

    A message of a device, as a channel received it: flat, with dotted names. What a device sends
    depends on its protocol; whatever is not listed here is kept as well.

    `event.type` is `flespi/message`.

    To provoke it: Add an HTTP stream with this receiver's URL and key to a channel, then let a
    device that is connected to the channel send a message.

    A sample is in samples/flespi_message.json.
    """
