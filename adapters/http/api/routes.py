"""Every route of the API, one row each. What is not in this table does not exist."""

from datetime import datetime

from adapters.http.access import Right
from adapters.http.action import MUTATING, STORING, Action
from adapters.http.api import (
    alarms,
    chargers,
    connection_attempts,
    id_tags,
    jobs,
    messages,
    read_models,
    sessions,
    timelines,
    transparency,
)
from adapters.http.api.artefact_routes import ARTEFACT_ROUTES
from adapters.http.api.audit_routes import AUDIT_ROUTES
from adapters.http.api.command_routes import COMMAND_ROUTES
from adapters.http.api.control import PlainQuery
from adapters.http.api.live_routes import LIVE_ROUTES
from adapters.http.api.meter_keys import METER_KEY_ROUTES
from adapters.http.api.people_routes import PEOPLE_ROUTES
from adapters.http.api.privacy_routes import PRIVACY_ROUTES
from adapters.http.api.profile_routes import PROFILE_ROUTES
from adapters.http.api.provisioning_routes import PROVISIONING_ROUTES
from adapters.http.api.report_routes import REPORT_ROUTES
from adapters.http.api.reservation_routes import RESERVATION_ROUTES
from adapters.http.api.settings_routes import SETTINGS_ROUTES
from adapters.http.api.token_routes import TOKEN_ROUTES
from adapters.http.api.webhook_routes import WEBHOOK_ROUTES
from adapters.http.endpoint import AnyRow
from adapters.http.route import READING, Link, Page, Route

PREFIX = "/api/ocpp"

NEWEST = tuple[datetime, int]
"""The sort key of lists by time and place in the log."""

READING_ROUTES: tuple[Route, ...] = (
    Route(
        method="GET",
        path="/chargers",
        summary="Chargers and what their connectors are doing",
        handler=chargers.list_chargers,
        query=chargers.ChargersQuery,
        response=Page[chargers.ChargerLine],
        errors=READING,
        key=tuple[str],
        links=(Link("charger", "one_charger", {"cpid": "$response.body#/items/0/cpid"}),),
    ),
    Route(
        method="GET",
        path="/chargers/{cpid}",
        summary="Everything known of a charger",
        handler=chargers.one_charger,
        query=chargers.OneChargerQuery,
        response=chargers.Charger,
        errors=("not_found", *READING),
        etag=True,
        version="revision",
        links=(
            Link("connectors", "list_connectors", {"cpid": "$response.body#/cpid"}),
            Link("messages", "list_messages_of_charger", {"cpid": "$response.body#/cpid"}),
        ),
    ),
    Route(
        method="GET",
        path="/chargers/{cpid}/connectors",
        summary="The connectors of a charger",
        handler=chargers.list_connectors,
        query=chargers.OneChargerQuery,
        response=chargers.Connectors,
        errors=("not_found", *READING),
        etag=True,
    ),
    Route(
        method="GET",
        path="/chargers/{cpid}/messages",
        summary="What a charger said, and what it was answered",
        handler=messages.list_messages_of_charger,
        query=messages.ChargerMessagesQuery,
        response=Page[messages.Message],
        errors=("not_found", *READING),
        key=NEWEST,
    ),
    Route(
        method="GET",
        path="/chargers/{cpid}/timeline",
        summary="What happened to a charger, in words",
        handler=timelines.charger_timeline,
        query=timelines.TimelineQuery,
        response=Page[timelines.Line],
        errors=("not_found", *READING),
        key=tuple[int],
    ),
    Route(
        method="GET",
        path="/sessions/{id}/timeline",
        summary="What happened in a session, in words",
        handler=timelines.session_timeline,
        query=timelines.SessionTimelineQuery,
        response=Page[timelines.Line],
        errors=("not_found", *READING),
        key=tuple[int],
    ),
    Route(
        method="GET",
        path="/why",
        summary="Why an event happened, and what came of it",
        handler=timelines.why,
        query=timelines.WhyQuery,
        response=timelines.Why,
        errors=("not_found", *READING),
    ),
    Route(
        method="GET",
        path="/sessions",
        summary="Charging sessions",
        handler=sessions.list_sessions,
        query=sessions.SessionsQuery,
        response=Page[sessions.SessionLine],
        errors=("not_acceptable", *READING),
        key=tuple[datetime, str],
        csv=sessions.COLUMNS,
        links=(Link("session", "one_session", {"id": "$response.body#/items/0/id"}),),
    ),
    Route(
        method="GET",
        path="/sessions/{id}",
        summary="A charging session with its meter curve",
        handler=sessions.one_session,
        query=sessions.OneSessionQuery,
        response=sessions.Session,
        errors=("not_found", "not_acceptable", *READING),
        etag=True,
        also={transparency.MEDIA_TYPE: transparency.transparency_of},
    ),
    Route(
        method="GET",
        path="/messages",
        summary="What was said on the wire",
        handler=messages.list_messages,
        query=messages.MessagesQuery,
        response=Page[messages.Message],
        errors=READING,
        key=NEWEST,
    ),
    Route(
        method="GET",
        path="/connection-attempts",
        summary="Who knocked, and why not all were let in",
        handler=connection_attempts.list_connection_attempts,
        query=connection_attempts.ConnectionAttemptsQuery,
        response=Page[connection_attempts.ConnectionAttempt],
        errors=READING,
        key=NEWEST,
    ),
    Route(
        method="GET",
        path="/id-tags",
        summary="Id tokens, registered or merely shown",
        handler=id_tags.list_id_tags,
        query=id_tags.IdTagsQuery,
        response=Page[id_tags.IdTag],
        errors=READING,
        key=tuple[str],
    ),
    Route(
        method="GET",
        path="/read-models",
        summary="Where the read models stand in the log",
        handler=read_models.list_read_models,
        query=read_models.ReadModelsQuery,
        response=read_models.ReadModels,
        right=Right.PLATFORM,
        whole=True,
        errors=READING,
    ),
    Route(
        method="GET",
        path="/jobs",
        summary="The scheduled jobs, and when each last succeeded",
        handler=jobs.list_jobs,
        query=jobs.JobsQuery,
        response=jobs.JobList,
        right=Right.PLATFORM,
        whole=True,
        errors=READING,
    ),
)

ALARM_ROUTES: tuple[AnyRow, ...] = (
    Route(
        method="GET",
        path="/alarms",
        summary="What somebody should look at",
        handler=alarms.list_alarms,
        query=alarms.AlarmsQuery,
        response=Page[alarms.Alarm],
        errors=READING,
        key=tuple[str],
    ),
    Action(
        method="POST",
        path="/alarms/{id}/acknowledge",
        summary="Look after an alarm",
        handler=alarms.acknowledge,
        query=PlainQuery,
        body=alarms.Acknowledgement,
        response=None,
        right=Right.OPERATE,
        statuses=(204,),
        errors=("not_found", "ended", *READING, *STORING, *MUTATING),
    ),
)

ROUTES: tuple[AnyRow, ...] = (
    *READING_ROUTES,
    *PROVISIONING_ROUTES,
    *COMMAND_ROUTES,
    *SETTINGS_ROUTES,
    *RESERVATION_ROUTES,
    *PROFILE_ROUTES,
    *ARTEFACT_ROUTES,
    *ALARM_ROUTES,
    *REPORT_ROUTES,
    *TOKEN_ROUTES,
    *PRIVACY_ROUTES,
    *AUDIT_ROUTES,
    *METER_KEY_ROUTES,
    *PEOPLE_ROUTES,
    *LIVE_ROUTES,
    *WEBHOOK_ROUTES,
)
"""The whole API."""
