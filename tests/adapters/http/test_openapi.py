"""The document says what the table says, is valid, and is served to everybody; so is the page made of it."""

from html.parser import HTMLParser
from typing import Any

import jsonschema_rs
import pytest
from pydantic import BaseModel, ConfigDict, ValidationError
from pydantic import Field as PydanticField
from schemathesis.specs.openapi.definitions import OPENAPI_31_VALIDATOR

from adapters.http.action import Action
from adapters.http.api.routes import PREFIX, ROUTES
from adapters.http.endpoint import AnyRow
from adapters.http.openapi import document, errors_of, operation_id
from adapters.http.problems import KINDS
from adapters.http.reference_page import page
from adapters.http.reference_words import example_of, fields_of
from adapters.http.route import Route
from tests.adapters.http.conftest import World, client_of
from tests.adapters.http.shelf import SHELF

ROWS: tuple[AnyRow, ...] = (*ROUTES, *SHELF)
DOCUMENT = document(ROWS, "1", PREFIX)
SHAPES = DOCUMENT["components"]["schemas"]


def resolved(part: dict[str, Any]) -> dict[str, Any]:
    """What a reference leads to."""
    if "$ref" not in part:
        return part
    found: Any = DOCUMENT
    for step in part["$ref"].removeprefix("#/").split("/"):
        found = found[step]
    assert isinstance(found, dict)
    return found


def references(part: Any) -> list[str]:
    """All references within."""
    if isinstance(part, dict):
        own = [part["$ref"]] if isinstance(part.get("$ref"), str) else []
        return own + [one for inner in part.values() for one in references(inner)]
    return [one for inner in part for one in references(inner)] if isinstance(part, list) else []


def test_the_document_is_valid_openapi() -> None:
    assert [error.message for error in OPENAPI_31_VALIDATOR.iter_errors(DOCUMENT)] == []
    broken = {**DOCUMENT, "paths": {"/x": {"get": {"responses": []}}}}
    assert not OPENAPI_31_VALIDATOR.is_valid(broken)
    for schema in SHAPES.values():
        jsonschema_rs.Draft202012Validator({**schema, "components": DOCUMENT["components"]})
    for reference in references(DOCUMENT):
        assert resolved({"$ref": reference})


def test_every_row_is_in_it_with_its_errors() -> None:
    assert sum(len(item) for item in DOCUMENT["paths"].values()) == len(ROWS)
    for row in ROWS:
        operation = DOCUMENT["paths"][PREFIX + row.path][row.method.lower()]
        told: set[str] = set()
        for status, answer in operation["responses"].items():
            content = resolved(answer).get("content", {})
            if int(status) >= 400:
                codes = content["application/problem+json"]["schema"]["properties"]["code"]["enum"]
                assert {KINDS[code].status for code in codes} == {int(status)}
                told |= set(codes)
        assert told == set(errors_of(row)) >= set(row.errors)
        statuses = {200} if isinstance(row, Route) else set(row.statuses)
        assert {int(one) for one in operation["responses"] if int(one) < 304} == statuses
        assert operation["x-right"] == row.right


def test_operations_have_one_name_each_and_links_lead_to_them() -> None:
    names = [operation_id(row) for row in ROWS]
    assert len(names) == len(set(names))
    by_name = dict(zip(names, ROWS, strict=True))
    for row in ROWS:
        for link in row.links:
            target = by_name[link.handler]
            assert all("{" + name + "}" in target.path for name in link.parameters)


def test_query_parameters_are_those_of_the_model() -> None:
    for row in ROWS:
        parameters = DOCUMENT["paths"][PREFIX + row.path][row.method.lower()]["parameters"]
        told = {one["name"]: one for one in map(resolved, parameters) if one["in"] == "query"}
        fields = {field.alias or name: field for name, field in row.query.model_fields.items()}
        assert told.keys() == fields.keys()
        for name, field in fields.items():
            assert told[name]["required"] == field.is_required()
            assert "null" not in str(told[name]["schema"])


async def test_it_is_served_to_everybody_and_kept_by_caches(world: World) -> None:
    async with client_of(world.app) as client:
        served = await client.get("/api/openapi.json")
        assert served.json() == document(ROUTES, "1", PREFIX)
        assert "0.0-test" not in served.text
        again = await client.get("/api/openapi.json", headers={"If-None-Match": served.headers["etag"]})
        assert (again.status_code, again.content) == (304, b"")
        shown = await client.get("/api/docs")
        assert shown.headers["content-type"] == "text/html; charset=utf-8"
        assert "default-src 'none'; style-src 'sha256-" in shown.headers["content-security-policy"]
        for row in ROUTES:
            assert f'id="{operation_id(row)}"' in shown.text
        assert "/api/docs" in (await client.get("/")).text


class Outline(HTMLParser):
    """Tags in order, ids, and where links lead."""

    VOID = ("meta", "br")

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.tags: set[str] = set()
        self.ids: list[str] = []
        self.links: set[str] = set()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        found = dict(attrs)
        self.tags.add(tag)
        self.ids += [str(found["id"])] if "id" in found else []
        self.links |= {str(value) for name, value in attrs if name in ("href", "src")}
        assert not {name for name in found if name.startswith("on") or name == "style"}
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


def test_the_page_is_whole_plain_html() -> None:
    outline = Outline()
    text = page(DOCUMENT)
    outline.feed(text)
    assert outline.open == []
    assert not outline.tags & {"script", "img", "iframe", "link", "form"}
    assert len(outline.ids) == len(set(outline.ids))
    for link in outline.links:
        assert link in ("/", "/api/openapi.json") or link.removeprefix("#") in outline.ids
    for row in ROWS:
        assert f"<code>{PREFIX}{row.path}</code>" in text
    for code in {code for row in ROWS for code in errors_of(row)}:
        assert f"<code>{code}</code>" in text


def test_a_page_of_hostile_words_stays_a_page() -> None:
    hostile = '<script>alert("x")</script>'
    operation = DOCUMENT["paths"][f"{PREFIX}/things"]["post"]
    text = page({**DOCUMENT, "paths": {f"/{hostile}": {"post": {**operation, "summary": hostile}}}})
    assert "<script" not in text


class Wheel(BaseModel):
    """For the test below."""

    size: int = PydanticField(ge=3, le=9)
    colour: str | None = None


class Cart(BaseModel):
    """For the test below."""

    model_config = ConfigDict(extra="forbid")
    name: str = PydanticField(min_length=2, max_length=5, examples=["cart"])
    wheels: list[Wheel] = PydanticField(min_length=1)
    spare: Wheel | None = None


def test_fields_are_named_as_faults_name_them() -> None:
    schema = Cart.model_json_schema(ref_template="#/components/schemas/{model}")
    fields = {field.name: field for field in fields_of(schema, schema["$defs"])}
    assert list(fields) == [
        "name", "wheels", "wheels[].size", "wheels[].colour", "spare", "spare.size", "spare.colour"
    ]  # fmt: skip
    assert fields["name"].type == "string, 2–5 characters"
    assert fields["wheels[].size"].type == "integer, ≥ 3 and ≤ 9"
    assert (fields["name"].required, fields["spare"].required) == (True, False)
    with pytest.raises(ValidationError):
        Cart.model_validate({})
    Cart.model_validate(example_of(schema, schema["$defs"]))


def test_examples_of_bodies_would_be_taken() -> None:
    for row in ROWS:
        if isinstance(row, Action) and row.body.model_fields:
            operation = DOCUMENT["paths"][PREFIX + row.path][row.method.lower()]
            body = operation["requestBody"]["content"]["application/json"]["schema"]
            row.body.model_validate(example_of(body, SHAPES))
