"""Rows that are of no use but show every convention of actions: things on a shelf, and chargers that are poked."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from pydantic import Field

from adapters.http.access import Right
from adapters.http.action import Action, Answered, Doing, NoBody
from adapters.http.api.chargers import visible_charger
from adapters.http.api.routes import PREFIX
from adapters.http.problems import Problem
from adapters.http.route import READING, Body, Link, Query, Shape

SECRET = "CANARY-7391"
THINGS = PREFIX + "/things"
POKE = PREFIX + "/chargers/BOX/poke"


@dataclass
class Shelf:
    """The services of these rows."""

    things: dict[str, "Thing"] = field(default_factory=dict)
    made: int = 0
    """How many there ever were: no id is given twice."""
    seen: list[Doing[Any, Any]] = field(default_factory=list)
    """What the handlers were given, in order: one for each time something was done."""
    poke: Callable[[], Awaitable[None]] | None = None
    """What poking a charger comes to; None: it says yes."""


class NoQuery(Query):
    """Takes no parameters."""


class Part(Body):
    """A part of a new thing."""

    id: int = Field(ge=1, le=1000)
    weight_kg: Decimal | None = Field(None, ge=0, le=100)


class NewThing(Body):
    """A new thing."""

    name: str = Field(min_length=1, max_length=40)
    parts: list[Part] = Field(default=[], max_length=20)


class ThingPatch(Body):
    """What to change."""

    name: str | None = Field(None, max_length=40)


class Thing(Shape):
    """A thing."""

    id: str
    name: str | None
    parts: int
    version: int
    secret: str | None = Field(None, description="Shown once.")


class PokeQuery(Query):
    """How to poke."""

    hard: bool = False


class Poked(Shape):
    """What came of it."""

    state: str
    waited_s: int


class Nature(Shape):
    """What kind of charger it is."""

    cpid: str
    model: str | None


def shelf_of(doing: Doing[Any, Any]) -> Shelf:
    """The services; takes down that something is done."""
    shelf: Shelf = doing.services
    shelf.seen.append(doing)
    return shelf


async def add_thing(doing: Doing[NoQuery, NewThing]) -> Answered:
    """Put a thing on the shelf."""
    shelf = shelf_of(doing)
    if any(thing.name == doing.body.name for thing in shelf.things.values()):
        raise Problem("exists", "There is a thing of this name.")
    shelf.made += 1
    name = f"t{shelf.made}"
    thing = Thing(id=name, name=doing.body.name, parts=len(doing.body.parts), version=1)
    shelf.things[name] = thing
    with_secret = thing.model_copy(update={"secret": SECRET})
    return Answered(with_secret, 201, location=f"/api/ocpp/things/{name}", kept=thing)


async def one_thing(doing: Doing[NoQuery, NoBody]) -> Answered | None:
    """A thing of the shelf."""
    thing = shelf_of(doing).things.get(doing.path["id"])
    return None if thing is None else Answered(thing)


async def change_thing(doing: Doing[NoQuery, ThingPatch]) -> Answered | None:
    """Change what was sent; null is sent as well."""
    shelf = shelf_of(doing)
    thing = shelf.things.get(doing.path["id"])
    if thing is None:
        return None
    doing.check_version(thing.version)
    if "name" in doing.body.model_fields_set:
        thing = thing.model_copy(update={"name": doing.body.name, "version": thing.version + 1})
        shelf.things[thing.id] = thing
    return Answered(thing)


async def drop_thing(doing: Doing[NoQuery, NoBody]) -> Answered | None:
    """Take a thing off the shelf."""
    thing = shelf_of(doing).things.pop(doing.path["id"], None)
    return None if thing is None else Answered(None, 204)


async def poke(doing: Doing[PokeQuery, NoBody]) -> Answered:
    """Ask a charger; who cannot wait gets 202."""
    shelf = shelf_of(doing)
    if shelf.poke is not None:
        await shelf.poke()
    if doing.prefer.wait_s == 0:
        return Answered(Poked(state="sent", waited_s=0), 202, location="/api/ocpp/commands/c1")
    return Answered(Poked(state="succeeded", waited_s=doing.prefer.wait_s))


async def nature(doing: Doing[NoQuery, NoBody]) -> Answered | None:
    """Reads the database on its way."""
    row = await doing.read(lambda connection: visible_charger(doing.asking(connection)))
    return None if row is None else Answered(Nature(cpid=row.cpid, model=row.model))


SHELF: tuple[Action, ...] = (
    Action(
        method="POST",
        path="/things",
        summary="Put a thing on the shelf",
        handler=add_thing,
        query=NoQuery,
        body=NewThing,
        response=Thing,
        statuses=(201,),
        right=Right.CONFIGURE,
        errors=("exists",),
        largest_body=4096,
        links=(Link("thing", "one_thing", {"id": "$response.body#/id"}),),
    ),
    Action(
        method="GET",
        path="/things/{id}",
        summary="A thing of the shelf",
        handler=one_thing,
        query=NoQuery,
        response=Thing,
        right=Right.READ,
        errors=("not_found",),
        etag=True,
        version="version",
    ),
    Action(
        method="PATCH",
        path="/things/{id}",
        summary="Change a thing",
        handler=change_thing,
        query=NoQuery,
        body=ThingPatch,
        response=Thing,
        right=Right.CONFIGURE,
        errors=("not_found", "version_conflict"),
        if_match=True,
        etag=True,
        version="version",
    ),
    Action(
        method="DELETE",
        path="/things/{id}",
        summary="Take a thing off the shelf",
        handler=drop_thing,
        query=NoQuery,
        response=None,
        statuses=(204,),
        right=Right.CONFIGURE,
        errors=("not_found",),
    ),
    Action(
        method="POST",
        path="/chargers/{cpid}/poke",
        summary="Ask a charger for a sign of life",
        handler=poke,
        query=PokeQuery,
        response=Poked,
        statuses=(200, 202),
        right=Right.OPERATE,
        errors=("callerror", "offline", "timeout"),
        command=True,
    ),
    Action(
        method="GET",
        path="/chargers/{cpid}/nature",
        summary="What kind of charger it is",
        handler=nature,
        query=NoQuery,
        response=Nature,
        right=Right.READ,
        errors=("not_found", *READING),
    ),
)
