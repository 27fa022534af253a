"""Recaps of a Confabulous database: only when asked for, and never a reason to refuse a session."""

from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from org_analytics.confabulous.recaps import ODD_RECAP, UNREADABLE_RECAP, recap_of_card
from org_analytics.models import CodingSession, SessionRecap
from org_analytics.models.recap_validation import LISTS, clean_recap
from tests.confabulous.source import SECRET, Source

COMPUTED = "2026-06-17T12:00:00+00:00"


def stored() -> dict[str, Any]:
    recap = SessionRecap.objects.get()
    return {name: getattr(recap, name) for name in ("recap", *LISTS, "model_used", "computed_at")}


@pytest.mark.django_db
def test_recaps_come_only_when_asked_for_and_again_changes_nothing(run: Any, source: Source, user: Any) -> None:
    source.add_session("none")
    source.add_recap(
        source.add_session("whole"),
        "Fixed the build.\nAt last.",
        went_well=["Quick.", {"text": "Tested.", "message_id": "m-1"}],
        went_bad=[{"text": "No log.", "message_id": None}],
        human_suggestions=["a"],
        environment_suggestions=["b"],
        default_context_suggestions=["c"],
    )
    run()
    assert not SessionRecap.objects.exists()

    assert "1 updated, 1 unchanged" in run(with_recaps=True)
    assert stored() == {
        "recap": "Fixed the build.\nAt last.",
        "went_well": [{"text": "Quick."}, {"text": "Tested.", "message_id": "m-1"}],
        "went_badly": [{"text": "No log."}],
        "suggestions_person": [{"text": "a"}],
        "suggestions_environment": [{"text": "b"}],
        "suggestions_context": [{"text": "c"}],
        "model_used": "haiku-4-5",
        "computed_at": datetime(2026, 6, 17, 12, tzinfo=UTC),
    }
    assert "0 updated, 2 unchanged" in run(with_recaps=True)


@pytest.mark.django_db
def test_an_empty_row_and_a_row_of_version_0_are_not_recaps(run: Any, source: Source, user: Any) -> None:
    source.add_recap(source.add_session("lock"), version=0)
    source.add_recap(source.add_session("empty"), "")

    assert "2 created" in run(with_recaps=True)
    assert not SessionRecap.objects.exists()


@pytest.mark.django_db
def test_a_changed_recap_is_replaced_and_a_missing_one_stays(run: Any, source: Source, user: Any) -> None:
    source.add_recap(source.add_session())
    run(with_recaps=True)
    source.execute("UPDATE session_card_smart_recap SET recap = 'Another.'")

    assert "1 updated" in run(with_recaps=True)
    assert stored()["recap"] == "Another."
    run()
    source.execute("DELETE FROM session_card_smart_recap")
    run(with_recaps=True)
    assert stored()["recap"] == "Another."


@pytest.mark.django_db
def test_a_recap_made_here_does_not_take_the_session_from_the_import(run: Any, source: Source, user: Any) -> None:
    source.add_session()
    run(with_recaps=True)
    session = CodingSession.objects.get()
    SessionRecap.objects.create(session=session, recap="Ours.", computed_at=session.started_at)
    source.execute("UPDATE session_card_session SET duration_ms = 5")

    assert "1 updated" in run(with_recaps=True)
    assert (CodingSession.objects.get().duration_ms, stored()["recap"]) == (5, "Ours.")


@pytest.mark.django_db
def test_a_change_of_a_recap_is_a_known_change(run: Any, source: Source, user: Any) -> None:
    session = source.add_session()
    run(with_recaps=True)
    source.add_recap(session, computed_at="2026-06-20 12:00+00")

    assert "1 updated" in run(with_recaps=True, since="2026-06-19T00:00Z")


@pytest.mark.django_db
def test_an_older_version_without_recaps_is_read_all_the_same(run: Any, source: Source, user: Any) -> None:
    source.execute("DROP TABLE session_card_smart_recap")
    source.add_session()

    assert "1 created" in run(with_recaps=True)


@pytest.mark.django_db
@pytest.mark.parametrize("computed_at", ["1990-01-01", "2101-01-01", "0044-03-15 BC", "infinity", "99999-01-01"])
def test_a_recap_with_an_impossible_time_is_left_out_and_counted(
    run: Any, source: Source, user: Any, computed_at: str
) -> None:
    source.add_recap(source.add_session(), computed_at=computed_at)

    output = run(with_recaps=True)

    assert "1 created" in output
    assert f"1: {UNREADABLE_RECAP}" in output
    assert not SessionRecap.objects.exists()


@pytest.mark.django_db
def test_text_of_a_recap_is_not_in_the_output(run: Any, source: Source, user: Any) -> None:
    source.add_recap(source.add_session("a"), f"{SECRET} \x1b" * 1_000, went_well=[SECRET, 5, {"text": SECRET * 500}])
    source.add_recap(source.add_session("b"), SECRET, computed_at="1990-01-01")

    output = run(with_recaps=True)

    assert SECRET in stored()["recap"]
    assert SECRET not in output


@pytest.mark.parametrize(
    ("card", "recap", "is_odd"),
    [
        ({"recap": "x"}, {}, False),
        ({"recap": "x" * 5_000}, {"recap": "x" * 4_000}, True),
        ({"recap": " a\r\nb\x1bc\t\x85 "}, {"recap": "a\nb c"}, False),
        ({"went_well": ["x"] * 11}, {"went_well": [{"text": "x"}] * 10}, True),
        ({"went_well": ["x" * 1_001, "y"]}, {"went_well": [{"text": "x" * 1_000}, {"text": "y"}]}, True),
        ({"went_bad": "x"}, {"went_badly": []}, True),
        ({"went_bad": None}, {"went_badly": []}, False),
        ({"went_bad": [5, None, {}, [], {"text": ""}, "y"]}, {"went_badly": [{"text": "y"}]}, True),
        ({"went_bad": [{"text": "y", "message_id": 5}]}, {"went_badly": [{"text": "y"}]}, False),
        ({"went_bad": [{"text": "y", "message_id": "m" * 256}]}, {"went_badly": [{"text": "y"}]}, False),
        ({"went_bad": [{"text": "y", "message_id": "a\n"}]}, {"went_badly": [{"text": "y"}]}, False),
        ({"model_used": "a\nb"}, {"model_used": "a b"}, False),
        ({"model_used": None}, {"model_used": ""}, False),
    ],
)
def test_odd_values_are_shortened_or_left_out(card: dict[str, Any], recap: dict[str, Any], is_odd: bool) -> None:
    notes: set[str] = set()
    found = recap_of_card({"recap": "x", "computed_at": COMPUTED, **card}, notes)

    assert found
    assert {name: found[name] for name in recap} == recap
    assert notes == ({ODD_RECAP} if is_odd else set())


anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=30),
    lambda inner: st.lists(inner, max_size=12) | st.dictionaries(st.sampled_from(["text", "message_id", "x"]), inner),
    max_leaves=12,
)
columns = ["went_well", "went_bad", "human_suggestions", "environment_suggestions", "default_context_suggestions"]


@given(
    st.fixed_dictionaries(
        {"recap": st.text() | anything, "computed_at": st.just(COMPUTED) | anything},
        optional={**dict.fromkeys(columns, anything), "model_used": anything},
    )
)
def test_whatever_is_found_can_be_stored(card: dict[str, Any]) -> None:
    found = recap_of_card(card, set())

    if found is not None:
        clean_recap(found)
