"""`make hosts`: throw-away hosts on the built wheel, with each supported Django, admin themes and larger packages.

Asks page, API, downloads and checks of each, on two releases of the time zone data too, and takes pictures of the page
into .hosts/pictures, to be looked at. Needs a package index; other arguments choose hosts by name. Exit code 1 if
something is not as it should be.
"""

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path

from .hosts import PAIRS, PLAIN, Host
from .pictures import take_pictures
from .project import CHECK, COLLECT, DEPLOY_CHECK, Project

ROOT = Path(__file__).parent.parent.parent
WORK = ROOT / ".hosts"
PYENV = Path(os.environ.get("PYENV_ROOT") or Path.home() / ".pyenv")
OLD_TIME_ZONE_DATA = "tzdata==2023.3"
# A zone whose clock changes were given up between the two releases.
MOVED_ZONE = "America/Vancouver"


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.hosts_matrix", description=__doc__, allow_abbrev=False)
    parser.add_argument("hosts", nargs="*", help="the names of the hosts to try; none: all")
    parser.add_argument("--without-pictures", action="store_true", help="take no pictures")
    options = parser.parse_args()
    names = {host.name for _python, _django, hosts in PAIRS for host in hosts}
    if unknown := set(options.hosts) - names:
        parser.error(f"{', '.join(sorted(unknown))}: choose from {', '.join(sorted(names))}")
    failed = []
    for version, django, hosts in PAIRS:
        base = interpreter(version)
        if base is None:
            print(f"Python {version} is not there: Django {django} was left out.")
            continue
        chosen = [host for host in hosts if not options.hosts or host.name in options.hosts]
        if not chosen:
            continue
        python = environment(base, django, chosen)
        for host in chosen:
            name = f"{host.name}-{django}"
            if not succeeds(name, host, python, with_pictures=not options.without_pictures):
                failed.append(name)
        if PLAIN in chosen and not succeeds_after_update(f"time-zone-data-{django}", python):
            failed.append(f"time-zone-data-{django}")
    for name in failed:
        print(f"FAILED: {name}")
    return 1 if failed else 0


def interpreter(version: str) -> str | None:
    """The Python of this version: pyenv's, else the one on the path."""
    found = sorted(PYENV.glob(f"versions/{version}.*/bin/python"), reverse=True)
    return str(found[0]) if found else shutil.which(f"python{version}")


def environment(base: str, django: str, hosts: list[Host]) -> str:
    """An environment with the built wheel and what these hosts bring along; it is kept for the next run."""
    directory = WORK / f"django-{django}"
    python = str(directory / "bin" / "python")
    if not directory.exists():
        subprocess.run([base, "-m", "venv", directory], check=True)
    with tempfile.TemporaryDirectory() as built:
        subprocess.run([sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", built], cwd=ROOT, check=True)
        [wheel] = Path(built).glob("*.whl")
        pip = [python, "-m", "pip", "--quiet", "--disable-pip-version-check", "install"]
        packages = sorted({name for host in hosts for name in host.requirements})
        subprocess.run([*pip, f"Django=={django}.*", "uvicorn", *packages, str(wheel)], check=True)
        # Also where the version is still the same.
        subprocess.run([*pip, "--force-reinstall", "--no-deps", str(wheel)], check=True)
    return python


def succeeds(name: str, host: Host, python: str, with_pictures: bool) -> bool:
    """Try a host and print the problems."""
    print(f"=== {name}", flush=True)
    with tempfile.TemporaryDirectory(prefix="org-analytics-host-") as directory:
        project = Project.of(host, Path(directory), python, is_installed=True)
        try:
            project.prepare()
            project.must(*COLLECT)
            session_key = project.must("ask.py").strip().splitlines()[-1]
            project.must(*CHECK)
            project.must(*DEPLOY_CHECK, DEPLOY="1")
            if host.name == "spectacular":
                project.must("manage.py", "spectacular", "--validate", "--fail-on-warn")
            if with_pictures:
                with project.served("manage.py", "runserver", "--noreload", "--insecure") as server:
                    take_pictures(server.url, session_key, WORK / "pictures", name)
        except AssertionError as error:
            print(error, flush=True)
            return False
    return True


def succeeds_after_update(name: str, python: str) -> bool:
    """Migrate with old time zone data, then answer with today's."""
    print(f"=== {name}", flush=True)
    with tempfile.TemporaryDirectory(prefix="org-analytics-host-") as directory:
        pip = [python, "-m", "pip", "--quiet", "--disable-pip-version-check", "download", "--no-deps", "-d", directory]
        releases = []
        for requirement in (OLD_TIME_ZONE_DATA, "tzdata"):
            subprocess.run([*pip, requirement], check=True)
            [wheel] = Path(directory).glob("tzdata-*.whl")
            releases.append(str(Path(directory) / requirement / "tzdata" / "zoneinfo"))
            zipfile.ZipFile(wheel).extractall(Path(directory) / requirement)
            wheel.unlink()
        before, after = releases
        host = Host("time_zone_data", settings=f'ORG_ANALYTICS_TIME_ZONE = "{MOVED_ZONE}"\n')
        project = Project.of(host, Path(directory) / "site", python, is_installed=True)
        try:
            project.prepare(PYTHONTZPATH=before)
            project.must("ask.py", PYTHONTZPATH=before)
            project.must("ask.py", PYTHONTZPATH=after)
            assert "org_analytics.W003" in project.run(*CHECK, PYTHONTZPATH=after).stdout, "W003 is not given"
            project.must("manage.py", "rebuild_daily_usage", PYTHONTZPATH=after)
            project.must(*CHECK, PYTHONTZPATH=after)
            project.must("ask.py", PYTHONTZPATH=after)
        except AssertionError as error:
            print(error, flush=True)
            return False
    return True


if __name__ == "__main__":
    sys.exit(main())
