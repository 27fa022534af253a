"""Short runs of the load tests. The targets writers, faults, soak, replica, pooler and upgrade run them at length."""

from pathlib import Path

import pytest

from tests.load import faults, pooler, replica, soak, upgrade
from tests.load.writers import database, write_in_processes, write_over_http

pytestmark = pytest.mark.skipif(not Path("org_analytics").is_dir(), reason="needs the source tree")


@pytest.mark.parametrize("vendor", ["postgresql", "sqlite"])
def test_eight_clients_of_one_person_write_without_a_deadlock(vendor, tmp_path):
    with database(vendor, tmp_path) as (url, log):
        outcome = write_over_http(url, log, 3, tmp_path)
    assert outcome.is_good, str(outcome)


@pytest.mark.parametrize("vendor", ["postgresql"])
def test_eight_processes_write_for_shared_people_without_a_deadlock(vendor, tmp_path):
    with database(vendor, tmp_path) as (url, log):
        outcome = write_in_processes(url, log, 3)
    assert outcome.is_good, str(outcome)


@pytest.mark.parametrize("fault", ["terminate", "disk"])
def test_fault_loses_no_acknowledged_row(fault):
    if reason := faults.missing(fault):
        pytest.skip(reason)
    result = faults.FAULTS[fault](2)
    assert result.is_good, str(result)


def test_mixed_load_has_no_error_and_leaves_the_rollup_exact():
    assert soak.soak("gunicorn", 3, until_it_breaks=False)


def test_reads_answer_503_without_their_replica_and_return_to_it():
    replica.without_fallback()


def test_pooler_in_transaction_mode_serves_everything():
    if reason := pooler.missing():
        pytest.skip(reason)
    assert pooler.run(2)


@pytest.mark.skipif(not upgrade.has_old_code(), reason="the history does not have the first version")
def test_database_of_the_first_version_is_upgraded_and_downgraded(tmp_path):
    old = tmp_path / "old"
    old.mkdir()
    upgrade.unpack_old_code(old)
    assert upgrade.upgrade(old, f"sqlite:///{tmp_path}/upgrade.sqlite3", 300, 10)
