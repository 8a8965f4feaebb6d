"""What can be asked of the settings of chargers."""

from datetime import datetime

import msgspec
from sqlalchemy import Connection, select

from projections.configuration.tables import CONFIGURATION, CONFIGURED_CHARGERS
from projections.paging import Page, fetch_one, fetch_page


class SettingRow(msgspec.Struct, frozen=True, kw_only=True):
    """One setting of a charger."""

    charger: str
    key: str
    """The name in lower case."""
    name: str
    value: str | None
    readonly: bool
    secret: bool
    told: bool
    read_at: datetime | None
    desired: str | None
    by_operator: bool
    """Wanted by the operator; else, where it is wanted, by the template."""
    drift: bool
    state: str
    """As `domain.desired_state.goals.State`."""
    given_up: str | None
    left_out: list[str] | None
    awaiting_restart: str | None
    answered: str | None
    written_at: datetime | None
    failure: str | None


class ConfiguredCharger(msgspec.Struct, frozen=True, kw_only=True):
    """What there is to say of a charger's configuration as a whole."""

    template_choice: str
    template: str | None
    read_at: datetime | None
    failure: str | None
    writes_held_until: datetime | None
    restart_refused: str | None


class ConfigurationFilter(msgspec.Struct, frozen=True, kw_only=True):
    """Which settings; what is left out does not matter."""

    charger: str | None = None
    """Its key, in upper case."""
    key: str | None = None
    """Its name in lower case."""
    drift: bool | None = None
    state: str | None = None


def list_configuration(
    connection: Connection,
    tenant: str,
    wanted: ConfigurationFilter | None = None,
    *,
    after: tuple[str, str] | None = None,
    limit: int = 50,
) -> Page[SettingRow]:
    """Settings by charger and name. Raises PageTooLong."""
    wanted = wanted or ConfigurationFilter()
    c = CONFIGURATION.c
    query = select(*(c[name] for name in SettingRow.__struct_fields__)).where(c.tenant == tenant)
    for name in wanted.__struct_fields__:
        value = getattr(wanted, name)
        if value is not None:
            query = query.where(c[name] == value)
    return fetch_page(
        connection,
        query,
        SettingRow,
        [c.charger, c.key],
        lambda row: (row.charger, row.key),
        after=after,
        limit=limit,
    )


def drifted(connection: Connection, limit: int = 10_000) -> list[tuple[str, str, str]]:
    """(tenant, charger, key) of settings that differ from what is wanted, whoever's they are."""
    c = CONFIGURATION.c
    query = select(c.tenant, c.charger, c.key).where(c.drift).order_by(c.tenant, c.charger, c.key)
    return [(row.tenant, row.charger, row.key) for row in connection.execute(query.limit(limit))]


def configured_charger(connection: Connection, tenant: str, charger: str) -> ConfiguredCharger | None:
    """One charger; None where nothing was ever wanted or told of its configuration."""
    c = CONFIGURED_CHARGERS.c
    query = select(*(c[name] for name in ConfiguredCharger.__struct_fields__))
    return fetch_one(connection, query.where(c.tenant == tenant, c.charger == charger), ConfiguredCharger)
