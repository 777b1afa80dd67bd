from __future__ import annotations

from collections.abc import Iterable
from datetime import date, timedelta

from hypothesis import given
from hypothesis import strategies as st

from zhixiao.warehouse.ledger import Outcome, Statement, decide

DAY = date(2025, 1, 1)


def s(day: int, name: str, sha: str, scopes: str = "*", refused: bool = False) -> Statement:
    return Statement(DAY + timedelta(day), name, sha, refused, frozenset(scopes.split()))


def statuses(*statements: Statement) -> list[str]:
    out = decide(statements)
    return [out[x].status for x in statements]


def test_first_drop_is_loaded_and_the_same_bytes_later_are_unchanged() -> None:
    first, again = s(0, "a", "A"), s(5, "b", "A")
    out = decide([again, first])
    assert out[first] == Outcome("loaded")
    assert out[again] == Outcome("unchanged", first)


def test_same_day_second_name_is_unchanged() -> None:
    assert statuses(s(0, "a", "A"), s(0, "b", "A")) == ["loaded", "unchanged"]


def test_the_same_bytes_after_another_statement_are_a_new_statement() -> None:
    assert statuses(s(0, "a", "A"), s(1, "b", "B"), s(2, "a", "A")) == ["loaded"] * 3


def test_another_scope_in_between_does_not_count() -> None:
    assert statuses(s(0, "a", "A", "2025-01"), s(1, "b", "B", "2025-02"), s(2, "a", "A", "2025-01")) == [
        "loaded",
        "loaded",
        "unchanged",
    ]


def test_another_file_of_the_first_day_is_not_in_between_but_one_of_the_own_day_is() -> None:
    assert statuses(s(0, "a", "A"), s(0, "b", "B"), s(1, "a", "A")) == ["loaded", "loaded", "unchanged"]
    assert statuses(s(0, "a", "A"), s(1, "a", "A"), s(1, "b", "B")) == ["loaded", "loaded", "loaded"]


def test_a_refused_file_in_between_states_nothing() -> None:
    assert statuses(s(0, "a", "A"), s(1, "b", "B", refused=True), s(2, "a", "A")) == [
        "loaded",
        "refused",
        "unchanged",
    ]
    assert statuses(s(0, "a", "A", refused=True), s(1, "b", "A", refused=True)) == ["refused", "refused"]


def test_a_delivery_of_two_overlapping_parts_sent_again_whole_is_unchanged() -> None:
    assert statuses(s(0, "a", "A"), s(0, "b", "B"), s(3, "a", "A"), s(3, "b", "B")) == [
        "loaded",
        "loaded",
        "unchanged",
        "unchanged",
    ]


def test_one_new_part_makes_the_repeated_parts_it_overlaps_new_statements_too() -> None:
    # c is new and overlaps a; a then overlaps b: all three are stated anew on that day
    assert (
        statuses(
            s(0, "a", "A", "1 2"),
            s(0, "b", "B", "2 3"),
            s(3, "a", "A", "1 2"),
            s(3, "b", "B", "2 3"),
            s(3, "c", "C", "1"),
        )
        == ["loaded"] * 5
    )


def test_back_and_forth() -> None:
    assert statuses(s(0, "a", "A"), s(1, "b", "B"), s(2, "a", "A"), s(3, "b", "B"), s(4, "b", "B")) == [
        "loaded",
        "loaded",
        "loaded",
        "loaded",
        "unchanged",
    ]


names = st.sampled_from(["a", "b", "c"])
contents = st.sampled_from(
    [("A", "1"), ("B", "1"), ("C", "2"), ("D", "1 2"), ("E", "3"), ("F", "")],
)
drops = st.lists(
    st.builds(
        lambda day, name, content, refused: s(day, name, content[0], content[1], refused and content[0] == "E"),
        st.integers(0, 6),
        names,
        contents,
        st.booleans(),
    ),
    max_size=14,
    unique_by=lambda x: (x.received_on, x.file_name),
)


def by_the_rule(statements: Iterable[Statement], loaded: set[Statement], x: Statement) -> str:
    """The sentence of sources.md, word by word, given which files are loaded."""
    if x.refused:
        return "refused"
    before = [
        y
        for y in statements
        if y.sha256 == x.sha256 and not y.refused and (y.received_on, y.file_name) < (x.received_on, x.file_name)
    ]
    if not before:
        return "loaded"
    earlier = max(before)
    between = [
        y
        for y in loaded
        if earlier.received_on < y.received_on <= x.received_on and y.sha256 != x.sha256 and y.scopes & x.scopes
    ]
    return "loaded" if between else "unchanged"


@given(drops)
def test_every_answer_agrees_with_the_rule(statements: list[Statement]) -> None:
    out = decide(statements)
    loaded = {x for x, o in out.items() if o.status == "loaded"}
    assert set(out) == set(statements)
    for x in statements:
        assert out[x].status == by_the_rule(statements, loaded, x)


@given(drops, st.randoms())
def test_the_order_of_discovery_plays_no_part(statements: list[Statement], random: object) -> None:
    shuffled = list(statements)
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    assert decide(shuffled) == decide(statements)


@given(drops)
def test_what_was_decided_for_a_day_is_never_changed_by_a_later_day(statements: list[Statement]) -> None:
    out = decide(statements)
    for cut in range(7):
        early = [x for x in statements if x.received_on <= DAY + timedelta(cut)]
        assert decide(early) == {x: out[x] for x in early}


def replaced(statements: Iterable[Statement]) -> dict[str, str]:
    """The state of a period source: for each scope the content stated last."""
    state: dict[str, str] = {}
    for x in sorted(statements):
        state |= dict.fromkeys(x.scopes, x.sha256)
    return state


@given(drops)
def test_leaving_out_the_unchanged_ones_gives_the_state_of_loading_all(statements: list[Statement]) -> None:
    # One file a scope and day: then there is no union within a day, and the last statement is the state.
    taken: set[tuple[date, str]] = set()
    chosen = []
    for x in sorted(statements):
        if not x.refused and not any((x.received_on, c) in taken for c in x.scopes):
            taken |= {(x.received_on, c) for c in x.scopes}
            chosen.append(x)
    out = decide(chosen)
    assert replaced(x for x in chosen if out[x].status == "loaded") == replaced(chosen)
