"""Local lists: versions, parts, repair."""

from datetime import timedelta

import pytest

from domain.commands.drivers import GetLocalListVersion, ListEntry, SendLocalList
from domain.commands.intent import Abilities, Answer, Verdict
from domain.commands.upkeep import Reset
from domain.desired_state.local_list import (
    ListLimits,
    LocalListInvalid,
    LocalListTooLong,
    LocalListVersionTooLow,
)
from domain.desired_state.local_list_events import ListReported, ListUnanswered
from domain.desired_state.local_list_step import list_heard, list_unheard, next_list
from domain.desired_state.step import Pause, Situation
from domain.identity import IdToken
from tests.domain.desired_state.box import Box
from tests.domain.desired_state.desk import Desk

ANY = ListLimits()


def tokens(*numbers: int, status: str = "Accepted") -> list[ListEntry]:
    return [ListEntry(id_token=IdToken(f"T{n}"), status=status) for n in numbers]


def wanting(desk: Desk, *numbers: int, version: int | None = None, limits: ListLimits = ANY) -> None:
    desk.tell(desk.list.want(tokens(*numbers), limits, version=version), of_list=True)


def lists(desk: Desk) -> list[tuple[int, bool, int]]:
    sent = [intent for intent in desk.asked if isinstance(intent, SendLocalList)]
    return [(intent.version, intent.full, len(intent.entries)) for intent in sent]


def test_the_version_is_asked_for_first_and_an_equal_one_is_enough() -> None:
    desk = Desk(Box([]))
    wanting(desk, 1, 2)
    desk.run()
    of_list = [intent for intent in desk.asked if isinstance(intent, GetLocalListVersion | SendLocalList)]
    assert [type(intent) for intent in of_list] == [GetLocalListVersion, SendLocalList]
    desk.run(timedelta(days=2))
    assert len(lists(desk)) == 1


def test_a_small_change_is_sent_as_such_and_takes_off_before_it_puts_on() -> None:
    desk = Desk(Box([], list_size=4))
    wanting(desk, 1, 2, 3, 4)
    desk.run()
    wanting(desk, 2, 3, 4, 5)
    desk.run()
    assert [full for _, full, _ in lists(desk)] == [True, False]
    assert set(desk.box.tokens) == {"T2", "T3", "T4", "T5"}
    assert desk.list.given_up == ""


def test_a_long_list_goes_in_parts_of_which_the_last_has_the_wanted_version() -> None:
    desk = Desk(Box([], list_part=2))
    wanting(desk, 1, 2, 3, 4, 5, version=9, limits=ListLimits(per_message=2))
    desk.run()
    assert lists(desk) == [(7, True, 2), (8, False, 2), (9, False, 1)]
    assert (desk.box.list_version, len(desk.box.tokens)) == (9, 5)


def test_a_version_leaves_room_for_its_parts() -> None:
    desk = Desk(Box([], list_part=2))
    limits = ListLimits(per_message=2)
    with pytest.raises(LocalListVersionTooLow) as refused:
        desk.list.want(tokens(1, 2, 3), limits, version=1)
    assert refused.value.least == 2
    wanting(desk, 1, 2, 3, limits=limits)
    assert desk.list.wanted_version == 2
    with pytest.raises(LocalListVersionTooLow):
        desk.list.want(tokens(1), limits, version=2)
    for reserved in (0, -1, 2**31):
        with pytest.raises(LocalListInvalid):
            desk.list.want(tokens(1), limits, version=reserved)


def test_too_long_a_list_is_refused_at_once_or_given_up_with_a_reason() -> None:
    desk = Desk(Box([], list_size=2))
    with pytest.raises(LocalListTooLong):
        desk.list.want(tokens(1, 2, 3), ListLimits(entries=2))
    wanting(desk, 1, 2, 3)
    desk.run()
    assert desk.list.given_up == "3 tokens; the charger keeps 2"
    assert lists(desk) == []


def test_after_a_refusal_the_whole_list_once_then_no_more_until_another_is_wanted() -> None:
    desk = Desk(Box([]))
    wanting(desk, 1, 2, 3)
    desk.run()
    desk.box.list_version = 500  # somebody else's, unseen since we asked
    desk.tell(desk.list.want(tokens(4), ANY, full=False), of_list=True)
    desk.box.list_failures = 1
    desk.run()
    assert [full for _, full, _ in lists(desk)] == [True, True, True]
    assert set(desk.box.tokens) == {"T1", "T2", "T3", "T4"}
    desk.box.list_failures = 9
    wanting(desk, 7)
    desk.run(timedelta(days=4))
    assert len(lists(desk)) == 5
    assert desk.list.given_up
    desk.box.list_failures = 0
    wanting(desk, 8)
    desk.run()
    assert set(desk.box.tokens) == {"T8"}


def test_a_charger_without_lists_is_left_alone() -> None:
    desk = Desk(Box([], list_supported=False))
    wanting(desk, 1)
    desk.run(timedelta(days=3))
    assert desk.list.given_up == "the charger keeps no local list"
    assert lists(desk) == []


def test_the_same_list_again_changes_nothing_and_a_whole_one_has_no_gaps() -> None:
    desk = Desk(Box([]))
    wanting(desk, 1, 2)
    assert desk.list.want(tokens(2, 1), ANY) == []
    assert desk.list.want(tokens(1), ANY, full=False) == []
    with pytest.raises(LocalListInvalid):
        desk.list.want(tokens(1, status=""), ANY)
    (less,) = desk.list.want(tokens(1, status=""), ANY, full=False)
    desk.tell([less], of_list=True)
    assert list(desk.list.tokens) == ["T2"]


def test_a_version_without_room_for_parts_that_were_unknown_is_given_up_with_the_least_that_will_do() -> None:
    desk = Desk(Box([], list_part=1))
    wanting(desk, 1, 2, 3, version=2)
    desk.run()
    assert desk.list.given_up == "it goes in 3 parts, each with its own version: want version 3 or above"
    wanting(desk, 1, 2, 3, version=5)
    desk.run()
    assert desk.list.reached


def test_errors_three_times_end_it_lost_connections_never_do_and_new_firmware_begins_again() -> None:
    desk = Desk(Box([]))
    wanting(desk, 1)
    for n in range(7):
        desk.tell(list_unheard(desk.list, GetLocalListVersion(), "no answer", error=n > 4), of_list=True)
    desk.now += timedelta(hours=1)
    assert next_list(desk.list, desk.make, Abilities(), desk.now) == GetLocalListVersion()
    desk.tell(list_unheard(desk.list, GetLocalListVersion(), "InternalError", error=True), of_list=True)
    desk.run()
    assert desk.list.given_up == "it answered 3 times with an error"
    desk.boot("1.0")
    assert desk.list.given_up
    desk.boot("2.0")
    desk.run()
    assert desk.list.reached


def test_an_answer_without_a_version_or_of_another_subject() -> None:
    desk = Desk(Box([]))
    wanting(desk, 1)
    (fact,) = list_heard(desk.list, GetLocalListVersion(), Answer(verdict=Verdict.REFUSED, status="Odd"))
    assert fact == ListUnanswered(why="Odd", error=True)
    assert list_heard(desk.list, Reset(), Answer(verdict=Verdict.AGREED)) == []
    assert list_unheard(desk.list, Reset(), "no answer") == []


def test_no_list_is_sent_before_the_charger_told_how_long_it_may_be() -> None:
    desk = Desk(Box([]))
    wanting(desk, 1)
    at = Situation(protocol="1.6", limits_known=False)
    assert next_list(desk.list, at, Abilities(), desk.now) == GetLocalListVersion()
    desk.tell([ListReported(0)], of_list=True)
    assert isinstance(next_list(desk.list, at, Abilities(), desk.now), Pause)
