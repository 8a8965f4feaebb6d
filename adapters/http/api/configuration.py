"""`/chargers/{cpid}/configuration`: the settings of a charger as it told them, and as they are wanted."""

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Any

from pydantic import Field, StringConstraints

from adapters.http.action import Answered, Doing
from adapters.http.api.commands import asked, charger_of, check_answered, location_of, one_of
from adapters.http.api.wishes import address_of, come_true, the_charger
from adapters.http.problems import Fault, invalid
from adapters.http.route import Body, Query, Shape
from adapters.http.services import Services
from application.desired_state import DesiredState
from application.settings_view import SettingsView, SettingView
from domain.chargers.charger import Charger
from domain.chargers.variable_names import NotAVariableName, place_named
from domain.commands.events import State as CommandState
from domain.commands.settings import ReadSettings
from domain.desired_state.goals import State
from domain.desired_state.templates import AUTO, TemplateUnknown
from domain.desired_state.values import folded, is_secret
from domain.desired_state.wishes import SecretNotKept, SettingReadOnly

MOST_KEYS = 200
NAME_16, VALUE_16 = 50, 500
"""1.6 §7.12 and §6.7: CiString50 and CiString500."""
PENDING = "pending"
_OPEN = frozenset({State.PENDING, State.UNREAD})

Name = Annotated[str, StringConstraints(min_length=1, max_length=200)]
Value = Annotated[str, StringConstraints(max_length=2500)]


class ConfigurationQuery(Query):
    """Whether to ask the charger, and for what."""

    refresh: bool = Field(False, description="Ask the charger first, and wait for it.")
    keys: str | None = Field(
        None,
        min_length=1,
        max_length=2000,
        description="Names, separated by commas; the others are left out.",
    )


class ConfigurationBody(Body):
    """What is wanted. What is not named stays as it is."""

    keys: dict[Name, Value | None] = Field(
        default_factory=dict,
        max_length=MOST_KEYS,
        description="Name → value; null: no certain value is wanted any more.",
    )
    restart_if_required: bool = Field(
        False, description="The charger may be restarted where it says that a value needs it."
    )
    template: str | None = Field(
        None, max_length=100, description="Follow `auto`, a template by its name, or none (empty)."
    )


class Setting(Shape):
    """One setting."""

    key: str
    value: str | None = Field(description="As the charger told it; null: not told, or a secret.")
    readonly: bool
    desired: str | None = Field(description="Null: no certain value is wanted.")
    origin: str = Field(description="Who wants it: `operator`, or the name of a template.")
    drift: bool = Field(description="It has another value than the wanted one, whatever the reason.")
    state: str = Field(
        description="`free`, `unread`, `reached`, `pending`, `awaiting_restart`, `narrowed` (a list that is taken in "
        "part), `unsupported`, `read_only` or `given_up`."
    )
    reason: str
    status: str | None = Field(
        description="What became of the wish: `Accepted`, `Rejected`, `RebootRequired`, `NotSupported` or `pending`."
    )
    secret: bool
    told_at: datetime | None


class Configuration(Shape):
    """The settings of a charger."""

    read_at: datetime | None = Field(
        description="When the charger last told all of them, or the newest of them."
    )
    complete: bool = Field(description="All of them were read since its last boot that mattered.")
    keys: list[Setting]
    unknown: list[str] = Field(description="Names the charger says it does not know.")
    template: str = Field(description="That is followed now; empty: none.")
    template_choice: str = Field(description="`auto`, a name, or empty: none.")
    command: str | None = Field(description="The command by which the charger was asked just now.")
    why: str = Field(description="Why it did not tell all that was asked for.")


async def show_configuration(doing: Doing[ConfigurationQuery, Any]) -> Answered | None:
    """Endpoint 6. What is known; with `refresh` the charger is asked first. Secrets are never told."""
    charger = await the_charger(doing)
    names = _names(doing.query.keys)
    if not doing.query.refresh:
        return Answered(await _shown(doing, names))
    _check_names(charger, names)
    command = await asked(doing, ReadSettings(names=names), reason="to show them")
    check_answered(doing, command)
    in_reports = command.state is CommandState.SUCCEEDED and charger.protocol != "1.6" and not names
    why = "It tells them in reports that follow: look again." if in_reports else command.why
    shape = await _shown(doing, names, command=command.id, why=why)
    if command.settled and not in_reports:
        return Answered(shape)
    return Answered(shape, 202, location_of(command))


async def want_configuration(doing: Doing[Query, ConfigurationBody]) -> Answered | None:
    """Endpoint 7. Kept as wishes: a charger that is away is led there when it returns. 200 when all is settled."""
    charger = await the_charger(doing)
    services: Services = doing.services
    books, body = services.desired_state(doing.caller), doing.body
    if not body.keys and body.template is None:
        raise one_of("keys", "Name at least one, or a `template`.")
    await _check_wishes(charger, body, books)
    await _write_wishes(charger, body, books)
    named = {folded(name): name for name in body.keys}

    async def look() -> SettingsView:
        return await books.settings_of(charger.id.key)

    def is_settled(view: SettingsView) -> bool:
        return not any(_is_open(one) for one in view.settings if not named or folded(one.name) in named)

    view, settled = await come_true(doing, charger, look, is_settled)
    location = "" if settled else address_of(doing, "/configuration")
    return Answered(shape_of(view, named), 200 if settled else 202, location)


async def _check_wishes(charger: Charger, body: ConfigurationBody, books: DesiredState) -> None:
    """What can be refused before anything is written down."""
    faults: list[Fault] = []
    seen: set[str] = set()
    for name, value in body.keys.items():
        if folded(name) in seen:
            faults.append(Fault(f"body.keys.{name}", "Named twice: case does not matter."))
        seen.add(folded(name))
        if charger.protocol == "1.6" and (len(name) > NAME_16 or len(value or "") > VALUE_16):
            words = f"1.6 has names of up to {NAME_16} characters and values of up to {VALUE_16}."
            faults.append(Fault(f"body.keys.{name}", words))
        if is_secret(name):
            faults.append(Fault(f"body.keys.{name}", _SECRET))
    if body.template not in (None, "", AUTO) and not any(
        one.name == body.template for one in await books.templates()
    ):
        faults.append(Fault("body.template", "There is no template of this name."))
    if faults:
        raise invalid(*faults)


_SECRET = "A secret is not kept as a wish; for a password ask POST /chargers/{cpid}/credentials."  # noqa: S105 - words


async def _write_wishes(charger: Charger, body: ConfigurationBody, books: DesiredState) -> None:
    cpid = charger.id.key
    values = {name: value for name, value in body.keys.items() if value is not None}
    try:
        if values:
            await books.want_settings(cpid, values, restart_if_required=body.restart_if_required)
    except SecretNotKept as error:
        raise one_of(f"keys.{error}", _SECRET) from error
    except SettingReadOnly as error:
        raise one_of(f"keys.{error}", "The charger calls it read-only and holds another value.") from error
    dropped = [name for name, value in body.keys.items() if value is None]
    if dropped:
        await books.want_no_settings(cpid, dropped)
    if body.template is not None:
        try:
            await books.choose_template(cpid, body.template)
        except TemplateUnknown as error:  # withdrawn this very moment
            raise one_of("template", "There is no template of this name.") from error


def _names(text: str | None) -> tuple[str, ...]:
    names = {folded(name): name.strip() for name in (text or "").split(",") if name.strip()}
    return tuple(names.values())


def _check_names(charger: Charger, names: tuple[str, ...]) -> None:
    """2.x names have a shape, and 1.6 ones a length."""
    for name in names:
        if charger.protocol == "1.6":
            if len(name) > NAME_16:
                raise invalid(Fault("keys", f"1.6 has names of up to {NAME_16} characters."))
            continue
        try:
            place_named(name)
        except NotAVariableName:
            words = "2.x settings are named `Component.Variable`."
            raise invalid(Fault("keys", words)) from None


async def _shown(
    doing: Doing[Any, Any], names: tuple[str, ...], *, command: str | None = None, why: str = ""
) -> Configuration:
    services: Services = doing.services
    view = await services.desired_state(doing.caller).settings_of(charger_of(doing).key)
    return shape_of(view, {folded(name): name for name in names}, command=command, why=why)


def shape_of(
    view: SettingsView, names: Mapping[str, str], *, command: str | None = None, why: str = ""
) -> Configuration:
    """In its public shape; `names`, as compared → as asked for: these alone, else all."""
    settings = [one for one in view.settings if not names or folded(one.name) in names]
    told = [one.told.at for one in view.settings if one.told is not None]
    return Configuration(
        read_at=view.read_at or max(told, default=None),
        complete=view.read_complete,
        keys=[_setting(one) for one in settings],
        unknown=[
            names.get(folded(name), name) for name in view.unknown if not names or folded(name) in names
        ],
        template=view.template,
        template_choice=view.template_choice,
        command=command,
        why=why,
    )


def _setting(one: SettingView) -> Setting:
    told = one.told
    return Setting(
        key=one.name,
        value=None if told is None else told.setting.value,
        readonly=told is not None and told.setting.readonly,
        desired=one.desired,
        origin=one.origin,
        drift=_drifts(one),
        state=one.standing.state,
        reason=one.standing.reason,
        status=_status(one),
        secret=(told is not None and told.setting.secret) or is_secret(one.name),
        told_at=None if told is None else told.at,
    )


def _drifts(one: SettingView) -> bool:
    known = one.told is not None and one.desired is not None
    return known and one.standing.state not in (State.REACHED, State.UNSUPPORTED)


def _is_open(one: SettingView) -> bool:
    return one.standing.state in _OPEN


def _status(one: SettingView) -> str | None:
    """What became of the wish, in the words of OCPP."""
    state, reason = one.standing.state, one.standing.reason
    if state is State.FREE:
        return None
    if state in _OPEN:
        return PENDING
    if state is State.AWAITING_RESTART:
        return "RebootRequired"
    if state in (State.REACHED, State.NARROWED):
        return "Accepted"
    return "NotSupported" if state is State.UNSUPPORTED or reason in _NOT_SUPPORTED else "Rejected"


_NOT_SUPPORTED = frozenset(
    {"NotSupported", "UnknownComponent", "UnknownVariable", "NotSupportedAttributeType"}
)
