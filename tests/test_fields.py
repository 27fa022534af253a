"""Money: exact in the database, Decimal in Python, and an error where a number would silently be wrong."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal, getcontext, localcontext
from fractions import Fraction
from io import StringIO
from typing import Any

import pytest
from django.core import serializers
from django.core.exceptions import FieldError, ValidationError
from django.core.management import call_command
from django.db import connection, transaction
from django.db.models import Avg, Count, DecimalField, F, Max, Min, Sum
from django.db.models.functions import Coalesce
from django.forms import modelform_factory
from django.test import Client
from hypothesis import given
from hypothesis import strategies as st

from org_analytics.fields import MoneyField
from org_analytics.models import CodingSession
from org_analytics.money import average, format_exact, from_nanos, round_cents, to_nanos

START = datetime(2026, 6, 17, 12, tzinfo=UTC)
RANGE = {"start_ts": int(START.timestamp()) - 86_400, "end_ts": int(START.timestamp()) + 3 * 86_400}
MakeCosts = Callable[..., None]

amounts = st.decimals(-(10**9), 10**9, places=9)
nanos = st.integers(-(2**63) + 1, 2**63 - 1)


@pytest.fixture
def make_costs(user: Any) -> MakeCosts:
    """`make_costs("0.10", None)`: sessions of these costs, written without the write API's limits."""

    def make(*costs: Any, started_at: datetime = START) -> None:
        CodingSession.objects.bulk_create(
            CodingSession(
                user=user,
                provider="codex",
                external_id=f"{number}",
                started_at=started_at,
                analyzed_at=started_at,
                cost_usd=cost,
            )
            for number, cost in enumerate(costs, CodingSession.objects.count())
        )

    return make


# Pure ----------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("amount", "stored"),
    [
        ("0", 0),
        ("0.000000001", 1),
        ("1.5", 1_500_000_000),
        ("0.0000000005", 0),
        ("0.0000000015", 2),
        ("0.0000000025", 2),
        ("0.00000000250000000001", 3),
        ("-0.0000000015", -2),
        ("9223372036.854775807", 2**63 - 1),
        ("1E-400", 0),
    ],
)
def test_more_than_nine_places_are_rounded_half_even_once(amount: str, stored: int) -> None:
    assert to_nanos(Decimal(amount)) == stored


@pytest.mark.parametrize(
    ("amount", "shown"),
    [
        ("0", "0.00"),
        ("0.005", "0.01"),
        ("0.025", "0.03"),
        ("0.012", "0.01"),
        ("0.004999999", "0.00"),
        ("128.5", "128.50"),
        ("-0.005", "-0.01"),
        ("9223372036.854775807", "9223372036.85"),
    ],
)
def test_cents_are_rounded_half_away_from_zero(amount: str, shown: str) -> None:
    assert str(round_cents(Decimal(amount))) == shown


@pytest.mark.parametrize(
    ("amount", "shown"),
    [
        ("0", "0.00"),
        ("0E+3", "0.00"),
        ("128.5", "128.50"),
        ("128.500000000", "128.50"),
        ("0.00114675", "0.00114675"),
        ("0.000000001", "0.000000001"),
        ("1E+5", "100000.00"),
        ("1.10", "1.10"),
        ("-2.5", "-2.50"),
    ],
)
def test_unrounded_amounts_are_plain_with_two_to_nine_places(amount: str, shown: str) -> None:
    assert format_exact(Decimal(amount)) == shown


def test_an_average_is_rounded_only_once() -> None:
    # Rounded to nano-dollars first it would be 0.005, and 0.01 then.
    assert str(round_cents(average(Decimal("0.0149999999999"), 3))) == "0.00"
    assert average(Decimal("5"), 0) == 0


@given(nanos)
def test_an_amount_comes_back_as_it_was_stored(stored: int) -> None:
    assert to_nanos(from_nanos(stored)) == stored
    assert Fraction(from_nanos(stored)) == Fraction(stored, 10**9)


@given(amounts)
def test_no_amount_depends_on_the_hosts_decimal_context(amount: Decimal) -> None:
    with localcontext(getcontext(), prec=3):
        narrow = to_nanos(amount), round_cents(amount), format_exact(amount), average(amount, 7)
    assert narrow == (to_nanos(amount), round_cents(amount), format_exact(amount), average(amount, 7))
    assert to_nanos(amount) == Fraction(amount) * 10**9


@given(nanos)
def test_plain_notation_says_the_same_amount_without_an_exponent(stored: int) -> None:
    text = format_exact(from_nanos(stored))
    places = text.partition(".")[2]

    assert Decimal(text) == from_nanos(stored)
    assert set(text) <= set("-.0123456789")
    assert 2 <= len(places) <= 9
    assert len(places) == 2 or not places.endswith("0")


# The field -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("given", "amount"),
    [
        (None, None),
        ("", None),
        ("12.50", Decimal("12.5")),
        (3, Decimal(3)),
        (Decimal("0.1"), Decimal("0.1")),
        (0.1, Decimal("0.1")),
    ],
)
def test_a_float_means_the_number_that_its_author_wrote(given: Any, amount: Decimal | None) -> None:
    assert MoneyField().to_python(given) == amount
    assert MoneyField().get_prep_value(given) == (None if amount is None else to_nanos(amount))


@pytest.mark.parametrize(
    "given",
    ["abc", "1,5", "NaN", "-Infinity", float("nan"), float("inf"), [], {}, pytest.param(10**5000, id="5000 digits")],
)
def test_a_value_that_is_not_an_amount_is_invalid(given: Any) -> None:
    with pytest.raises(ValidationError):
        MoneyField().to_python(given)
    with pytest.raises(ValueError, match="not an amount"):
        MoneyField(name="cost").get_prep_value(given)


def test_an_amount_beyond_the_column_is_refused() -> None:
    with pytest.raises(ValueError, match="beyond"):
        MoneyField(name="cost").get_prep_value(Decimal("9223372036.854775808"))


def test_migrations_name_the_field_by_its_path() -> None:
    _name, path, args, kwargs = MoneyField("cost", null=True).deconstruct()

    assert (path, args, kwargs) == ("org_analytics.fields.MoneyField", [], {"verbose_name": "cost", "null": True})


@pytest.mark.core
def test_sums_are_exact_where_floats_are_not(make_costs: MakeCosts) -> None:
    make_costs(*["0.1"] * 10, "0.000000001", None)

    sums = CodingSession.objects.aggregate(Sum("cost_usd"), Min("cost_usd"), Max("cost_usd"), Count("cost_usd"))

    assert sums == {
        "cost_usd__sum": Decimal("1.000000001"),
        "cost_usd__min": Decimal("0.000000001"),
        "cost_usd__max": Decimal("0.1"),
        "cost_usd__count": 11,
    }


def test_a_sum_of_unknown_costs_is_none(make_costs: MakeCosts) -> None:
    make_costs(None)

    assert CodingSession.objects.aggregate(total=Sum("cost_usd")) == {"total": None}


@given(st.lists(st.decimals(0, 100_000, places=9), min_size=1, max_size=30))
def test_any_sum_equals_that_of_fractions(costs: list[Decimal]) -> None:
    assert sum(map(to_nanos, costs)) == sum(Fraction(cost) for cost in costs) * 10**9


def test_arithmetic_between_columns_raises_when_read(make_costs: MakeCosts) -> None:
    make_costs("1")

    with pytest.raises(FieldError):
        list(CodingSession.objects.annotate(double=F("cost_usd") * 2))
    with pytest.raises(FieldError):
        list(CodingSession.objects.values_list(F("cost_usd") + F("cost_usd")))
    with pytest.raises(FieldError):
        CodingSession.objects.aggregate(total=Sum(F("cost_usd") + 1))


def test_arithmetic_raises_when_written(make_costs: MakeCosts) -> None:
    make_costs("1")
    session = CodingSession.objects.get()

    with pytest.raises(FieldError):
        CodingSession.objects.update(cost_usd=F("cost_usd") + 1)
    session.cost_usd = F("cost_usd") + 1
    with pytest.raises(FieldError), transaction.atomic():
        session.save()

    assert CodingSession.objects.get().cost_usd == 1


def test_a_column_may_be_copied(make_costs: MakeCosts) -> None:
    make_costs("1.25")

    assert CodingSession.objects.update(cost_usd=F("cost_usd")) == 1
    assert CodingSession.objects.get().cost_usd == Decimal("1.25")


@pytest.mark.parametrize("costs", [["1", "2"], ["1", "3"], ["0.1", "0.2", "0.4"]])
def test_an_average_in_the_database_raises(make_costs: MakeCosts, costs: list[str]) -> None:
    make_costs(*costs)

    with pytest.raises(TypeError, match="divide in Python"):
        CodingSession.objects.aggregate(Avg("cost_usd"))
    with pytest.raises(TypeError, match="divide in Python"):
        CodingSession.objects.aggregate(mean=Coalesce(Avg("cost_usd"), None))


def test_an_average_of_nothing_raises_too(db: None) -> None:
    with pytest.raises(TypeError, match="divide in Python"):
        CodingSession.objects.aggregate(Avg("cost_usd"))


def test_an_average_with_an_explicit_type_is_in_nano_dollars(make_costs: MakeCosts) -> None:
    make_costs("1", "2")
    nanos = CodingSession.objects.aggregate(
        mean=Avg("cost_usd", output_field=DecimalField(max_digits=30, decimal_places=0))
    )

    assert nanos["mean"] == 1_500_000_000


@pytest.fixture
def without_cost_limit(db: None) -> Iterator[None]:
    """Sessions may cost what the column holds: what many thousands of them would add up to."""
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute("ALTER TABLE org_analytics_codingsession DROP CONSTRAINT org_session_cost_usd")
            yield  # the test's transaction is rolled back
        else:
            cursor.execute("PRAGMA ignore_check_constraints = ON")
            yield
            cursor.execute("PRAGMA ignore_check_constraints = OFF")


@pytest.mark.usefixtures("without_cost_limit")
def test_the_largest_sum_is_exact(make_costs: MakeCosts, api: Client) -> None:
    make_costs("9223372036.854775806", "0.000000001")

    answer = api.get("/api/v1/org/analytics", RANGE).json()

    assert answer["totals"]["total_cost_usd"] == "9223372036.85"
    assert CodingSession.objects.aggregate(total=Sum("cost_usd")) == {"total": Decimal("9223372036.854775807")}


@pytest.mark.usefixtures("without_cost_limit")
@pytest.mark.parametrize("days", [1, 2])
def test_a_total_beyond_two_to_the_63_is_exact(make_costs: MakeCosts, api: Client, days: int) -> None:
    """Within one sum of the database, and across whole days and partial days."""
    make_costs("9223372036.854775807", "9223372036.854775807")
    make_costs("0.010000001", started_at=START + timedelta(days=days))

    answer = api.get("/api/v1/org/analytics", RANGE).json()

    assert answer["totals"]["total_cost_usd"] == "18446744073.72"
    assert answer["totals"]["avg_cost_usd"] == "6148914691.24"


def test_a_sum_beyond_the_column_is_exact_when_read() -> None:
    assert MoneyField().from_db_value(2**64, Sum("cost_usd"), connection) == Decimal("18446744073.709551616")


def test_comparisons_are_those_of_the_amounts(make_costs: MakeCosts) -> None:
    make_costs("0.000000001", "0.10", "2", "10", None)
    sessions = CodingSession.objects.order_by("cost_usd")

    def costs(**lookups: Any) -> list[str]:
        return [format_exact(cost) for cost in sessions.filter(**lookups).values_list("cost_usd", flat=True)]

    assert costs(cost_usd="2.00") == ["2.00"]
    assert costs(cost_usd__gt=2) == ["10.00"]
    assert costs(cost_usd__lte=Decimal("0.1")) == ["0.000000001", "0.10"]
    assert costs(cost_usd__range=(0.1, 2)) == ["0.10", "2.00"]
    assert costs(cost_usd__in=["10", 2]) == ["2.00", "10.00"]
    assert sessions.filter(cost_usd=None).count() == 1
    assert sessions.filter(cost_usd__gte=F("cost_usd")).count() == 4
    with pytest.raises(ValueError, match="not an amount"):
        sessions.filter(cost_usd="two")


def test_a_form_shows_and_takes_dollars(make_costs: MakeCosts) -> None:
    make_costs("1.50")
    form_class = modelform_factory(CodingSession, fields=["cost_usd"])

    form = form_class({"cost_usd": "0.000000002"}, instance=CodingSession.objects.get())
    assert form.is_valid(), form.errors
    form.save()

    assert CodingSession.objects.get().cost_usd == Decimal("0.000000002")
    assert 'step="1e-9"' in str(form_class()["cost_usd"])
    assert form_class({"cost_usd": "0.0000000001"}).errors.keys() == {"cost_usd"}
    assert form_class({"cost_usd": "much"}).errors.keys() == {"cost_usd"}
    assert form_class({"cost_usd": ""}).fields["cost_usd"].clean("") is None


@pytest.mark.parametrize("form", ["json", "jsonl", "xml"])
def test_serialized_sessions_come_back_the_same(make_costs: MakeCosts, form: str) -> None:
    make_costs("0.000000001", "128.5", None)
    costs = list(CodingSession.objects.order_by("pk").values_list("cost_usd", flat=True))

    text = serializers.serialize(form, CodingSession.objects.order_by("pk"))
    objects = [item.object for item in serializers.deserialize(form, text)]

    assert [item.cost_usd for item in objects] == costs


def test_dumpdata_and_loaddata_keep_the_amounts(make_costs: MakeCosts, tmp_path: Any) -> None:
    make_costs("0.000000001", "128.5", None)
    dump = tmp_path / "sessions.json"
    call_command("dumpdata", "org_analytics.codingsession", output=str(dump), stdout=StringIO())
    CodingSession.objects.all().delete()

    call_command("loaddata", str(dump), verbosity=0)

    assert list(CodingSession.objects.order_by("pk").values_list("cost_usd", flat=True)) == [
        Decimal("0.000000001"),
        Decimal("128.5"),
        None,
    ]


def test_the_value_as_text_is_plain(make_costs: MakeCosts) -> None:
    make_costs("128.5", None)
    field = CodingSession._meta.get_field("cost_usd")

    assert [field.value_to_string(session) for session in CodingSession.objects.order_by("pk")] == ["128.50", ""]
