# GENERATED from webhooks.yaml by `receiver generate`; do not edit.
"""The function of each operation, for connexion to call. All of them do the same."""

from __future__ import annotations

from typing import TYPE_CHECKING

from receiver.http import endpoint

if TYPE_CHECKING:
    from receiver.http.framework import ConnexionResponse


async def rainmaker_node_connected() -> ConnexionResponse:
    """POST /rainmaker/events/node_connected"""
    return await endpoint.ingest("rainmaker_node_connected")


async def rainmaker_node_disconnected() -> ConnexionResponse:
    """POST /rainmaker/events/node_disconnected"""
    return await endpoint.ingest("rainmaker_node_disconnected")


async def rainmaker_user_node_sharing_add() -> ConnexionResponse:
    """POST /rainmaker/events/user_node_sharing_add"""
    return await endpoint.ingest("rainmaker_user_node_sharing_add")


async def rainmaker_user_node_added() -> ConnexionResponse:
    """POST /rainmaker/events/user_node_added"""
    return await endpoint.ingest("rainmaker_user_node_added")


async def rainmaker_user_node_removed() -> ConnexionResponse:
    """POST /rainmaker/events/user_node_removed"""
    return await endpoint.ingest("rainmaker_user_node_removed")


async def rainmaker_node_params_changed() -> ConnexionResponse:
    """POST /rainmaker/events/node_params_changed"""
    return await endpoint.ingest("rainmaker_node_params_changed")


async def rainmaker_alert() -> ConnexionResponse:
    """POST /rainmaker/events/alert"""
    return await endpoint.ingest("rainmaker_alert")


async def rainmaker_node_automation_trigger() -> ConnexionResponse:
    """POST /rainmaker/events/node_automation_trigger"""
    return await endpoint.ingest("rainmaker_node_automation_trigger")


async def rainmaker_user_node_group_sharing_add() -> ConnexionResponse:
    """POST /rainmaker/events/user_node_group_sharing_add"""
    return await endpoint.ingest("rainmaker_user_node_group_sharing_add")


async def rainmaker_user_node_group_added() -> ConnexionResponse:
    """POST /rainmaker/events/user_node_group_added"""
    return await endpoint.ingest("rainmaker_user_node_group_added")


async def rainmaker_user_node_group_removed() -> ConnexionResponse:
    """POST /rainmaker/events/user_node_group_removed"""
    return await endpoint.ingest("rainmaker_user_node_group_removed")


async def rainmaker_node_registered() -> ConnexionResponse:
    """POST /rainmaker/events/node_registered"""
    return await endpoint.ingest("rainmaker_node_registered")


async def rainmaker_admin_user_added() -> ConnexionResponse:
    """POST /rainmaker/events/admin_user_added"""
    return await endpoint.ingest("rainmaker_admin_user_added")


async def rainmaker_new_tags_added() -> ConnexionResponse:
    """POST /rainmaker/events/new_tags_added"""
    return await endpoint.ingest("rainmaker_new_tags_added")


async def rainmaker_existing_tags_attached() -> ConnexionResponse:
    """POST /rainmaker/events/existing_tags_attached"""
    return await endpoint.ingest("rainmaker_existing_tags_attached")


async def rainmaker_node_config_changed() -> ConnexionResponse:
    """POST /rainmaker/events/node_config_changed"""
    return await endpoint.ingest("rainmaker_node_config_changed")


async def rainmaker_user_node_ota() -> ConnexionResponse:
    """POST /rainmaker/events/user_node_ota"""
    return await endpoint.ingest("rainmaker_user_node_ota")


async def rainmaker_node_ts_data() -> ConnexionResponse:
    """POST /rainmaker/events/node_ts_data"""
    return await endpoint.ingest("rainmaker_node_ts_data")


async def rainmaker_sns() -> ConnexionResponse:
    """POST /rainmaker/sns"""
    return await endpoint.ingest("rainmaker_sns")


async def gridx_appliance_create() -> ConnexionResponse:
    """POST /gridx/events/appliance/create"""
    return await endpoint.ingest("gridx_appliance_create")


async def gridx_appliance_online() -> ConnexionResponse:
    """POST /gridx/events/appliance/online"""
    return await endpoint.ingest("gridx_appliance_online")


async def gridx_appliance_offline() -> ConnexionResponse:
    """POST /gridx/events/appliance/offline"""
    return await endpoint.ingest("gridx_appliance_offline")


async def gridx_inverter_status() -> ConnexionResponse:
    """POST /gridx/events/inverter/status"""
    return await endpoint.ingest("gridx_inverter_status")


async def gridx_gateway_create() -> ConnexionResponse:
    """POST /gridx/events/gateway/create"""
    return await endpoint.ingest("gridx_gateway_create")


async def gridx_gateway_online() -> ConnexionResponse:
    """POST /gridx/events/gateway/online"""
    return await endpoint.ingest("gridx_gateway_online")


async def gridx_gateway_offline() -> ConnexionResponse:
    """POST /gridx/events/gateway/offline"""
    return await endpoint.ingest("gridx_gateway_offline")


async def gridx_commissioning_done() -> ConnexionResponse:
    """POST /gridx/events/commissioning/done"""
    return await endpoint.ingest("gridx_commissioning_done")


async def gridx_comissioning_done() -> ConnexionResponse:
    """POST /gridx/events/comissioning/done"""
    return await endpoint.ingest("gridx_comissioning_done")


async def gridx_ev_plugged() -> ConnexionResponse:
    """POST /gridx/events/ev/plugged"""
    return await endpoint.ingest("gridx_ev_plugged")


async def gridx_events() -> ConnexionResponse:
    """POST /gridx/events"""
    return await endpoint.ingest("gridx_events")


async def solarnetwork_events() -> ConnexionResponse:
    """POST /solarnetwork/events"""
    return await endpoint.ingest("solarnetwork_events")


async def flespi_messages() -> ConnexionResponse:
    """POST /flespi/messages"""
    return await endpoint.ingest("flespi_messages")
