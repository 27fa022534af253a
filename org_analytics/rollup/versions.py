"""Frozen SQL of the daily roll-ups: one version per migration that changes it.

A migration must not run today's triggers, or databases of different ages would differ. So each version is a text file
per database, `migrations/sql/NAME.VENDOR.sql`, whose statements are marked with `-- [kind]` lines:
`create` and `drop` (the triggers), `calendar` (inserts the days, without the rows) and `sum` (fills a roll-up).
"""

import re
from pathlib import Path

from . import triggers

DIRECTORY = Path(__file__).parent.parent / "migrations" / "sql"
_MARK = re.compile(r"^-- \[(create|drop|calendar|sum)\]\n", re.MULTILINE)


class RollupVersion:
    """The SQL of one version."""

    def __init__(self, name: str, directory: Path = DIRECTORY) -> None:
        self.name = name
        self.directory = directory

    def statements(self, vendor: str, kind: str) -> list[str]:
        """The statements of one kind, in order."""
        text = (self.directory / f"{self.name}.{vendor}.sql").read_text(encoding="utf-8")
        _head, *parts = _MARK.split(text)
        return [body.removesuffix("\n") for mark, body in zip(parts[::2], parts[1::2], strict=True) if mark == kind]

    def filled_tables(self, vendor: str) -> list[str]:
        """The tables of sums: those that the version fills (`INSERT INTO table …`)."""
        return [statement.split()[2] for statement in self.statements(vendor, "sum")]


def current_sql(vendor: str) -> str:
    """The text of a version file that today's code would write."""
    statements = [
        *(("create", statement) for statement in triggers.create_statements(vendor)),
        *(("drop", statement) for statement in triggers.drop_statements(vendor)),
        ("calendar", triggers.calendar_statement()),
        *(("sum", statement) for statement in triggers.fill_statements(vendor)),
    ]
    return "-- Frozen. To change it, add a version: see CONTRIBUTING.\n" + "".join(
        f"-- [{kind}]\n{statement}\n" for kind, statement in statements
    )
