"""One run of the bridge: read all there, write what differs, prune when asked, compare the last 30 days."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime

from django.utils import timezone

from .connection import open_source
from .errors import PruneRefusedError
from .proof import Proof, prove
from .reading import Reader, is_utc, source_time_zone
from .report import BridgeReport, Settings
from .schema import read_schema
from .users import FindUser, MakeUser, Users
from .writing import Writer


@dataclass(slots=True)
class Run:
    """What one run does, and its report, which is true at any moment."""

    settings: Settings
    report: BridgeReport
    find_user: FindUser
    make_user: MakeUser
    proof: Proof | None = None

    def run(
        self,
        alias: str | None,
        *,
        zone: str | None,
        since: datetime | None,
        prune: bool,
        tell: Callable[[str], None],
        warn: Callable[[str], None],
    ) -> Iterator[tuple[int, int]]:
        """Do it; yield the rows done and all rows after each batch. Raises ConfabulousImportError."""
        now = timezone.now()
        with open_source(alias) as source:
            schema = read_schema(source, with_titles=self.settings.with_titles, with_recaps=self.settings.with_recaps)
            reader = Reader(source, schema, source_time_zone(source, zone), since)
            version = "of an unknown version" if schema.version is None else f"version {schema.version}"
            kind = "costs by model" if schema.is_full else "one cost for each session, not by model"
            tell(f"Confabulous database {version}: {kind}; times in {reader.zone}.")
            if not zone and not is_utc(reader.zone):
                warn(f"Its times are read in the server's zone, {reader.zone}; --source-time-zone names another.")
            users = Users(self.find_user, self.make_user, self.settings, self.report)
            writer = Writer(self.settings, users, self.report, now)
            done, total = 0, reader.count()
            for rows in writer.write(reader.groups()):
                done += rows
                yield done, total
            if prune:
                _prune(writer)
            if not self.settings.dry_run:
                self.proof = prove(reader, users, self.settings, self.report, now)


def _prune(writer: Writer) -> None:
    gone, before = writer.gone()
    if 2 * (before - len(gone)) < before:
        raise PruneRefusedError(
            f"Nothing was pruned: only {before - len(gone)} of {before} sessions are still there, less than half."
        )
    writer.prune(gone)
