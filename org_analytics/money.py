"""Money: nano-dollars (integers) and dollars (`Decimal`), rounding and text. Pure: no Django."""

from decimal import ROUND_HALF_EVEN, ROUND_HALF_UP, Context, Decimal

NANO_PLACES = 9
MAX_NANOS = 2**63 - 1  # what the database column holds; sums may be larger

# The package's own context, as the host's may differ. Entering a local context per number costs more than a sum.
_PRECISE = Context(prec=60)
_NANO = Decimal(1).scaleb(-NANO_PLACES)
_CENT = Decimal("0.01")
_NANOS_A_CENT = 10**7


def to_nanos(amount: Decimal) -> int:
    """Convert dollars to nano-dollars. More than nine places are rounded half-even, once."""
    return int(round_nanos(amount).scaleb(NANO_PLACES, _PRECISE))


def round_nanos(amount: Decimal) -> Decimal:
    """The amount as it is stored: with nine places, rounded half-even."""
    return amount.quantize(_NANO, ROUND_HALF_EVEN, _PRECISE)


def from_nanos(nanos: int) -> Decimal:
    """Convert nano-dollars to dollars, exactly."""
    return Decimal(nanos).scaleb(-NANO_PLACES, _PRECISE)


def round_cents(amount: Decimal) -> Decimal:
    """Round to two places, half away from zero: the API rounds once, after the sum."""
    return amount.quantize(_CENT, ROUND_HALF_UP, _PRECISE)


def format_cents(nanos: int, count: int = 1) -> str:
    """nanos / count in dollars as text, rounded as `round_cents` does. Integers only: it formats thousands of rows."""
    if not (nanos and count):
        return "0.00"
    if nanos < 0:
        text = format_cents(-nanos, count)
        return text if text == "0.00" else f"-{text}"
    whole, part = divmod((2 * nanos + _NANOS_A_CENT * count) // (2 * _NANOS_A_CENT * count), 100)
    return f"{whole}.{part:02d}"


def average(total: Decimal, count: int) -> Decimal:
    """total / count, to far more places than are shown; zero if count is 0."""
    return _PRECISE.divide(total, Decimal(count)) if count else Decimal(0)


def format_exact(amount: Decimal) -> str:
    """Unrounded dollars as text: two to nine places, no other trailing zeros (`0.00`, `0.00114675`)."""
    whole, _point, places = f"{round_nanos(amount):f}".partition(".")
    return f"{whole}.{places.rstrip('0').ljust(2, '0')}"
