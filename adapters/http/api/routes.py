"""Every route of the API, one row each. What is not in this table does not exist."""

from adapters.http.api.read_models import ReadModels, ReadModelsQuery, list_read_models
from adapters.http.route import READING, Route

PREFIX = "/api/ocpp"

ROUTES: tuple[Route, ...] = (
    Route(
        method="GET",
        path="/read-models",
        summary="Where the read models stand in the log",
        handler=list_read_models,
        query=ReadModelsQuery,
        response=ReadModels,
        errors=READING,
    ),
)
