# GENERATED from webhooks.yaml by `receiver generate`; do not edit.
# ruff: noqa: RUF001, RUF002, RUF100  (the words and characters are the spec's own)
"""Payloads by event type. `extra` of each model holds what the spec does not declare."""

from __future__ import annotations

from typing import Any

from receiver.event import Payload


class RainmakerNodeConnected(Payload, frozen=True, kw_only=True):
    """Node online

    A node has come online.
    """

    EventVersion: str | None = None
    """Version of the envelope; `v1` so far. Sent as `EventVersion`, `event_version`."""
    Id: str | None = None
    """Id of the event. The published samples all carry the same placeholder, so it may not be
    unique. Sent as `Id`, `id`.
    """
    Timestamp: str | float | None = None
    """When it happened, `MM-DD-YYYY HH:MM:SS` in UTC; RFC 3339 and epoch seconds or milliseconds
    are taken too. Sent as `Timestamp`, `timestamp`.
    """
    Description: str | None = None
    """Free text about the event, with ids inside. For people, not for programs. Sent as
    `Description`, `description`.
    """
    EventType: str
    """The event type. Known values: `rmaker.event.node_connected`. Sent as `EventType`,
    `event_type`.
    """
    EventData: RainmakerConnectivity
    """The node, and that it is online. Sent as `EventData`, `event_data`."""


class RainmakerConnectivity(Payload, frozen=True, kw_only=True):
    """A node that went online or offline."""

    UserId: str | None = None
    """User that the node belongs to (UUID). Sent as `UserId`, `user_id`."""
    NodeId: str
    """The node. Sent as `NodeId`, `node_id`."""
    Connected: bool
    """True when the node is online now. Sent as `Connected`, `connected`."""


class RainmakerNodeDisconnected(Payload, frozen=True, kw_only=True):
    """Node offline

    A node has gone offline.
    """

    EventVersion: str | None = None
    """Version of the envelope; `v1` so far. Sent as `EventVersion`, `event_version`."""
    Id: str | None = None
    """Id of the event. The published samples all carry the same placeholder, so it may not be
    unique. Sent as `Id`, `id`.
    """
    Timestamp: str | float | None = None
    """When it happened, `MM-DD-YYYY HH:MM:SS` in UTC; RFC 3339 and epoch seconds or milliseconds
    are taken too. Sent as `Timestamp`, `timestamp`.
    """
    Description: str | None = None
    """Free text about the event, with ids inside. For people, not for programs. Sent as
    `Description`, `description`.
    """
    EventType: str
    """The event type. Known values: `rmaker.event.node_disconnected`. Sent as `EventType`,
    `event_type`.
    """
    EventData: RainmakerConnectivity
    """The node, and that it is offline. Sent as `EventData`, `event_data`."""


class RainmakerUserNodeSharingAdd(Payload, frozen=True, kw_only=True):
    """Node shared

    A user offers nodes to another user, or that user has answered.
    """

    EventVersion: str | None = None
    """Version of the envelope; `v1` so far. Sent as `EventVersion`, `event_version`."""
    Id: str | None = None
    """Id of the event. The published samples all carry the same placeholder, so it may not be
    unique. Sent as `Id`, `id`.
    """
    Timestamp: str | float | None = None
    """When it happened, `MM-DD-YYYY HH:MM:SS` in UTC; RFC 3339 and epoch seconds or milliseconds
    are taken too. Sent as `Timestamp`, `timestamp`.
    """
    Description: str | None = None
    """Free text about the event, with ids inside. For people, not for programs. Sent as
    `Description`, `description`.
    """
    EventType: str
    """The event type. Known values: `rmaker.event.user_node_sharing_add`. Sent as `EventType`,
    `event_type`.
    """
    EventData: RainmakerNodeSharing
    """Who shares which nodes with whom. Sent as `EventData`, `event_data`."""


class RainmakerNodeSharing(Payload, frozen=True, kw_only=True):
    """A request to share nodes, or the answer to one; an answer has `Accept`, a request has not."""

    PrimaryUserName: str | None = None
    """User name of the user who shares. Sent as `PrimaryUserName`, `primary_user_name`."""
    SecondaryUserName: str | None = None
    """User name of the user who is offered the nodes. Sent as `SecondaryUserName`,
    `secondary_user_name`.
    """
    Nodes: list[str] | None = None
    """Ids of the nodes that are shared. Sent as `Nodes`, `nodes`."""
    RequestId: str | None = None
    """Id of the sharing request, the same in request and answer. Sent as `RequestId`,
    `request_id`.
    """
    Accept: bool | None = None
    """True when the request was accepted, false when it was declined; absent in a new request.
    Sent as `Accept`, `accept`.
    """
    Metadata: RainmakerSharingMetadata | None = None
    """What the sharing user's app tells about the nodes. Sent as `Metadata`, `metadata`."""


class RainmakerSharingMetadata(Payload, frozen=True, kw_only=True):
    """What an app tells about shared nodes."""

    devices: list[RainmakerSharedDevice] | None = None
    """Devices of the shared nodes. Sent as `devices`, `Devices`."""


class RainmakerSharedDevice(Payload, frozen=True, kw_only=True):
    """A device of a shared node."""

    name: str | None = None
    """Name of the device. Sent as `name`, `Name`."""


class RainmakerUserNodeAdded(Payload, frozen=True, kw_only=True):
    """Node added to a user

    A user has been given nodes, by mapping them or through sharing.
    """

    EventVersion: str | None = None
    """Version of the envelope; `v1` so far. Sent as `EventVersion`, `event_version`."""
    Id: str | None = None
    """Id of the event. The published samples all carry the same placeholder, so it may not be
    unique. Sent as `Id`, `id`.
    """
    Timestamp: str | float | None = None
    """When it happened, `MM-DD-YYYY HH:MM:SS` in UTC; RFC 3339 and epoch seconds or milliseconds
    are taken too. Sent as `Timestamp`, `timestamp`.
    """
    Description: str | None = None
    """Free text about the event, with ids inside. For people, not for programs. Sent as
    `Description`, `description`.
    """
    EventType: str
    """The event type. Known values: `rmaker.event.user_node_added`. Sent as `EventType`,
    `event_type`.
    """
    EventData: RainmakerUserNodes
    """The user and the nodes. Sent as `EventData`, `event_data`."""


class RainmakerUserNodes(Payload, frozen=True, kw_only=True):
    """Nodes that a user was given or lost."""

    UserId: str | None = None
    """The user (UUID). Sent as `UserId`, `user_id`."""
    UserRole: str | None = None
    """Whether the user owns the nodes (`primary`) or has them through sharing (`secondary`).
    Known values: `primary`, `secondary`. Sent as `UserRole`, `user_role`.
    """
    Nodes: list[str] | None = None
    """Ids of the nodes. Sent as `Nodes`, `nodes`."""


class RainmakerUserNodeRemoved(Payload, frozen=True, kw_only=True):
    """Node removed from a user

    A user has lost nodes, by unmapping them or at the end of sharing.
    """

    EventVersion: str | None = None
    """Version of the envelope; `v1` so far. Sent as `EventVersion`, `event_version`."""
    Id: str | None = None
    """Id of the event. The published samples all carry the same placeholder, so it may not be
    unique. Sent as `Id`, `id`.
    """
    Timestamp: str | float | None = None
    """When it happened, `MM-DD-YYYY HH:MM:SS` in UTC; RFC 3339 and epoch seconds or milliseconds
    are taken too. Sent as `Timestamp`, `timestamp`.
    """
    Description: str | None = None
    """Free text about the event, with ids inside. For people, not for programs. Sent as
    `Description`, `description`.
    """
    EventType: str
    """The event type. Known values: `rmaker.event.user_node_removed`. Sent as `EventType`,
    `event_type`.
    """
    EventData: RainmakerUserNodes
    """The user and the nodes. Sent as `EventData`, `event_data`."""


class RainmakerNodeParamsChanged(Payload, frozen=True, kw_only=True):
    """Node parameters changed

    A node has reported new values of parameters.
    """

    EventVersion: str | None = None
    """Version of the envelope; `v1` so far. Sent as `EventVersion`, `event_version`."""
    Id: str | None = None
    """Id of the event. The published samples all carry the same placeholder, so it may not be
    unique. Sent as `Id`, `id`.
    """
    Timestamp: str | float | None = None
    """When it happened, `MM-DD-YYYY HH:MM:SS` in UTC; RFC 3339 and epoch seconds or milliseconds
    are taken too. Sent as `Timestamp`, `timestamp`.
    """
    Description: str | None = None
    """Free text about the event, with ids inside. For people, not for programs. Sent as
    `Description`, `description`.
    """
    EventType: str
    """The event type. Known values: `rmaker.event.node_params_changed`. Sent as `EventType`,
    `event_type`.
    """
    EventData: RainmakerParams
    """The node and its parameters. Sent as `EventData`, `event_data`."""


class RainmakerParams(Payload, frozen=True, kw_only=True):
    """A node and the parameters that changed."""

    NodeId: str | None = None
    """The node. Sent as `NodeId`, `node_id`."""
    Payload_: Any = None
    """JSON in a string, by device and parameter, such as `{"Hall light":{"Power":true}}`; an
    object is taken too. Decoded; a string that holds no JSON stays one. Sent as `Payload`,
    `payload`.
    """


class RainmakerAlert(Payload, frozen=True, kw_only=True):
    """Node alert

    A node has raised an alert.
    """

    EventVersion: str | None = None
    """Version of the envelope; `v1` so far. Sent as `EventVersion`, `event_version`."""
    Id: str | None = None
    """Id of the event. The published samples all carry the same placeholder, so it may not be
    unique. Sent as `Id`, `id`.
    """
    Timestamp: str | float | None = None
    """When it happened, `MM-DD-YYYY HH:MM:SS` in UTC; RFC 3339 and epoch seconds or milliseconds
    are taken too. Sent as `Timestamp`, `timestamp`.
    """
    Description: str | None = None
    """Free text about the event, with ids inside. For people, not for programs. Sent as
    `Description`, `description`.
    """
    EventType: str
    """The event type. Known values: `rmaker.event.alert`. Sent as `EventType`, `event_type`."""
    EventData: RainmakerNodeAlert
    """The node and its message. Sent as `EventData`, `event_data`."""


class RainmakerNodeAlert(Payload, frozen=True, kw_only=True):
    """A node and what it raised the alarm about."""

    NodeId: str | None = None
    """The node. Sent as `NodeId`, `node_id`."""
    MessageBody: Any = None
    """JSON in a string: `{"esp.alert.str":"<text>"}` from the firmware's own helper, by device
    and parameter, or anything else that the node published; an object is taken too. Decoded; a
    string that holds no JSON stays one. Sent as `MessageBody`, `message_body`.
    """


class RainmakerNodeAutomationTrigger(Payload, frozen=True, kw_only=True):
    """Node automation triggered

    An automation has fired.
    """

    EventVersion: str | None = None
    """Version of the envelope; `v1` so far. Sent as `EventVersion`, `event_version`."""
    Id: str | None = None
    """Id of the event. The published samples all carry the same placeholder, so it may not be
    unique. Sent as `Id`, `id`.
    """
    Timestamp: str | float | None = None
    """When it happened, `MM-DD-YYYY HH:MM:SS` in UTC; RFC 3339 and epoch seconds or milliseconds
    are taken too. Sent as `Timestamp`, `timestamp`.
    """
    Description: str | None = None
    """Free text about the event, with ids inside. For people, not for programs. Sent as
    `Description`, `description`.
    """
    EventType: str
    """The event type. Known values: `rmaker.event.node_automation_trigger`. Sent as `EventType`,
    `event_type`.
    """
    EventData: RainmakerAutomation
    """The automation and how it went. Sent as `EventData`, `event_data`."""


class RainmakerAutomation(Payload, frozen=True, kw_only=True):
    """An automation that fired, its conditions and what was done."""

    NodeId: str | None = None
    """The node whose change fired the automation. Sent as `NodeId`, `node_id`."""
    AutomationName: str | None = None
    """Name that the user gave to the automation. Sent as `AutomationName`, `automation_name`."""
    Events: list[RainmakerAutomationCondition] | None = None
    """Conditions that were met. Sent as `Events`, `events`."""
    Actions: list[RainmakerAutomationAction] | None = None
    """What was asked of which nodes. Sent as `Actions`, `actions`."""
    Status: list[RainmakerAutomationStatus] | None = None
    """How it went, node by node. Sent as `Status`, `status`."""


class RainmakerAutomationCondition(Payload, frozen=True, kw_only=True):
    """A condition of an automation."""

    params: dict[str, Any] | None = None
    """Values compared with, by device and parameter. Sent as `params`, `Params`."""
    check: str | None = None
    """Comparison, such as `==`. Sent as `check`, `Check`."""


class RainmakerAutomationAction(Payload, frozen=True, kw_only=True):
    """An action of an automation."""

    node_id: str | None = None
    """The node that was told to act. Sent as `node_id`, `NodeId`."""
    params: dict[str, Any] | None = None
    """Values to set, by device and parameter. Sent as `params`, `Params`."""


class RainmakerAutomationStatus(Payload, frozen=True, kw_only=True):
    """How an action of an automation went."""

    node_id: str | None = None
    """The node that was told to act. Sent as `node_id`, `NodeId`."""
    status: str | None = None
    """`success`, or anything else for a failure. Known values: `success`. Sent as `status`,
    `Status`.
    """


class RainmakerUserNodeGroupSharingAdd(Payload, frozen=True, kw_only=True):
    """Node group shared

    A user offers groups of nodes to another user, or that user has answered.
    """

    EventVersion: str | None = None
    """Version of the envelope; `v1` so far. Sent as `EventVersion`, `event_version`."""
    Id: str | None = None
    """Id of the event. The published samples all carry the same placeholder, so it may not be
    unique. Sent as `Id`, `id`.
    """
    Timestamp: str | float | None = None
    """When it happened, `MM-DD-YYYY HH:MM:SS` in UTC; RFC 3339 and epoch seconds or milliseconds
    are taken too. Sent as `Timestamp`, `timestamp`.
    """
    Description: str | None = None
    """Free text about the event, with ids inside. For people, not for programs. Sent as
    `Description`, `description`.
    """
    EventType: str
    """The event type. Known values: `rmaker.event.user_node_group_sharing_add`. Sent as
    `EventType`, `event_type`.
    """
    EventData: RainmakerGroupSharing
    """Who shares which groups with whom. Sent as `EventData`, `event_data`."""


class RainmakerGroupSharing(Payload, frozen=True, kw_only=True):
    """A request to share groups, or the answer to one; an answer has `Accept`, a request has
    not.
    """

    SharedFrom: str | None = None
    """User name of the user who shares. Sent as `SharedFrom`, `shared_from`."""
    SharedTo: str | None = None
    """User name of the user who is offered the groups. Sent as `SharedTo`, `shared_to`."""
    Groups: list[RainmakerGroup] | None = None
    """Groups that are shared. Sent as `Groups`, `groups`."""
    RequestId: str | None = None
    """Id of the sharing request, the same in request and answer. Sent as `RequestId`,
    `request_id`.
    """
    Accept: bool | None = None
    """True when the request was accepted, false when it was declined; absent in a new request.
    Sent as `Accept`, `accept`.
    """


class RainmakerGroup(Payload, frozen=True, kw_only=True):
    """A group of nodes."""

    group_id: str | None = None
    """Id of the group. Sent as `group_id`, `GroupId`."""
    group_name: str | None = None
    """Name of the group. Sent as `group_name`, `GroupName`."""


class RainmakerUserNodeGroupAdded(Payload, frozen=True, kw_only=True):
    """Node group added

    A user has received groups that another user shares.
    """

    EventVersion: str | None = None
    """Version of the envelope; `v1` so far. Sent as `EventVersion`, `event_version`."""
    Id: str | None = None
    """Id of the event. The published samples all carry the same placeholder, so it may not be
    unique. Sent as `Id`, `id`.
    """
    Timestamp: str | float | None = None
    """When it happened, `MM-DD-YYYY HH:MM:SS` in UTC; RFC 3339 and epoch seconds or milliseconds
    are taken too. Sent as `Timestamp`, `timestamp`.
    """
    Description: str | None = None
    """Free text about the event, with ids inside. For people, not for programs. Sent as
    `Description`, `description`.
    """
    EventType: str
    """The event type. Known values: `rmaker.event.user_node_group_added`. Sent as `EventType`,
    `event_type`.
    """
    EventData: RainmakerGroupsAdded
    """The groups. Sent as `EventData`, `event_data`."""


class RainmakerGroupsAdded(Payload, frozen=True, kw_only=True):
    """Groups that a user was given."""

    Groups: list[RainmakerGroup] | None = None
    """The groups. Sent as `Groups`, `groups`."""
    RequestId: str | None = None
    """Id of the sharing request. Sent as `RequestId`, `request_id`."""


class RainmakerUserNodeGroupRemoved(Payload, frozen=True, kw_only=True):
    """Node group removed

    The sharing of groups has ended.
    """

    EventVersion: str | None = None
    """Version of the envelope; `v1` so far. Sent as `EventVersion`, `event_version`."""
    Id: str | None = None
    """Id of the event. The published samples all carry the same placeholder, so it may not be
    unique. Sent as `Id`, `id`.
    """
    Timestamp: str | float | None = None
    """When it happened, `MM-DD-YYYY HH:MM:SS` in UTC; RFC 3339 and epoch seconds or milliseconds
    are taken too. Sent as `Timestamp`, `timestamp`.
    """
    Description: str | None = None
    """Free text about the event, with ids inside. For people, not for programs. Sent as
    `Description`, `description`.
    """
    EventType: str
    """The event type. Known values: `rmaker.event.user_node_group_removed`. Sent as `EventType`,
    `event_type`.
    """
    EventData: RainmakerGroupsRemoved
    """The groups. Sent as `EventData`, `event_data`."""


class RainmakerGroupsRemoved(Payload, frozen=True, kw_only=True):
    """Groups whose sharing ended."""

    Groups: list[RainmakerGroup] | None = None
    """The groups. Sent as `Groups`, `groups`."""
    SharedFrom: str | None = None
    """User name of the user who shared the groups. Sent as `SharedFrom`, `shared_from`."""
    SelfRemoval: bool | None = None
    """True when the receiving user gave the groups back, false when they were taken away. Sent
    as `SelfRemoval`, `self_removal`.
    """


class RainmakerNodeRegistered(Payload, frozen=True, kw_only=True):
    """Node registered

    A node has been registered in the deployment's account.
    """

    EventVersion: str | None = None
    """Version of the envelope; `v1` so far. Sent as `EventVersion`, `event_version`."""
    Id: str | None = None
    """Id of the event. The published samples all carry the same placeholder, so it may not be
    unique. Sent as `Id`, `id`.
    """
    Timestamp: str | float | None = None
    """When it happened, `MM-DD-YYYY HH:MM:SS` in UTC; RFC 3339 and epoch seconds or milliseconds
    are taken too. Sent as `Timestamp`, `timestamp`.
    """
    Description: str | None = None
    """Free text about the event, with ids inside. For people, not for programs. Sent as
    `Description`, `description`.
    """
    EventType: str
    """The event type. Known values: `rmaker.event.node_registered`. Sent as `EventType`,
    `event_type`.
    """
    EventData: RainmakerRegistration
    """The node. Sent as `EventData`, `event_data`."""


class RainmakerRegistration(Payload, frozen=True, kw_only=True):
    """A node that was registered. Its fields are not published; these are likely."""

    NodeId: str | None = None
    """The node. Sent as `NodeId`, `node_id`."""
    AdminUserId: str | None = None
    """Admin user whose account the node was registered in (UUID). Sent as `AdminUserId`,
    `admin_user_id`.
    """


class RainmakerAdminUserAdded(Payload, frozen=True, kw_only=True):
    """Admin user added

    An admin user has been added to the deployment.
    """

    EventVersion: str | None = None
    """Version of the envelope; `v1` so far. Sent as `EventVersion`, `event_version`."""
    Id: str | None = None
    """Id of the event. The published samples all carry the same placeholder, so it may not be
    unique. Sent as `Id`, `id`.
    """
    Timestamp: str | float | None = None
    """When it happened, `MM-DD-YYYY HH:MM:SS` in UTC; RFC 3339 and epoch seconds or milliseconds
    are taken too. Sent as `Timestamp`, `timestamp`.
    """
    Description: str | None = None
    """Free text about the event, with ids inside. For people, not for programs. Sent as
    `Description`, `description`.
    """
    EventType: str
    """The event type. Known values: `rmaker.event.admin_user_added`. Sent as `EventType`,
    `event_type`.
    """
    EventData: RainmakerAdminUser
    """The admin user. Sent as `EventData`, `event_data`."""


class RainmakerAdminUser(Payload, frozen=True, kw_only=True):
    """An admin user. Its fields are not published; these are likely."""

    UserId: str | None = None
    """The admin user (UUID). Sent as `UserId`, `user_id`."""
    UserName: str | None = None
    """User name of the admin user. Sent as `UserName`, `user_name`."""


class RainmakerNewTagsAdded(Payload, frozen=True, kw_only=True):
    """New tags added

    A node has been given tags that no node had before.
    """

    EventVersion: str | None = None
    """Version of the envelope; `v1` so far. Sent as `EventVersion`, `event_version`."""
    Id: str | None = None
    """Id of the event. The published samples all carry the same placeholder, so it may not be
    unique. Sent as `Id`, `id`.
    """
    Timestamp: str | float | None = None
    """When it happened, `MM-DD-YYYY HH:MM:SS` in UTC; RFC 3339 and epoch seconds or milliseconds
    are taken too. Sent as `Timestamp`, `timestamp`.
    """
    Description: str | None = None
    """Free text about the event, with ids inside. For people, not for programs. Sent as
    `Description`, `description`.
    """
    EventType: str
    """The event type. Known values: `rmaker.event.new_tags_added`. Sent as `EventType`,
    `event_type`.
    """
    EventData: RainmakerTags
    """The node and its tags. Sent as `EventData`, `event_data`."""


class RainmakerTags(Payload, frozen=True, kw_only=True):
    """Tags that were put on a node. Its fields are not published; these are likely."""

    NodeId: str | None = None
    """The node. Sent as `NodeId`, `node_id`."""
    Tags: Any = None
    """The tags, written `name:value`. Whether as a list is not published, so any JSON is taken.
    Sent as `Tags`, `tags`.
    """


class RainmakerExistingTagsAttached(Payload, frozen=True, kw_only=True):
    """Existing tags attached

    A node has been given tags that other nodes have already.
    """

    EventVersion: str | None = None
    """Version of the envelope; `v1` so far. Sent as `EventVersion`, `event_version`."""
    Id: str | None = None
    """Id of the event. The published samples all carry the same placeholder, so it may not be
    unique. Sent as `Id`, `id`.
    """
    Timestamp: str | float | None = None
    """When it happened, `MM-DD-YYYY HH:MM:SS` in UTC; RFC 3339 and epoch seconds or milliseconds
    are taken too. Sent as `Timestamp`, `timestamp`.
    """
    Description: str | None = None
    """Free text about the event, with ids inside. For people, not for programs. Sent as
    `Description`, `description`.
    """
    EventType: str
    """The event type. Known values: `rmaker.event.existing_tags_attached`. Sent as `EventType`,
    `event_type`.
    """
    EventData: RainmakerTags
    """The node and its tags. Sent as `EventData`, `event_data`."""


class RainmakerNodeConfigChanged(Payload, frozen=True, kw_only=True):
    """Node config changed

    A node has reported another configuration.
    """

    EventVersion: str | None = None
    """Version of the envelope; `v1` so far. Sent as `EventVersion`, `event_version`."""
    Id: str | None = None
    """Id of the event. The published samples all carry the same placeholder, so it may not be
    unique. Sent as `Id`, `id`.
    """
    Timestamp: str | float | None = None
    """When it happened, `MM-DD-YYYY HH:MM:SS` in UTC; RFC 3339 and epoch seconds or milliseconds
    are taken too. Sent as `Timestamp`, `timestamp`.
    """
    Description: str | None = None
    """Free text about the event, with ids inside. For people, not for programs. Sent as
    `Description`, `description`.
    """
    EventType: str
    """The event type. Known values: `rmaker.event.node_config_changed`. Sent as `EventType`,
    `event_type`.
    """
    EventData: RainmakerNodeConfig
    """The node and its configuration. Sent as `EventData`, `event_data`."""


class RainmakerNodeConfig(Payload, frozen=True, kw_only=True):
    """A node and its configuration. Its fields are not published; these are likely."""

    NodeId: str | None = None
    """The node. Sent as `NodeId`, `node_id`."""
    Config: Any = None
    """The configuration as the node published it (`node_id`, `config_version`, `info`,
    `attributes`, `devices`, `services`), as an object or as JSON in a string. Decoded; a string
    that holds no JSON stays one. Sent as `Config`, `config`.
    """


class RainmakerUserNodeOta(Payload, frozen=True, kw_only=True):
    """Node OTA started by a user

    A user has started a firmware update of a node.
    """

    EventVersion: str | None = None
    """Version of the envelope; `v1` so far. Sent as `EventVersion`, `event_version`."""
    Id: str | None = None
    """Id of the event. The published samples all carry the same placeholder, so it may not be
    unique. Sent as `Id`, `id`.
    """
    Timestamp: str | float | None = None
    """When it happened, `MM-DD-YYYY HH:MM:SS` in UTC; RFC 3339 and epoch seconds or milliseconds
    are taken too. Sent as `Timestamp`, `timestamp`.
    """
    Description: str | None = None
    """Free text about the event, with ids inside. For people, not for programs. Sent as
    `Description`, `description`.
    """
    EventType: str
    """The event type. Known values: `rmaker.event.user_node_ota`. Sent as `EventType`,
    `event_type`.
    """
    EventData: RainmakerOta
    """The node. Sent as `EventData`, `event_data`."""


class RainmakerOta(Payload, frozen=True, kw_only=True):
    """A node and the firmware update that was started. Its fields but `NodeId` are not
    published; these are likely.
    """

    NodeId: str | None = None
    """The node. Sent as `NodeId`, `node_id`."""
    OtaJobId: str | None = None
    """Id of the update job. Sent as `OtaJobId`, `ota_job_id`."""
    FwVersion: str | None = None
    """Firmware version that the node shall get. Sent as `FwVersion`, `fw_version`."""


class RainmakerNodeTsData(Payload, frozen=True, kw_only=True):
    """Time series data

    A node has reported time series data.
    """

    EventVersion: str | None = None
    """Version of the envelope; `v1` so far. Sent as `EventVersion`, `event_version`."""
    Id: str | None = None
    """Id of the event. The published samples all carry the same placeholder, so it may not be
    unique. Sent as `Id`, `id`.
    """
    Timestamp: str | float | None = None
    """When it happened, `MM-DD-YYYY HH:MM:SS` in UTC; RFC 3339 and epoch seconds or milliseconds
    are taken too. Sent as `Timestamp`, `timestamp`.
    """
    Description: str | None = None
    """Free text about the event, with ids inside. For people, not for programs. Sent as
    `Description`, `description`.
    """
    EventType: str
    """The event type. Known values: `rmaker.event.node_ts_data`. Sent as `EventType`,
    `event_type`.
    """
    EventData: RainmakerTimeSeries
    """The node and its data. Sent as `EventData`, `event_data`."""


class RainmakerTimeSeries(Payload, frozen=True, kw_only=True):
    """A node and its measurements. Its fields are not published; these are likely."""

    NodeId: str | None = None
    """The node. Sent as `NodeId`, `node_id`."""
    TsData: Any = None
    """What the node published: per series `name` (`<device>.<parameter>`), `dt` (data type) and
    `records` of `t` (epoch seconds) and `v` (value), as a list or as JSON in a string. Decoded; a
    string that holds no JSON stays one. Sent as `TsData`, `ts_data`.
    """


class GridxApplianceCreate(Payload, frozen=True, kw_only=True):
    """Appliance created

    An appliance has been added to a system.
    """

    id: str
    """Id of the event, the same when it is sent again."""
    source: str | None = None
    """Path of what the event is about, such as `/systems/<uuid>`."""
    specVersion: str | None = None
    """Version of CloudEvents that the envelope is modelled on; `1.0` so far."""
    time: str
    """When it happened (RFC 3339)."""
    dataContentType: str | None = None
    """Media type of `data`; `application/json`, also where it is left out."""
    correlationId: str | None = None
    """Id of the request that led to the event. Sent as `correlationId`, `correlationID`."""
    userID: str | None = None
    """A user; sent in August 2025 only."""
    type: str
    """The event type. Known values: `appliance/create`."""
    data: GridxAppliance | None = None
    """The appliance."""


class GridxAppliance(Payload, frozen=True, kw_only=True):
    """A device behind a gateway, such as an inverter, a meter, a heat pump or a charging
    station.
    """

    applianceID: str
    """The appliance."""
    gatewayID: str
    """The gateway that the appliance is behind."""
    gatewayType: str | None = None
    """Type of the gateway, such as `GRIDBOX`."""
    systemID: str | None = None
    """The system that gateway and appliance belong to."""
    systemName: str | None = None
    """Name that the customer gave to the system."""
    type: str | None = None
    """What the appliance is. Known values: `UNKNOWN`, `INVERTER`, `METER`, `EVSTATION`,
    `HEAT_PUMP`, `HEATER`, `CONTAINER`.
    """
    kind: str | None = None
    """What an inverter is connected to (`UNKNOWN`, `PV`, `BATTERY`, `HYBRID`, `PV_EXTERNAL`) or
    what a meter measures (any of the list); other types of appliance have none. Known values:
    `UNKNOWN`, `PV`, `BATTERY`, `HYBRID`, `PV_EXTERNAL`, `GRID`, `HEAT_PUMP`, `FUEL_CELL`,
    `HEAT_PUMP_EXTERNAL`, `EVSTATION`, `BTTP`, `HEATING`, `MISC`, `CLUSTER`, `WIND_TURBINE`.
    """
    model: str | None = None
    """Model of the appliance."""
    manufacturer: str | None = None
    """Who made the appliance."""
    name: str | None = None
    """Name that the customer gave to the appliance."""
    serialNumber: str | None = None
    """Serial number, as the appliance reports it."""
    firmware: str | None = None
    """Firmware version of the appliance."""
    parent: str | None = None
    """Id of the appliance that this one is a part of."""


class GridxApplianceUpdate(Payload, frozen=True, kw_only=True):
    """Appliance updated

    An appliance's data have changed.
    """

    id: str
    """Id of the event, the same when it is sent again."""
    source: str | None = None
    """Path of what the event is about, such as `/systems/<uuid>`."""
    specVersion: str | None = None
    """Version of CloudEvents that the envelope is modelled on; `1.0` so far."""
    time: str
    """When it happened (RFC 3339)."""
    dataContentType: str | None = None
    """Media type of `data`; `application/json`, also where it is left out."""
    correlationId: str | None = None
    """Id of the request that led to the event. Sent as `correlationId`, `correlationID`."""
    userID: str | None = None
    """A user; sent in August 2025 only."""
    type: str
    """The event type. Known values: `appliance/update`."""
    data: GridxAppliance
    """The appliance as it is now."""


class GridxApplianceOnline(Payload, frozen=True, kw_only=True):
    """Appliance online

    An appliance has come online.
    """

    id: str
    """Id of the event, the same when it is sent again."""
    source: str | None = None
    """Path of what the event is about, such as `/systems/<uuid>`."""
    specVersion: str | None = None
    """Version of CloudEvents that the envelope is modelled on; `1.0` so far."""
    time: str
    """When it happened (RFC 3339)."""
    dataContentType: str | None = None
    """Media type of `data`; `application/json`, also where it is left out."""
    correlationId: str | None = None
    """Id of the request that led to the event. Sent as `correlationId`, `correlationID`."""
    userID: str | None = None
    """A user; sent in August 2025 only."""
    type: str
    """The event type. Known values: `appliance/online`."""
    data: GridxAppliance | None = None
    """The appliance."""


class GridxApplianceOffline(Payload, frozen=True, kw_only=True):
    """Appliance offline

    An appliance has gone offline.
    """

    id: str
    """Id of the event, the same when it is sent again."""
    source: str | None = None
    """Path of what the event is about, such as `/systems/<uuid>`."""
    specVersion: str | None = None
    """Version of CloudEvents that the envelope is modelled on; `1.0` so far."""
    time: str
    """When it happened (RFC 3339)."""
    dataContentType: str | None = None
    """Media type of `data`; `application/json`, also where it is left out."""
    correlationId: str | None = None
    """Id of the request that led to the event. Sent as `correlationId`, `correlationID`."""
    userID: str | None = None
    """A user; sent in August 2025 only."""
    type: str
    """The event type. Known values: `appliance/offline`."""
    data: GridxAppliance | None = None
    """The appliance."""


class GridxApplianceDelete(Payload, frozen=True, kw_only=True):
    """Appliance deleted

    An appliance has been removed from a system.
    """

    id: str
    """Id of the event, the same when it is sent again."""
    source: str | None = None
    """Path of what the event is about, such as `/systems/<uuid>`."""
    specVersion: str | None = None
    """Version of CloudEvents that the envelope is modelled on; `1.0` so far."""
    time: str
    """When it happened (RFC 3339)."""
    dataContentType: str | None = None
    """Media type of `data`; `application/json`, also where it is left out."""
    correlationId: str | None = None
    """Id of the request that led to the event. Sent as `correlationId`, `correlationID`."""
    userID: str | None = None
    """A user; sent in August 2025 only."""
    type: str
    """The event type. Known values: `appliance/delete`."""
    data: GridxAppliance
    """The appliance as it was."""


class GridxInverterStatus(Payload, frozen=True, kw_only=True):
    """Inverter status changed

    An inverter's status has changed.
    """

    id: str
    """Id of the event, the same when it is sent again."""
    source: str | None = None
    """Path of what the event is about, such as `/systems/<uuid>`."""
    specVersion: str | None = None
    """Version of CloudEvents that the envelope is modelled on; `1.0` so far."""
    time: str
    """When it happened (RFC 3339)."""
    dataContentType: str | None = None
    """Media type of `data`; `application/json`, also where it is left out."""
    correlationId: str | None = None
    """Id of the request that led to the event. Sent as `correlationId`, `correlationID`."""
    userID: str | None = None
    """A user; sent in August 2025 only."""
    type: str
    """The event type. Known values: `inverter/status`."""
    data: GridxInverter | None = None
    """The inverter and its states."""


class GridxInverter(Payload, frozen=True, kw_only=True):
    """An inverter, its state, and the state before."""

    applianceID: str
    """The appliance."""
    gatewayID: str
    """The gateway that the appliance is behind."""
    gatewayType: str | None = None
    """Type of the gateway, such as `GRIDBOX`."""
    systemID: str | None = None
    """The system that gateway and appliance belong to."""
    systemName: str | None = None
    """Name that the customer gave to the system."""
    type: str | None = None
    """What the appliance is. Known values: `UNKNOWN`, `INVERTER`, `METER`, `EVSTATION`,
    `HEAT_PUMP`, `HEATER`, `CONTAINER`.
    """
    kind: str | None = None
    """What an inverter is connected to (`UNKNOWN`, `PV`, `BATTERY`, `HYBRID`, `PV_EXTERNAL`) or
    what a meter measures (any of the list); other types of appliance have none. Known values:
    `UNKNOWN`, `PV`, `BATTERY`, `HYBRID`, `PV_EXTERNAL`, `GRID`, `HEAT_PUMP`, `FUEL_CELL`,
    `HEAT_PUMP_EXTERNAL`, `EVSTATION`, `BTTP`, `HEATING`, `MISC`, `CLUSTER`, `WIND_TURBINE`.
    """
    model: str | None = None
    """Model of the appliance."""
    manufacturer: str | None = None
    """Who made the appliance."""
    name: str | None = None
    """Name that the customer gave to the appliance."""
    serialNumber: str | None = None
    """Serial number, as the appliance reports it."""
    firmware: str | None = None
    """Firmware version of the appliance."""
    parent: str | None = None
    """Id of the appliance that this one is a part of."""
    status: str
    """State of the inverter now. Known values: `UNKNOWN`, `OK`, `WARNING`, `ERROR`."""
    lastStatus: str
    """State of the inverter before. Known values: `UNKNOWN`, `OK`, `WARNING`, `ERROR`."""
    errCode: str | None = None
    """Error code now, in the manufacturer's own terms."""
    lastErrCode: str | None = None
    """Error code before, in the manufacturer's own terms."""


class GridxGatewayCreate(Payload, frozen=True, kw_only=True):
    """Gateway created

    A gateway has been created.
    """

    id: str
    """Id of the event, the same when it is sent again."""
    source: str | None = None
    """Path of what the event is about, such as `/systems/<uuid>`."""
    specVersion: str | None = None
    """Version of CloudEvents that the envelope is modelled on; `1.0` so far."""
    time: str
    """When it happened (RFC 3339)."""
    dataContentType: str | None = None
    """Media type of `data`; `application/json`, also where it is left out."""
    correlationId: str | None = None
    """Id of the request that led to the event. Sent as `correlationId`, `correlationID`."""
    userID: str | None = None
    """A user; sent in August 2025 only."""
    type: str
    """The event type. Known values: `gateway/create`."""
    data: GridxGateway | None = None
    """The gateway."""


class GridxGateway(Payload, frozen=True, kw_only=True):
    """A gateway, its system, and the user who owns the system."""

    gatewayID: str
    """The gateway."""
    gatewayName: str | None = None
    """Name of the gateway."""
    gatewaySerialnumber: str | None = None
    """Serial number of the gateway."""
    gatewayDeviceID: str | None = None
    """Id of the gateway as a device, for gridX's own use."""
    systemID: str
    """The system that the gateway runs in."""
    systemName: str | None = None
    """Name of the system."""
    userID: str | None = None
    """The user who owns the system."""
    userName: str | None = None
    """Name of that user."""
    userMail: str | None = None
    """E-mail address of that user."""


class GridxGatewayOnline(Payload, frozen=True, kw_only=True):
    """Gateway online

    A gateway has come online.
    """

    id: str
    """Id of the event, the same when it is sent again."""
    source: str | None = None
    """Path of what the event is about, such as `/systems/<uuid>`."""
    specVersion: str | None = None
    """Version of CloudEvents that the envelope is modelled on; `1.0` so far."""
    time: str
    """When it happened (RFC 3339)."""
    dataContentType: str | None = None
    """Media type of `data`; `application/json`, also where it is left out."""
    correlationId: str | None = None
    """Id of the request that led to the event. Sent as `correlationId`, `correlationID`."""
    userID: str | None = None
    """A user; sent in August 2025 only."""
    type: str
    """The event type. Known values: `gateway/online`."""
    data: GridxGateway | None = None
    """The gateway."""


class GridxGatewayOffline(Payload, frozen=True, kw_only=True):
    """Gateway offline

    A gateway has gone offline.
    """

    id: str
    """Id of the event, the same when it is sent again."""
    source: str | None = None
    """Path of what the event is about, such as `/systems/<uuid>`."""
    specVersion: str | None = None
    """Version of CloudEvents that the envelope is modelled on; `1.0` so far."""
    time: str
    """When it happened (RFC 3339)."""
    dataContentType: str | None = None
    """Media type of `data`; `application/json`, also where it is left out."""
    correlationId: str | None = None
    """Id of the request that led to the event. Sent as `correlationId`, `correlationID`."""
    userID: str | None = None
    """A user; sent in August 2025 only."""
    type: str
    """The event type. Known values: `gateway/offline`."""
    data: GridxGateway | None = None
    """The gateway."""


class GridxCommissioningDone(Payload, frozen=True, kw_only=True):
    """Commissioning done

    The commissioning of a gateway has been completed. Older notification rules only.
    """

    id: str
    """Id of the event, the same when it is sent again."""
    source: str | None = None
    """Path of what the event is about, such as `/systems/<uuid>`."""
    specVersion: str | None = None
    """Version of CloudEvents that the envelope is modelled on; `1.0` so far."""
    time: str
    """When it happened (RFC 3339)."""
    dataContentType: str | None = None
    """Media type of `data`; `application/json`, also where it is left out."""
    correlationId: str | None = None
    """Id of the request that led to the event. Sent as `correlationId`, `correlationID`."""
    userID: str | None = None
    """A user; sent in August 2025 only."""
    type: str
    """The event type. Known values: `commissioning/done`."""
    data: GridxCommissioning | None = None
    """The customer and the system."""


class GridxCommissioning(Payload, frozen=True, kw_only=True):
    """The customer and system that commissioning brought about."""

    customerID: str | None = None
    """The customer, new with this commissioning."""
    customerEmail: str | None = None
    """E-mail address of the customer."""
    customerAddress: str | None = None
    """Postal address of the customer, in one line."""
    systemName: str | None = None
    """Name of the system."""
    gatewaySerialnumber: str | None = None
    """Serial number of the system's gateway."""


class GridxEvPlugged(Payload, frozen=True, kw_only=True):
    """Car plugged in

    A car has been plugged in. The older rules tell of the charging station, today's subscriptions
    of the car.
    """

    id: str
    """Id of the event, the same when it is sent again."""
    source: str | None = None
    """Path of what the event is about, such as `/systems/<uuid>`."""
    specVersion: str | None = None
    """Version of CloudEvents that the envelope is modelled on; `1.0` so far."""
    time: str
    """When it happened (RFC 3339)."""
    dataContentType: str | None = None
    """Media type of `data`; `application/json`, also where it is left out."""
    correlationId: str | None = None
    """Id of the request that led to the event. Sent as `correlationId`, `correlationID`."""
    userID: str | None = None
    """A user; sent in August 2025 only."""
    type: str
    """The event type. Known values: `ev/plugged`."""
    data: GridxPlugged | None = None
    """The charging station or the car."""


class GridxPlugged(Payload, frozen=True, kw_only=True):
    """A car was plugged in. The older form tells of the charging station (`applianceID`,
    `evseID`, `state` is `plugged`), today's of the car (`assetID`, `state` is `PLUGGED`); no field
    is in every form that was ever sent.
    """

    applianceID: str | None = None
    """The charging station (older form)."""
    assetID: str | None = None
    """The car (today's form)."""
    gatewayID: str | None = None
    """The gateway that charging station or car is linked to."""
    systemID: str | None = None
    """The system that charging station or car belongs to."""
    state: str | None = None
    """`plugged` in the older form, `PLUGGED` in today's. Known values: `plugged`, `PLUGGED`."""
    type: str | None = None
    """`EVSTATION` in the older form, `EV` in today's. Known values: `EVSTATION`, `EV`."""
    issuedAt: str | None = None
    """When the car reported (RFC 3339; today's form)."""
    atHome: bool | None = None
    """Whether the car is at its user's home (today's form)."""
    evseID: str | None = None
    """Id of the charging point, such as `DE*ACM*E1` (older form)."""
    kind: str | None = None
    """Kind of the charging station; inverters and meters alone are known to have one (older
    form).
    """
    model: str | None = None
    """Model of the charging station (older form)."""
    manufacturer: str | None = None
    """Who made the charging station (older form)."""
    name: str | None = None
    """Name that the customer gave to the charging station (older form)."""
    serialNumber: str | None = None
    """Serial number of the charging station (older form)."""
    systemName: str | None = None
    """Name that the customer gave to the system (older form)."""


class GridxEvUnplugged(Payload, frozen=True, kw_only=True):
    """Car unplugged

    A car has been unplugged.
    """

    id: str
    """Id of the event, the same when it is sent again."""
    source: str | None = None
    """Path of what the event is about, such as `/systems/<uuid>`."""
    specVersion: str | None = None
    """Version of CloudEvents that the envelope is modelled on; `1.0` so far."""
    time: str
    """When it happened (RFC 3339)."""
    dataContentType: str | None = None
    """Media type of `data`; `application/json`, also where it is left out."""
    correlationId: str | None = None
    """Id of the request that led to the event. Sent as `correlationId`, `correlationID`."""
    userID: str | None = None
    """A user; sent in August 2025 only."""
    type: str
    """The event type. Known values: `ev/unplugged`."""
    data: GridxUnplugged
    """The car."""


class GridxUnplugged(Payload, frozen=True, kw_only=True):
    """A car was unplugged."""

    issuedAt: str
    """When the car reported (RFC 3339); the report may reach gridX later."""
    atHome: bool
    """Whether the car is at its user's home."""
    type: str
    """Type of the asset that reports; `EV`."""
    systemID: str
    """The system that the car is linked to."""
    assetID: str
    """The car."""
    gatewayID: str
    """The gateway that the car is linked to."""
    state: str
    """`UNPLUGGED`. Known values: `UNPLUGGED`."""


class GridxEvChargeStarted(Payload, frozen=True, kw_only=True):
    """Charging started

    A car has started charging.
    """

    id: str
    """Id of the event, the same when it is sent again."""
    source: str | None = None
    """Path of what the event is about, such as `/systems/<uuid>`."""
    specVersion: str | None = None
    """Version of CloudEvents that the envelope is modelled on; `1.0` so far."""
    time: str
    """When it happened (RFC 3339)."""
    dataContentType: str | None = None
    """Media type of `data`; `application/json`, also where it is left out."""
    correlationId: str | None = None
    """Id of the request that led to the event. Sent as `correlationId`, `correlationID`."""
    userID: str | None = None
    """A user; sent in August 2025 only."""
    type: str
    """The event type. Known values: `ev/charge-started`."""
    data: GridxChargeState
    """The car and its charging."""


class GridxChargeState(Payload, frozen=True, kw_only=True):
    """A car started or stopped charging."""

    issuedAt: str
    """When the car reported (RFC 3339); the report may reach gridX later."""
    atHome: bool
    """Whether the car is at its user's home."""
    type: str
    """Type of the asset that reports; `EV`."""
    systemID: str
    """The system that the car is linked to."""
    assetID: str
    """The car."""
    gatewayID: str
    """The gateway that the car is linked to."""
    state: str
    """`CHARGING` when it started, `STOPPED` when it stopped. Known values: `CHARGING`,
    `STOPPED`.
    """
    chargePower: int
    """Power of charging in milliwatt (mW); negative while the car gives power back."""
    stateOfCharge: float | None = None
    """How full the battery is, in percent (0 to 100)."""
    range: int | None = None
    """How far the car can go, in metres."""


class GridxEvChargeStopped(Payload, frozen=True, kw_only=True):
    """Charging stopped

    A car has stopped charging.
    """

    id: str
    """Id of the event, the same when it is sent again."""
    source: str | None = None
    """Path of what the event is about, such as `/systems/<uuid>`."""
    specVersion: str | None = None
    """Version of CloudEvents that the envelope is modelled on; `1.0` so far."""
    time: str
    """When it happened (RFC 3339)."""
    dataContentType: str | None = None
    """Media type of `data`; `application/json`, also where it is left out."""
    correlationId: str | None = None
    """Id of the request that led to the event. Sent as `correlationId`, `correlationID`."""
    userID: str | None = None
    """A user; sent in August 2025 only."""
    type: str
    """The event type. Known values: `ev/charge-stopped`."""
    data: GridxChargeState
    """The car and its charging."""


class GridxEvChargeFailed(Payload, frozen=True, kw_only=True):
    """Charging failed to start or stop

    An attempt to start or stop charging has failed.
    """

    id: str
    """Id of the event, the same when it is sent again."""
    source: str | None = None
    """Path of what the event is about, such as `/systems/<uuid>`."""
    specVersion: str | None = None
    """Version of CloudEvents that the envelope is modelled on; `1.0` so far."""
    time: str
    """When it happened (RFC 3339)."""
    dataContentType: str | None = None
    """Media type of `data`; `application/json`, also where it is left out."""
    correlationId: str | None = None
    """Id of the request that led to the event. Sent as `correlationId`, `correlationID`."""
    userID: str | None = None
    """A user; sent in August 2025 only."""
    type: str
    """The event type. Known values: `ev/charge-failed`."""
    data: GridxChargeFailed
    """The car, the attempt and the reason."""


class GridxChargeFailed(Payload, frozen=True, kw_only=True):
    """Charging could not be started or stopped."""

    issuedAt: str
    """When the car reported (RFC 3339); the report may reach gridX later."""
    atHome: bool
    """Whether the car is at its user's home."""
    type: str
    """Type of the asset that reports; `EV`."""
    systemID: str
    """The system that the car is linked to."""
    assetID: str
    """The car."""
    gatewayID: str
    """The gateway that the car is linked to."""
    createdAt: str
    """When the attempt began (RFC 3339)."""
    completedAt: str
    """When the attempt was given up (RFC 3339)."""
    kind: str
    """What was attempted. Known values: `START`, `STOP`."""
    failureReason: GridxFailureReason
    """Why it failed."""


class GridxFailureReason(Payload, frozen=True, kw_only=True):
    """Why an attempt at a car failed."""

    type: str
    """The reason in one word. Known values: `NO_RESPONSE`, `FAILED_PRECONDITION`, `CONFLICT`,
    `NOT_FOUND`, `REQUESTED_CANCELLATION`.
    """
    detail: str
    """The reason for people to read."""


class GridxEvMeasurement(Payload, frozen=True, kw_only=True):
    """Car measurement

    A car has reported its state.
    """

    id: str
    """Id of the event, the same when it is sent again."""
    source: str | None = None
    """Path of what the event is about, such as `/systems/<uuid>`."""
    specVersion: str | None = None
    """Version of CloudEvents that the envelope is modelled on; `1.0` so far."""
    time: str
    """When it happened (RFC 3339)."""
    dataContentType: str | None = None
    """Media type of `data`; `application/json`, also where it is left out."""
    correlationId: str | None = None
    """Id of the request that led to the event. Sent as `correlationId`, `correlationID`."""
    userID: str | None = None
    """A user; sent in August 2025 only."""
    type: str
    """The event type. Known values: `ev/measurement`."""
    data: GridxVehicleMeasurement
    """The car's state."""


class GridxVehicleMeasurement(Payload, frozen=True, kw_only=True):
    """A car's report of its state."""

    issuedAt: str
    """When the car reported (RFC 3339); the report may reach gridX later."""
    atHome: bool
    """Whether the car is at its user's home."""
    type: str
    """Type of the asset that reports; `EV`."""
    systemID: str
    """The system that the car is linked to."""
    assetID: str
    """The car."""
    gatewayID: str
    """The gateway that the car is linked to."""
    chargePower: int
    """Power of charging in milliwatt (mW); negative while the car gives power back."""
    chargeState: str
    """What the car's charging does; may be empty. Known values: `INITIALIZING`, `CHARGING`,
    `COMPLETE`, `STOPPED`, `FAULT`, `NO_POWER`, `DISCHARGING`, ``.
    """
    plugState: str
    """Whether the car is plugged in. Known values: `PLUGGED`, `UNPLUGGED`, `UNKNOWN`."""
    isControllable: bool
    """Whether gridX can control the charging now."""
    stateOfCharge: float | None = None
    """How full the battery is, in percent (0 to 100)."""
    range: int | None = None
    """How far the car can go, in metres."""
    chargeLimit: float | None = None
    """How full the car lets its battery become, in percent (0 to 100)."""
    capacity: int | None = None
    """Capacity of the battery in watt hours (Wh)."""


class GridxEvInfeasibleChargingGoals(Payload, frozen=True, kw_only=True):
    """Charging goals out of reach

    A car cannot be charged as its user asked before the time of departure.
    """

    id: str
    """Id of the event, the same when it is sent again."""
    source: str | None = None
    """Path of what the event is about, such as `/systems/<uuid>`."""
    specVersion: str | None = None
    """Version of CloudEvents that the envelope is modelled on; `1.0` so far."""
    time: str
    """When it happened (RFC 3339)."""
    dataContentType: str | None = None
    """Media type of `data`; `application/json`, also where it is left out."""
    correlationId: str | None = None
    """Id of the request that led to the event. Sent as `correlationId`, `correlationID`."""
    userID: str | None = None
    """A user; sent in August 2025 only."""
    type: str
    """The event type. Known values: `ev/infeasible-charging-goals`."""
    data: GridxInfeasibleGoals
    """What was asked for and what can be delivered."""


class GridxInfeasibleGoals(Payload, frozen=True, kw_only=True):
    """What a car's user asked for, and what can be delivered until departure. Powers are in W
    here, not in mW.
    """

    systemID: str
    """The system that the car is linked to."""
    assetID: str
    """The car."""
    minRequestedSoC: float
    """How full the user wants the battery at departure, in percent (0 to 100)."""
    currentSoC: float
    """How full the battery is, in percent (0 to 100)."""
    maxStateOfCharge: float | None = None
    """How full the car's own limit lets the battery become, in percent (0 to 100); null or
    absent without a limit.
    """
    departureAt: str
    """When the user wants to leave (RFC 3339)."""
    energyNeededWh: float
    """Energy that is missing, in watt hours (Wh)."""
    deliverableEnergyWh: float
    """Energy that can be charged until departure, in watt hours (Wh)."""
    chargingPowerW: float
    """Power of charging that this is reckoned with, in watt (W)."""
    atHome: bool | None = None
    """Whether the car is at its user's home; null when unknown."""


class GridxPowerLimitSet(Payload, frozen=True, kw_only=True):
    """Consumption limit set

    The consumption of a system has been limited by a signal from the grid.
    """

    id: str
    """Id of the event, the same when it is sent again."""
    source: str | None = None
    """Path of what the event is about, such as `/systems/<uuid>`."""
    specVersion: str | None = None
    """Version of CloudEvents that the envelope is modelled on; `1.0` so far."""
    time: str
    """When it happened (RFC 3339)."""
    dataContentType: str | None = None
    """Media type of `data`; `application/json`, also where it is left out."""
    correlationId: str | None = None
    """Id of the request that led to the event. Sent as `correlationId`, `correlationID`."""
    userID: str | None = None
    """A user; sent in August 2025 only."""
    type: str
    """The event type. Known values: `grid-signal-processor/limitation-of-power-consumption/set`."""
    data: GridxPowerLimit
    """The limit."""


class GridxPowerLimit(Payload, frozen=True, kw_only=True):
    """A limit on the consumption of a system, as a grid operator's signal sets or lifts it."""

    newLPC: float | None = None
    """The limit in milliwatt (mW); absent when it was lifted."""
    receivedAt: str | None = None
    """When the gateway got the signal (RFC 3339)."""
    validUntil: str | None = None
    """Until when the signal is valid (RFC 3339)."""


class GridxPowerLimitUnset(Payload, frozen=True, kw_only=True):
    """Consumption limit lifted

    The limit on the consumption of a system has been lifted.
    """

    id: str
    """Id of the event, the same when it is sent again."""
    source: str | None = None
    """Path of what the event is about, such as `/systems/<uuid>`."""
    specVersion: str | None = None
    """Version of CloudEvents that the envelope is modelled on; `1.0` so far."""
    time: str
    """When it happened (RFC 3339)."""
    dataContentType: str | None = None
    """Media type of `data`; `application/json`, also where it is left out."""
    correlationId: str | None = None
    """Id of the request that led to the event. Sent as `correlationId`, `correlationID`."""
    userID: str | None = None
    """A user; sent in August 2025 only."""
    type: str
    """The event type. Known values:
    `grid-signal-processor/limitation-of-power-consumption/unset`.
    """
    data: GridxPowerLimit
    """The signal."""


class GridxSystemAction(Payload, frozen=True, kw_only=True):
    """User action needed

    A person has to do something before a car can be read or controlled, or has done it.
    """

    id: str
    """Id of the event, the same when it is sent again."""
    source: str | None = None
    """Path of what the event is about, such as `/systems/<uuid>`."""
    specVersion: str | None = None
    """Version of CloudEvents that the envelope is modelled on; `1.0` so far."""
    time: str
    """When it happened (RFC 3339)."""
    dataContentType: str | None = None
    """Media type of `data`; `application/json`, also where it is left out."""
    correlationId: str | None = None
    """Id of the request that led to the event. Sent as `correlationId`, `correlationID`."""
    userID: str | None = None
    """A user; sent in August 2025 only."""
    type: str
    """The event type. Known values: `system/action`."""
    data: GridxUserAction
    """What has to be done."""


class GridxUserAction(Payload, frozen=True, kw_only=True):
    """Something that a person has to do before a car can be read or controlled."""

    id: str
    """Id of the action, the same when it is solved."""
    capabilities: list[str]
    """What works again once the action is done."""
    type: str
    """Type of the asset; `EV`. Known values: `EV`."""
    manufacturer: str
    """Who made the asset."""
    domain: str
    """Whether it is about the user's account with the manufacturer, or about the device. Known
    values: `Account`, `Device`.
    """
    introducedAt: str
    """Since when the action is needed (RFC 3339, UTC)."""
    resolution: GridxResolution
    """What to do."""
    gatewayID: str
    """The gateway that the asset is linked to."""
    assetID: str
    """The asset."""
    systemID: str
    """The system that gateway and asset belong to."""
    status: str
    """Whether it is still to be done. Known values: `OPEN`, `SOLVED`."""


class GridxResolution(Payload, frozen=True, kw_only=True):
    """What a person has to do."""

    title: str
    """Heading, in the user's language."""
    description: str
    """Steps to take, in the user's language (Markdown)."""
    access: str
    """Whether it can be done from afar or only at the car. Known values: `Remote`, `Physical`."""
    agent: str
    """Who can do it. Known values: `User`, `ThirdParty`."""
    action: str | None = None
    """What the user links in the course of it. Known values: `Link`, `LinkAdditionalAsset`."""


class GridxPing(Payload, frozen=True, kw_only=True):
    """Ping

    A test of a subscription; sent on demand only.
    """

    id: str
    """Id of the event, the same when it is sent again."""
    source: str | None = None
    """Path of what the event is about, such as `/systems/<uuid>`."""
    specVersion: str | None = None
    """Version of CloudEvents that the envelope is modelled on; `1.0` so far."""
    time: str
    """When it happened (RFC 3339)."""
    dataContentType: str | None = None
    """Media type of `data`; `application/json`, also where it is left out."""
    correlationId: str | None = None
    """Id of the request that led to the event. Sent as `correlationId`, `correlationID`."""
    userID: str | None = None
    """A user; sent in August 2025 only."""
    type: str
    """The event type. Known values: `ping`."""
    data: GridxPingText
    """The text."""


class GridxPingText(Payload, frozen=True, kw_only=True):
    """A test of the subscription."""

    message: str | None = None
    """Some text."""


class SolarnetworkDatumAggUpdate(Payload, frozen=True, kw_only=True):
    """Aggregate updated

    An aggregate of a node's source has been computed. The same aggregate is computed many times, so
    equal events are normal; keep the latest.
    """

    topic: str
    """The event type, `datum/agg/update`."""
    userId: int | None = None
    """User that owns the hook."""
    hookId: int
    """The hook that the event was made for."""
    nodeId: int
    """The node."""
    sourceId: str | None = None
    """The datum source of the node, such as `/power/1`; at most 64 characters."""
    aggregationKey: str
    """Length of the period; `h` hour, `d` day, `M` calendar month. Known values: `h`, `d`, `M`."""
    timestamp: int
    """Start of the period, in epoch milliseconds."""


class FlespiMessage(Payload, frozen=True, kw_only=True):
    """Telematics message

    A message of a device, as a channel received it: flat, with dotted names. What a device sends
    depends on its protocol; whatever is not listed here is kept as well.
    """

    ident: str
    """Identifier of the device within its channel, such as its IMEI. Sent as `ident`, `Ident`."""
    timestamp: float | None = None
    """When the device took the message, in epoch seconds with fraction. Sent as `timestamp`,
    `Timestamp`.
    """
    server_timestamp: float | None = None
    """When flespi received the message, in epoch seconds with fraction. Sent as
    `server.timestamp`, `server_timestamp`, `ServerTimestamp`.
    """
    channel_id: int | None = None
    """The channel. Sent as `channel.id`, `channel_id`, `ChannelId`."""
    protocol_id: int | None = None
    """The protocol that the device speaks. Sent as `protocol.id`, `protocol_id`, `ProtocolId`."""
    peer: str | None = None
    """Address and port of the device, `ip:port`; may be empty. Sent as `peer`, `Peer`."""
    device_id: int | None = None
    """The registered device, where the ident belongs to one. Sent as `device.id`, `device_id`,
    `DeviceId`.
    """
    device_name: str | None = None
    """Name of the registered device. Sent as `device.name`, `device_name`, `DeviceName`."""
    device_type_id: int | None = None
    """Type of the registered device. Sent as `device.type.id`, `device_type_id`, `DeviceTypeId`."""
    position_latitude: float | None = None
    """Latitude in degrees, north is positive. Sent as `position.latitude`, `position_latitude`,
    `PositionLatitude`.
    """
    position_longitude: float | None = None
    """Longitude in degrees, east is positive. Sent as `position.longitude`,
    `position_longitude`, `PositionLongitude`.
    """
    position_altitude: float | None = None
    """Altitude in metres. Sent as `position.altitude`, `position_altitude`, `PositionAltitude`."""
    position_speed: float | None = None
    """Speed in km/h. Sent as `position.speed`, `position_speed`, `PositionSpeed`."""
    position_direction: float | None = None
    """Heading in degrees, clockwise from north. Sent as `position.direction`,
    `position_direction`, `PositionDirection`.
    """
    position_satellites: int | None = None
    """Number of satellites in view. Sent as `position.satellites`, `position_satellites`,
    `PositionSatellites`.
    """
    position_valid: bool | None = None
    """Whether the position is to be relied on. Sent as `position.valid`, `position_valid`,
    `PositionValid`.
    """
    position_hdop: float | None = None
    """Horizontal dilution of precision, no unit. Sent as `position.hdop`, `position_hdop`,
    `PositionHdop`.
    """
    position_pdop: float | None = None
    """Dilution of precision in three dimensions, no unit. Sent as `position.pdop`,
    `position_pdop`, `PositionPdop`.
    """
    battery_voltage: float | None = None
    """Voltage of the device's battery, in volts. Sent as `battery.voltage`, `battery_voltage`,
    `BatteryVoltage`.
    """
    battery_level: float | None = None
    """How full the device's battery is, in percent (0 to 100). Sent as `battery.level`,
    `battery_level`, `BatteryLevel`.
    """
    external_powersource_voltage: float | None = None
    """Voltage of the external supply, in volts. Sent as `external.powersource.voltage`,
    `external_powersource_voltage`, `ExternalPowersourceVoltage`.
    """
    din: int | None = None
    """Digital inputs as a bit mask. Sent as `din`, `Din`."""
    dout: int | None = None
    """Digital outputs as a bit mask. Sent as `dout`, `Dout`."""
    engine_ignition_status: bool | None = None
    """Whether the ignition is on. Sent as `engine.ignition.status`, `engine_ignition_status`,
    `EngineIgnitionStatus`.
    """
    movement_status: bool | None = None
    """Whether the device moves. Sent as `movement.status`, `movement_status`, `MovementStatus`."""
    gsm_mcc: int | None = None
    """Country code of the mobile network. Sent as `gsm.mcc`, `gsm_mcc`, `GsmMcc`."""
    gsm_mnc: int | None = None
    """Network code of the mobile network. Sent as `gsm.mnc`, `gsm_mnc`, `GsmMnc`."""
    gsm_operator_code: str | None = None
    """Code of the mobile operator, such as `25701`. Sent as `gsm.operator.code`,
    `gsm_operator_code`, `GsmOperatorCode`.
    """
    gsm_signal_level: float | None = None
    """Signal of the mobile network, in percent (0 to 100). Sent as `gsm.signal.level`,
    `gsm_signal_level`, `GsmSignalLevel`.
    """
    vehicle_mileage: float | None = None
    """Total mileage of the vehicle, in kilometres. Sent as `vehicle.mileage`, `vehicle_mileage`,
    `VehicleMileage`.
    """
    vehicle_vin: str | None = None
    """Vehicle identification number. Sent as `vehicle.vin`, `vehicle_vin`, `VehicleVin`."""
    event_priority_enum: Any = None
    """Priority of the message, as the device's protocol defines it. Sent as
    `event.priority.enum`, `event_priority_enum`, `EventPriorityEnum`.
    """
    report_reason: Any = None
    """Why the device sent the message, as its protocol defines it. Sent as `report.reason`,
    `report_reason`, `ReportReason`.
    """


MODELS: dict[tuple[str, str], type[Payload]] = {
    ("rainmaker", "rmaker.event.node_connected"): RainmakerNodeConnected,
    ("rainmaker", "rmaker.event.node_disconnected"): RainmakerNodeDisconnected,
    ("rainmaker", "rmaker.event.user_node_sharing_add"): RainmakerUserNodeSharingAdd,
    ("rainmaker", "rmaker.event.user_node_added"): RainmakerUserNodeAdded,
    ("rainmaker", "rmaker.event.user_node_removed"): RainmakerUserNodeRemoved,
    ("rainmaker", "rmaker.event.node_params_changed"): RainmakerNodeParamsChanged,
    ("rainmaker", "rmaker.event.alert"): RainmakerAlert,
    ("rainmaker", "rmaker.event.node_automation_trigger"): RainmakerNodeAutomationTrigger,
    ("rainmaker", "rmaker.event.user_node_group_sharing_add"): RainmakerUserNodeGroupSharingAdd,
    ("rainmaker", "rmaker.event.user_node_group_added"): RainmakerUserNodeGroupAdded,
    ("rainmaker", "rmaker.event.user_node_group_removed"): RainmakerUserNodeGroupRemoved,
    ("rainmaker", "rmaker.event.node_registered"): RainmakerNodeRegistered,
    ("rainmaker", "rmaker.event.admin_user_added"): RainmakerAdminUserAdded,
    ("rainmaker", "rmaker.event.new_tags_added"): RainmakerNewTagsAdded,
    ("rainmaker", "rmaker.event.existing_tags_attached"): RainmakerExistingTagsAttached,
    ("rainmaker", "rmaker.event.node_config_changed"): RainmakerNodeConfigChanged,
    ("rainmaker", "rmaker.event.user_node_ota"): RainmakerUserNodeOta,
    ("rainmaker", "rmaker.event.node_ts_data"): RainmakerNodeTsData,
    ("gridx", "appliance/create"): GridxApplianceCreate,
    ("gridx", "appliance/update"): GridxApplianceUpdate,
    ("gridx", "appliance/online"): GridxApplianceOnline,
    ("gridx", "appliance/offline"): GridxApplianceOffline,
    ("gridx", "appliance/delete"): GridxApplianceDelete,
    ("gridx", "inverter/status"): GridxInverterStatus,
    ("gridx", "gateway/create"): GridxGatewayCreate,
    ("gridx", "gateway/online"): GridxGatewayOnline,
    ("gridx", "gateway/offline"): GridxGatewayOffline,
    ("gridx", "commissioning/done"): GridxCommissioningDone,
    ("gridx", "ev/plugged"): GridxEvPlugged,
    ("gridx", "ev/unplugged"): GridxEvUnplugged,
    ("gridx", "ev/charge-started"): GridxEvChargeStarted,
    ("gridx", "ev/charge-stopped"): GridxEvChargeStopped,
    ("gridx", "ev/charge-failed"): GridxEvChargeFailed,
    ("gridx", "ev/measurement"): GridxEvMeasurement,
    ("gridx", "ev/infeasible-charging-goals"): GridxEvInfeasibleChargingGoals,
    ("gridx", "grid-signal-processor/limitation-of-power-consumption/set"): GridxPowerLimitSet,
    ("gridx", "grid-signal-processor/limitation-of-power-consumption/unset"): GridxPowerLimitUnset,
    ("gridx", "system/action"): GridxSystemAction,
    ("gridx", "ping"): GridxPing,
    ("solarnetwork", "datum/agg/update"): SolarnetworkDatumAggUpdate,
    ("flespi", "flespi/message"): FlespiMessage,
}
"""The model of each event type, by source and type."""

SPELLINGS: dict[type[Payload], dict[str, str]] = {
    RainmakerNodeConnected: {
        "EventVersion": "EventVersion",
        "event_version": "EventVersion",
        "Id": "Id",
        "id": "Id",
        "Timestamp": "Timestamp",
        "timestamp": "Timestamp",
        "Description": "Description",
        "description": "Description",
        "EventType": "EventType",
        "event_type": "EventType",
        "EventData": "EventData",
        "event_data": "EventData",
    },
    RainmakerConnectivity: {
        "UserId": "UserId",
        "user_id": "UserId",
        "NodeId": "NodeId",
        "node_id": "NodeId",
        "Connected": "Connected",
        "connected": "Connected",
    },
    RainmakerNodeDisconnected: {
        "EventVersion": "EventVersion",
        "event_version": "EventVersion",
        "Id": "Id",
        "id": "Id",
        "Timestamp": "Timestamp",
        "timestamp": "Timestamp",
        "Description": "Description",
        "description": "Description",
        "EventType": "EventType",
        "event_type": "EventType",
        "EventData": "EventData",
        "event_data": "EventData",
    },
    RainmakerUserNodeSharingAdd: {
        "EventVersion": "EventVersion",
        "event_version": "EventVersion",
        "Id": "Id",
        "id": "Id",
        "Timestamp": "Timestamp",
        "timestamp": "Timestamp",
        "Description": "Description",
        "description": "Description",
        "EventType": "EventType",
        "event_type": "EventType",
        "EventData": "EventData",
        "event_data": "EventData",
    },
    RainmakerNodeSharing: {
        "PrimaryUserName": "PrimaryUserName",
        "primary_user_name": "PrimaryUserName",
        "SecondaryUserName": "SecondaryUserName",
        "secondary_user_name": "SecondaryUserName",
        "Nodes": "Nodes",
        "nodes": "Nodes",
        "RequestId": "RequestId",
        "request_id": "RequestId",
        "Accept": "Accept",
        "accept": "Accept",
        "Metadata": "Metadata",
        "metadata": "Metadata",
    },
    RainmakerSharingMetadata: {
        "devices": "devices",
        "Devices": "devices",
    },
    RainmakerSharedDevice: {
        "name": "name",
        "Name": "name",
    },
    RainmakerUserNodeAdded: {
        "EventVersion": "EventVersion",
        "event_version": "EventVersion",
        "Id": "Id",
        "id": "Id",
        "Timestamp": "Timestamp",
        "timestamp": "Timestamp",
        "Description": "Description",
        "description": "Description",
        "EventType": "EventType",
        "event_type": "EventType",
        "EventData": "EventData",
        "event_data": "EventData",
    },
    RainmakerUserNodes: {
        "UserId": "UserId",
        "user_id": "UserId",
        "UserRole": "UserRole",
        "user_role": "UserRole",
        "Nodes": "Nodes",
        "nodes": "Nodes",
    },
    RainmakerUserNodeRemoved: {
        "EventVersion": "EventVersion",
        "event_version": "EventVersion",
        "Id": "Id",
        "id": "Id",
        "Timestamp": "Timestamp",
        "timestamp": "Timestamp",
        "Description": "Description",
        "description": "Description",
        "EventType": "EventType",
        "event_type": "EventType",
        "EventData": "EventData",
        "event_data": "EventData",
    },
    RainmakerNodeParamsChanged: {
        "EventVersion": "EventVersion",
        "event_version": "EventVersion",
        "Id": "Id",
        "id": "Id",
        "Timestamp": "Timestamp",
        "timestamp": "Timestamp",
        "Description": "Description",
        "description": "Description",
        "EventType": "EventType",
        "event_type": "EventType",
        "EventData": "EventData",
        "event_data": "EventData",
    },
    RainmakerParams: {
        "NodeId": "NodeId",
        "node_id": "NodeId",
        "Payload": "Payload_",
        "payload": "Payload_",
    },
    RainmakerAlert: {
        "EventVersion": "EventVersion",
        "event_version": "EventVersion",
        "Id": "Id",
        "id": "Id",
        "Timestamp": "Timestamp",
        "timestamp": "Timestamp",
        "Description": "Description",
        "description": "Description",
        "EventType": "EventType",
        "event_type": "EventType",
        "EventData": "EventData",
        "event_data": "EventData",
    },
    RainmakerNodeAlert: {
        "NodeId": "NodeId",
        "node_id": "NodeId",
        "MessageBody": "MessageBody",
        "message_body": "MessageBody",
    },
    RainmakerNodeAutomationTrigger: {
        "EventVersion": "EventVersion",
        "event_version": "EventVersion",
        "Id": "Id",
        "id": "Id",
        "Timestamp": "Timestamp",
        "timestamp": "Timestamp",
        "Description": "Description",
        "description": "Description",
        "EventType": "EventType",
        "event_type": "EventType",
        "EventData": "EventData",
        "event_data": "EventData",
    },
    RainmakerAutomation: {
        "NodeId": "NodeId",
        "node_id": "NodeId",
        "AutomationName": "AutomationName",
        "automation_name": "AutomationName",
        "Events": "Events",
        "events": "Events",
        "Actions": "Actions",
        "actions": "Actions",
        "Status": "Status",
        "status": "Status",
    },
    RainmakerAutomationCondition: {
        "params": "params",
        "Params": "params",
        "check": "check",
        "Check": "check",
    },
    RainmakerAutomationAction: {
        "node_id": "node_id",
        "NodeId": "node_id",
        "params": "params",
        "Params": "params",
    },
    RainmakerAutomationStatus: {
        "node_id": "node_id",
        "NodeId": "node_id",
        "status": "status",
        "Status": "status",
    },
    RainmakerUserNodeGroupSharingAdd: {
        "EventVersion": "EventVersion",
        "event_version": "EventVersion",
        "Id": "Id",
        "id": "Id",
        "Timestamp": "Timestamp",
        "timestamp": "Timestamp",
        "Description": "Description",
        "description": "Description",
        "EventType": "EventType",
        "event_type": "EventType",
        "EventData": "EventData",
        "event_data": "EventData",
    },
    RainmakerGroupSharing: {
        "SharedFrom": "SharedFrom",
        "shared_from": "SharedFrom",
        "SharedTo": "SharedTo",
        "shared_to": "SharedTo",
        "Groups": "Groups",
        "groups": "Groups",
        "RequestId": "RequestId",
        "request_id": "RequestId",
        "Accept": "Accept",
        "accept": "Accept",
    },
    RainmakerGroup: {
        "group_id": "group_id",
        "GroupId": "group_id",
        "group_name": "group_name",
        "GroupName": "group_name",
    },
    RainmakerUserNodeGroupAdded: {
        "EventVersion": "EventVersion",
        "event_version": "EventVersion",
        "Id": "Id",
        "id": "Id",
        "Timestamp": "Timestamp",
        "timestamp": "Timestamp",
        "Description": "Description",
        "description": "Description",
        "EventType": "EventType",
        "event_type": "EventType",
        "EventData": "EventData",
        "event_data": "EventData",
    },
    RainmakerGroupsAdded: {
        "Groups": "Groups",
        "groups": "Groups",
        "RequestId": "RequestId",
        "request_id": "RequestId",
    },
    RainmakerUserNodeGroupRemoved: {
        "EventVersion": "EventVersion",
        "event_version": "EventVersion",
        "Id": "Id",
        "id": "Id",
        "Timestamp": "Timestamp",
        "timestamp": "Timestamp",
        "Description": "Description",
        "description": "Description",
        "EventType": "EventType",
        "event_type": "EventType",
        "EventData": "EventData",
        "event_data": "EventData",
    },
    RainmakerGroupsRemoved: {
        "Groups": "Groups",
        "groups": "Groups",
        "SharedFrom": "SharedFrom",
        "shared_from": "SharedFrom",
        "SelfRemoval": "SelfRemoval",
        "self_removal": "SelfRemoval",
    },
    RainmakerNodeRegistered: {
        "EventVersion": "EventVersion",
        "event_version": "EventVersion",
        "Id": "Id",
        "id": "Id",
        "Timestamp": "Timestamp",
        "timestamp": "Timestamp",
        "Description": "Description",
        "description": "Description",
        "EventType": "EventType",
        "event_type": "EventType",
        "EventData": "EventData",
        "event_data": "EventData",
    },
    RainmakerRegistration: {
        "NodeId": "NodeId",
        "node_id": "NodeId",
        "AdminUserId": "AdminUserId",
        "admin_user_id": "AdminUserId",
    },
    RainmakerAdminUserAdded: {
        "EventVersion": "EventVersion",
        "event_version": "EventVersion",
        "Id": "Id",
        "id": "Id",
        "Timestamp": "Timestamp",
        "timestamp": "Timestamp",
        "Description": "Description",
        "description": "Description",
        "EventType": "EventType",
        "event_type": "EventType",
        "EventData": "EventData",
        "event_data": "EventData",
    },
    RainmakerAdminUser: {
        "UserId": "UserId",
        "user_id": "UserId",
        "UserName": "UserName",
        "user_name": "UserName",
    },
    RainmakerNewTagsAdded: {
        "EventVersion": "EventVersion",
        "event_version": "EventVersion",
        "Id": "Id",
        "id": "Id",
        "Timestamp": "Timestamp",
        "timestamp": "Timestamp",
        "Description": "Description",
        "description": "Description",
        "EventType": "EventType",
        "event_type": "EventType",
        "EventData": "EventData",
        "event_data": "EventData",
    },
    RainmakerTags: {
        "NodeId": "NodeId",
        "node_id": "NodeId",
        "Tags": "Tags",
        "tags": "Tags",
    },
    RainmakerExistingTagsAttached: {
        "EventVersion": "EventVersion",
        "event_version": "EventVersion",
        "Id": "Id",
        "id": "Id",
        "Timestamp": "Timestamp",
        "timestamp": "Timestamp",
        "Description": "Description",
        "description": "Description",
        "EventType": "EventType",
        "event_type": "EventType",
        "EventData": "EventData",
        "event_data": "EventData",
    },
    RainmakerNodeConfigChanged: {
        "EventVersion": "EventVersion",
        "event_version": "EventVersion",
        "Id": "Id",
        "id": "Id",
        "Timestamp": "Timestamp",
        "timestamp": "Timestamp",
        "Description": "Description",
        "description": "Description",
        "EventType": "EventType",
        "event_type": "EventType",
        "EventData": "EventData",
        "event_data": "EventData",
    },
    RainmakerNodeConfig: {
        "NodeId": "NodeId",
        "node_id": "NodeId",
        "Config": "Config",
        "config": "Config",
    },
    RainmakerUserNodeOta: {
        "EventVersion": "EventVersion",
        "event_version": "EventVersion",
        "Id": "Id",
        "id": "Id",
        "Timestamp": "Timestamp",
        "timestamp": "Timestamp",
        "Description": "Description",
        "description": "Description",
        "EventType": "EventType",
        "event_type": "EventType",
        "EventData": "EventData",
        "event_data": "EventData",
    },
    RainmakerOta: {
        "NodeId": "NodeId",
        "node_id": "NodeId",
        "OtaJobId": "OtaJobId",
        "ota_job_id": "OtaJobId",
        "FwVersion": "FwVersion",
        "fw_version": "FwVersion",
    },
    RainmakerNodeTsData: {
        "EventVersion": "EventVersion",
        "event_version": "EventVersion",
        "Id": "Id",
        "id": "Id",
        "Timestamp": "Timestamp",
        "timestamp": "Timestamp",
        "Description": "Description",
        "description": "Description",
        "EventType": "EventType",
        "event_type": "EventType",
        "EventData": "EventData",
        "event_data": "EventData",
    },
    RainmakerTimeSeries: {
        "NodeId": "NodeId",
        "node_id": "NodeId",
        "TsData": "TsData",
        "ts_data": "TsData",
    },
    GridxApplianceCreate: {
        "correlationId": "correlationId",
        "correlationID": "correlationId",
    },
    GridxApplianceUpdate: {
        "correlationId": "correlationId",
        "correlationID": "correlationId",
    },
    GridxApplianceOnline: {
        "correlationId": "correlationId",
        "correlationID": "correlationId",
    },
    GridxApplianceOffline: {
        "correlationId": "correlationId",
        "correlationID": "correlationId",
    },
    GridxApplianceDelete: {
        "correlationId": "correlationId",
        "correlationID": "correlationId",
    },
    GridxInverterStatus: {
        "correlationId": "correlationId",
        "correlationID": "correlationId",
    },
    GridxGatewayCreate: {
        "correlationId": "correlationId",
        "correlationID": "correlationId",
    },
    GridxGatewayOnline: {
        "correlationId": "correlationId",
        "correlationID": "correlationId",
    },
    GridxGatewayOffline: {
        "correlationId": "correlationId",
        "correlationID": "correlationId",
    },
    GridxCommissioningDone: {
        "correlationId": "correlationId",
        "correlationID": "correlationId",
    },
    GridxEvPlugged: {
        "correlationId": "correlationId",
        "correlationID": "correlationId",
    },
    GridxEvUnplugged: {
        "correlationId": "correlationId",
        "correlationID": "correlationId",
    },
    GridxEvChargeStarted: {
        "correlationId": "correlationId",
        "correlationID": "correlationId",
    },
    GridxEvChargeStopped: {
        "correlationId": "correlationId",
        "correlationID": "correlationId",
    },
    GridxEvChargeFailed: {
        "correlationId": "correlationId",
        "correlationID": "correlationId",
    },
    GridxEvMeasurement: {
        "correlationId": "correlationId",
        "correlationID": "correlationId",
    },
    GridxEvInfeasibleChargingGoals: {
        "correlationId": "correlationId",
        "correlationID": "correlationId",
    },
    GridxPowerLimitSet: {
        "correlationId": "correlationId",
        "correlationID": "correlationId",
    },
    GridxPowerLimitUnset: {
        "correlationId": "correlationId",
        "correlationID": "correlationId",
    },
    GridxSystemAction: {
        "correlationId": "correlationId",
        "correlationID": "correlationId",
    },
    GridxPing: {
        "correlationId": "correlationId",
        "correlationID": "correlationId",
    },
    FlespiMessage: {
        "ident": "ident",
        "Ident": "ident",
        "timestamp": "timestamp",
        "Timestamp": "timestamp",
        "server.timestamp": "server_timestamp",
        "server_timestamp": "server_timestamp",
        "ServerTimestamp": "server_timestamp",
        "channel.id": "channel_id",
        "channel_id": "channel_id",
        "ChannelId": "channel_id",
        "protocol.id": "protocol_id",
        "protocol_id": "protocol_id",
        "ProtocolId": "protocol_id",
        "peer": "peer",
        "Peer": "peer",
        "device.id": "device_id",
        "device_id": "device_id",
        "DeviceId": "device_id",
        "device.name": "device_name",
        "device_name": "device_name",
        "DeviceName": "device_name",
        "device.type.id": "device_type_id",
        "device_type_id": "device_type_id",
        "DeviceTypeId": "device_type_id",
        "position.latitude": "position_latitude",
        "position_latitude": "position_latitude",
        "PositionLatitude": "position_latitude",
        "position.longitude": "position_longitude",
        "position_longitude": "position_longitude",
        "PositionLongitude": "position_longitude",
        "position.altitude": "position_altitude",
        "position_altitude": "position_altitude",
        "PositionAltitude": "position_altitude",
        "position.speed": "position_speed",
        "position_speed": "position_speed",
        "PositionSpeed": "position_speed",
        "position.direction": "position_direction",
        "position_direction": "position_direction",
        "PositionDirection": "position_direction",
        "position.satellites": "position_satellites",
        "position_satellites": "position_satellites",
        "PositionSatellites": "position_satellites",
        "position.valid": "position_valid",
        "position_valid": "position_valid",
        "PositionValid": "position_valid",
        "position.hdop": "position_hdop",
        "position_hdop": "position_hdop",
        "PositionHdop": "position_hdop",
        "position.pdop": "position_pdop",
        "position_pdop": "position_pdop",
        "PositionPdop": "position_pdop",
        "battery.voltage": "battery_voltage",
        "battery_voltage": "battery_voltage",
        "BatteryVoltage": "battery_voltage",
        "battery.level": "battery_level",
        "battery_level": "battery_level",
        "BatteryLevel": "battery_level",
        "external.powersource.voltage": "external_powersource_voltage",
        "external_powersource_voltage": "external_powersource_voltage",
        "ExternalPowersourceVoltage": "external_powersource_voltage",
        "din": "din",
        "Din": "din",
        "dout": "dout",
        "Dout": "dout",
        "engine.ignition.status": "engine_ignition_status",
        "engine_ignition_status": "engine_ignition_status",
        "EngineIgnitionStatus": "engine_ignition_status",
        "movement.status": "movement_status",
        "movement_status": "movement_status",
        "MovementStatus": "movement_status",
        "gsm.mcc": "gsm_mcc",
        "gsm_mcc": "gsm_mcc",
        "GsmMcc": "gsm_mcc",
        "gsm.mnc": "gsm_mnc",
        "gsm_mnc": "gsm_mnc",
        "GsmMnc": "gsm_mnc",
        "gsm.operator.code": "gsm_operator_code",
        "gsm_operator_code": "gsm_operator_code",
        "GsmOperatorCode": "gsm_operator_code",
        "gsm.signal.level": "gsm_signal_level",
        "gsm_signal_level": "gsm_signal_level",
        "GsmSignalLevel": "gsm_signal_level",
        "vehicle.mileage": "vehicle_mileage",
        "vehicle_mileage": "vehicle_mileage",
        "VehicleMileage": "vehicle_mileage",
        "vehicle.vin": "vehicle_vin",
        "vehicle_vin": "vehicle_vin",
        "VehicleVin": "vehicle_vin",
        "event.priority.enum": "event_priority_enum",
        "event_priority_enum": "event_priority_enum",
        "EventPriorityEnum": "event_priority_enum",
        "report.reason": "report_reason",
        "report_reason": "report_reason",
        "ReportReason": "report_reason",
    },
}
"""Fields by the sender's names for them, the preferred one first; others have just their own."""

JSON_TEXTS: dict[type[Payload], frozenset[str]] = {
    RainmakerParams: frozenset(
        {
            "Payload_",
        }
    ),
    RainmakerNodeAlert: frozenset(
        {
            "MessageBody",
        }
    ),
    RainmakerNodeConfig: frozenset(
        {
            "Config",
        }
    ),
    RainmakerTimeSeries: frozenset(
        {
            "TsData",
        }
    ),
}
"""Fields that hold JSON in a string, which the decoder reads."""
