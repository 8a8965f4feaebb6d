"""`/read-models`: where each read model stands in the log, and why one stopped."""

from datetime import datetime
from typing import Literal

from pydantic import Field

from adapters.http.lag import lags
from adapters.http.route import Asked, Query, Shape


class ReadModelsQuery(Query):
    """Takes no parameters."""


class ReadModel(Shape):
    """One read model at one place."""

    name: str
    place: Literal["live", "building"] = Field(description="`building`: a new version, beside the live one.")
    version: int
    state: Literal["running", "stopped"]
    position: int = Field(description="The last event of the log that is in the rows.")
    head: int = Field(description="The last event of the log.")
    behind: int = Field(description="Places of the log still to be read; an upper bound.")
    behind_s: float = Field(
        description="Age in seconds of the oldest event not yet in the rows; 0: caught up."
    )
    error: str | None = Field(description="Why it stopped.")
    error_position: int | None = Field(description="The event it stopped at.")
    failures: int = Field(description="Attempts at that event.")
    retry_at: datetime | None
    updated_at: datetime


class ReadModels(Shape):
    """All read models."""

    items: list[ReadModel]


def list_read_models(asked: Asked[ReadModelsQuery]) -> ReadModels:
    """All of them: they serve every tenant and show no tenant's data."""
    return ReadModels(items=[ReadModel.model_validate(lag) for lag in lags(asked.connection)])
