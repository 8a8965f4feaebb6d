"""Query strings: read into the route's model, every fault named by its parameter."""

from collections import Counter
from typing import TypeVar

from pydantic import ValidationError
from starlette.datastructures import QueryParams

from adapters.http.problems import Fault, invalid
from adapters.http.route import Query

Q = TypeVar("Q", bound=Query)

_LONGEST = 60


def read_query(model: type[Q], parameters: QueryParams) -> Q:
    """The parameters as `model`; raises a 422 Problem that names each one that will not do."""
    counts = Counter(name for name, _ in parameters.multi_items())
    faults = [Fault(_shown(name), "Given more than once.") for name, n in counts.items() if n > 1]
    faults += [Fault(name, "Holds a NUL character.") for name, v in parameters.items() if "\x00" in v]
    if faults:
        raise invalid(*faults)
    try:
        return model.model_validate(dict(parameters))
    except ValidationError as error:
        raise invalid(
            *(_fault(model, one["loc"], one["type"], one["msg"]) for one in error.errors())
        ) from None


def _fault(model: type[Query], place: tuple[int | str, ...], kind: str, words: str) -> Fault:
    parameter = ".".join(str(part) for part in place) or "query"
    if kind == "extra_forbidden":
        known = ", ".join(field.alias or name for name, field in model.model_fields.items())
        return Fault(_shown(parameter), f"No such parameter. Known here: {known or 'none'}.")
    return Fault(_shown(parameter), f"{words}.")


def _shown(name: str) -> str:
    return name if len(name) <= _LONGEST else name[:_LONGEST] + "…"
