"""Whose memory it is: what one account's server has acknowledged says nothing of another account's rows."""

import hashlib
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

from org_analytics.ingest.deriver import Mark
from org_analytics.ingest.sqlite_state import SqliteState
from org_analytics.ingest.state import KnownSession, Receipt


def account_key(server: str | None, token: str | None) -> str:
    """A name for the account that this token of this server stands for; the protocol has none.

    A one-way digest, never the token itself: the state directory must not let anybody in. Another token of the same
    person has another key, so everything is sent once more, and the server answers "unchanged".
    """
    return hashlib.sha256(f"{server or ''}\n{token or ''}".encode()).hexdigest()[:32]


class AccountState(SqliteState):
    """What was read on this machine, which is the same for every account, with marks that count for one account only.

    Another account's mark is left standing where the transcript is gone: forks must not count its lines again.
    """

    def __init__(self, path: Path, account: str) -> None:
        super().__init__(path)
        self._prefix = f"{account} "

    def session(self, provider: str, external_id: str) -> KnownSession | None:
        known = super().session(provider, external_id)
        if known is None or not known.mark:
            return known
        if known.mark.startswith(self._prefix):
            return replace(known, mark=known.mark.removeprefix(self._prefix))
        # This account's server has no row: only the ownership of lines counts.
        return replace(known, mark=str(Mark("", 0, Mark.parse(known.mark).foreign)))

    def mark_stored(self, receipts: Iterable[Receipt]) -> None:
        super().mark_stored(replace(receipt, mark=self._prefix + receipt.mark) for receipt in receipts)
