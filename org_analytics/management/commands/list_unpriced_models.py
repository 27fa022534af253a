"""`manage.py list_unpriced_models`: list the models of stored sessions that have no price."""

import json
from argparse import ArgumentParser
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from django.core.management.base import BaseCommand, no_translations
from django.db.models import Count, Q

from ...choices import Provider
from ...conf import app_settings
from ...models import ModelUsage

# A model whose tokens are unknown, such as all of Cursor's, has no cost whatever its price is.
_HAS_TOKENS = ~Q(input_tokens=None, output_tokens=None, cache_write_tokens=None, cache_read_tokens=None)


class Command(BaseCommand):
    """For administrators, who can add prices; `org-analytics prices` does the same for one person's transcripts."""

    help = (
        "List the models that have no price in at least one session, with the number of these sessions. "
        "Add prices with the setting ORG_ANALYTICS_PRICES. A session gets a new price when it is next pushed or "
        "imported."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--json", action="store_true", help="Print the result as one JSON array.")

    @no_translations
    def handle(self, *args: Any, **options: Any) -> None:
        rows = list(_unpriced_models())
        self.stdout.write(json.dumps(rows, indent=2) if options["json"] else "\n".join(_as_text(rows)))


def _unpriced_models() -> Iterator[dict[str, Any]]:
    unpriced = ModelUsage.objects.using(ModelUsage.objects.write_db).filter(_HAS_TOKENS, cost_usd=None)
    counts = unpriced.order_by().values_list("model", "session__provider").annotate(Count("session"))
    for model, provider, sessions in sorted(counts):
        yield {
            "model": model,
            "provider": provider,
            "sessions": sessions,
            "is_in_setting": model in app_settings.prices,
        }


def _as_text(rows: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    if not rows:
        yield "Every model whose tokens are known has a price."
        return
    yield "Models without a price, and the number of sessions that use them:"
    for row in rows:
        sessions = "1 session" if row["sessions"] == 1 else f"{row['sessions']:,} sessions"
        added = ", now in ORG_ANALYTICS_PRICES" if row["is_in_setting"] else ""
        yield f"  {row['model']}: {sessions} of {Provider(row['provider']).label}{added}"
    yield "Add prices with the setting ORG_ANALYTICS_PRICES. Sessions get them when they are next pushed or imported."
