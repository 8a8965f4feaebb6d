"""JSON Schemas (2020-12, which is what OpenAPI 3.1 speaks) of the pydantic models that routes name."""

from collections.abc import Mapping, Sequence
from typing import Any

from pydantic import BaseModel
from pydantic.json_schema import GenerateJsonSchema, JsonSchemaMode, models_json_schema

from adapters.http.action import Action
from adapters.http.endpoint import AnyRow
from adapters.http.route import Query

Json = dict[str, Any]

DIGITS = r"^-?[0-9]+(\.[0-9]+)?$"


class _Untitled(GenerateJsonSchema):
    """Without a title for each field, which only repeats its name."""

    def field_title_should_be_set(self, schema: Any) -> bool:
        """Never."""
        return False

    def decimal_schema(self, schema: Any) -> Json:
        """A number, or its digits in a string, which no reader rounds."""
        found: Json = super().decimal_schema(schema)
        for one in found.get("anyOf", ()):
            if one.get("type") == "string":
                one.setdefault("pattern", DIGITS)
        return found


class Schemas:
    """What is said of each model, made for all of them at once so that no two get one name."""

    def __init__(self, routes: Sequence[AnyRow]) -> None:
        wanted: dict[tuple[type[BaseModel], JsonSchemaMode], None] = {}
        for row in routes:
            if row.response is not None:
                wanted[row.response, "serialization"] = None
            if isinstance(row, Action) and row.body.model_fields:
                wanted[row.body, "validation"] = None
        self._by_model, found = models_json_schema(
            list(wanted), ref_template="#/components/schemas/{model}", schema_generator=_Untitled
        )
        self.components: Json = found.get("$defs", {})

    def answer(self, model: type[BaseModel]) -> Json:
        """A reference to an answer's schema."""
        return dict(self._by_model[model, "serialization"])

    def body(self, model: type[BaseModel]) -> Json:
        """A reference to a body's schema."""
        return dict(self._by_model[model, "validation"])

    def parameters(self, query: type[Query]) -> list[Json]:
        """The parameters of a query string, one for each field. There is no null in a query string: what
        may be null may be left out."""
        schema = query.model_json_schema(schema_generator=_Untitled)
        definitions = schema.get("$defs", {})
        required = set(schema.get("required", ()))
        return [
            _parameter(name, _without_null(one, definitions), name in required)
            for name, one in schema.get("properties", {}).items()
        ]


def _parameter(name: str, schema: Json, required: bool) -> Json:
    parameter: Json = {"name": name, "in": "query", "required": required}
    if words := schema.pop("description", ""):
        parameter["description"] = words
    return {**parameter, "schema": schema}


def _without_null(schema: Mapping[str, Any], definitions: Mapping[str, Json]) -> Json:
    left = dict(schema)
    if left.get("default", ...) is None:
        del left["default"]
    if "anyOf" in left:
        branches = [one for one in left.pop("anyOf") if one.get("type") != "null"]
        left |= branches[0] if len(branches) == 1 else {"anyOf": branches}
    if "$ref" in left:
        left |= definitions[left.pop("$ref").rpartition("/")[2]]
    return left
