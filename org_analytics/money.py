"""Money: nano-dollars (integers) and dollars (`Decimal`), rounding and text. Pure: no Django."""

from decimal import ROUND_HALF_EVEN, ROUND_HALF_UP, Context, Decimal

NANO_PLACES = 9


MAX_NANOS = 2**63 - 1


# Of our own, as a host's may be any; entering a local one for each number costs more than the sum.
_PRECISE = Context(prec=60)


_NANO = Decimal(1).scaleb(-NANO_PLACES)


_CENT = Decimal("0.01")


_NANOS_A_CENT = 10**7


class MoneyOverflowError(ArithmeticError):
    """A sum of money beyond what the database can add exactly: 2^63 nano-dollars, $9.2 billion."""


def to_nanos(amount: Decimal) -> int:
    """Nano-dollars of an amount; more than nine places are rounded half-even, once."""
    return int(amount.quantize(_NANO, ROUND_HALF_EVEN, _PRECISE).scaleb(NANO_PLACES, _PRECISE))


def from_nanos(nanos: int) -> Decimal:
    """The amount of dollars, exactly. Raises MoneyOverflow beyond what the database can hold."""
    _refuse_overflow(nanos)
    return Decimal(nanos).scaleb(-NANO_PLACES, _PRECISE)


def round_cents(amount: Decimal) -> Decimal:
    """Two places, half away from zero: the one rounding that the API's money goes through, after the sum."""
    return amount.quantize(_CENT, ROUND_HALF_UP, _PRECISE)


def format_cents(nanos: int, count: int = 1) -> str:
    """nanos / count in dollars, rounded as `round_cents` does, in whole numbers alone: thousands of rows go through.

    Raises MoneyOverflow beyond what the database can hold.
    """
    _refuse_overflow(nanos)
    if not (nanos and count):
        return "0.00"
    whole, part = divmod((2 * nanos + _NANOS_A_CENT * count) // (2 * _NANOS_A_CENT * count), 100)
    return f"{whole}.{part:02d}"


def _refuse_overflow(nanos: int) -> None:
    if not -MAX_NANOS <= nanos <= MAX_NANOS:
        raise MoneyOverflowError("The total cost is beyond 2^63 nano-dollars.")


def average(total: Decimal, count: int) -> Decimal:
    """total / count to far more places than are shown; zero where there is nothing to average."""
    return _PRECISE.divide(total, Decimal(count)) if count else Decimal(0)


def format_exact(amount: Decimal) -> str:
    """Unrounded: plain notation with two to nine places and no other trailing zeros (`0.00`, `0.00114675`)."""
    whole, _point, places = f"{amount.quantize(_NANO, ROUND_HALF_EVEN, _PRECISE):f}".partition(".")
    return f"{whole}.{places.rstrip('0').ljust(2, '0')}"
