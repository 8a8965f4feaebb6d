"""Lists of measurands: one that is not supported makes a charger refuse all (1.6 errata 3.14.4).

So the whole list is tried, then the first alone, which grows one by one: each item that makes the list be
refused is left out. A length the charger told is kept to; where it told none, 1.6 §5.3 calls one item safe,
which is where growing starts from. A make that must not be tried out is given that one item and no more.
"""

from collections.abc import Iterable, Mapping

import msgspec

Items = frozenset[str]
"""Items in lower case: order does not matter to a charger."""


class Plan(msgspec.Struct, frozen=True):
    """What to try next; where nothing is left to try, the best list is `settled`."""

    trial: tuple[str, ...] = ()
    settled: tuple[str, ...] | None = None


def as_items(items: Iterable[str]) -> Items:
    """The items as they are compared."""
    return frozenset(item.lower() for item in items)


def plan(
    wanted: tuple[str, ...], tries: Mapping[Items, bool], limit: int | None, *, probes: bool = True
) -> Plan:
    """The next list to try, given which lists were accepted (true) or refused; the first items matter most."""
    most = limit if limit is not None else len(wanted) if probes else 1
    whole = wanted[: max(most, 1)]
    verdict = tries.get(as_items(whole))
    if verdict is None:
        return Plan(trial=whole)
    return Plan(settled=whole) if verdict else _grown(wanted, tries, len(whole), probes=probes)


def _grown(wanted: tuple[str, ...], tries: Mapping[Items, bool], most: int, *, probes: bool) -> Plan:
    best: tuple[str, ...] = ()
    for item in wanted if probes else ():
        if len(best) == most:
            break
        trial = (*best, item)
        verdict = tries.get(as_items(trial))
        if verdict is None:
            return Plan(trial=trial)
        if verdict:
            best = trial
    return Plan(settled=best)
