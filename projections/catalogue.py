"""Every read model there is: one table, from which the engine, the commands and the tests read."""

from domain.catalogue import FACTS
from projections.alarms.projection import Alarms
from projections.api_tokens.projection import ApiTokens
from projections.artefacts.projection import Artefacts
from projections.attempts.projection import Attempts
from projections.availability.projection import Availability
from projections.charging_profiles.projection import ChargingProfiles
from projections.commands.projection import Commands
from projections.configuration.projection import Configuration
from projections.connection_attempts.projection import ConnectionAttempts
from projections.id_tags.projection import IdTags
from projections.local_lists.projection import LocalLists
from projections.message_log.projection import MessageLog
from projections.meter_samples.projection import MeterSamples
from projections.read_model import ReadModel
from projections.reservations.projection import Reservations
from projections.session_figures.projection import SessionFigures
from projections.sessions.projection import Sessions
from projections.status_board.projection import StatusBoard
from projections.tenants.projection import Tenants
from projections.users.projection import Users
from projections.webhooks.projection import Webhooks

READ_MODELS: tuple[ReadModel, ...] = (
    StatusBoard(FACTS),
    Sessions(),
    MeterSamples(),
    MessageLog(FACTS),
    IdTags(),
    Reservations(),
    ConnectionAttempts(),
    Commands(),
    Artefacts(),
    Configuration(),
    LocalLists(),
    ChargingProfiles(),
    Alarms(),
    ApiTokens(),
    Tenants(),
    Availability(),
    SessionFigures(),
    Attempts(),
    Users(),
    Webhooks(),
)
