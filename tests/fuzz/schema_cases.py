"""`python -m tests.fuzz.schema_cases`: cases that schemathesis makes from our OpenAPI document.

Asks the example project as a reader (session cookie), as a writer (token) and anonymously. Exit code 1 if there is a
finding.
"""

import argparse
import json
import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.request import Request, urlopen

from .site import ROOT, Site, served_example

CONFIG = Path(__file__).parent / "schemathesis.toml"


@dataclass(frozen=True)
class Outcome:
    """How many cases schemathesis made for a role, and the text of its findings."""

    role: str
    cases: int
    findings: int
    text: str


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz.schema_cases", description=__doc__, allow_abbrev=False)
    parser.add_argument("--examples", type=int, default=60, help="Fuzzing cases for each operation. Default: 60.")
    parser.add_argument("--seed", type=int, default=1, help="Seed of the generated cases. Default: 1.")
    options = parser.parse_args()
    # A terminated run stops its server too.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    with (
        tempfile.TemporaryDirectory(prefix="org-analytics-fuzz-") as directory,
        served_example(Path(directory)) as site,
    ):
        outcomes = run(site, Path(directory), f"--max-examples={options.examples}", f"--seed={options.seed}")
    for outcome in outcomes:
        print(f"{outcome.text}{outcome.role}: {outcome.cases:,} cases, {outcome.findings} findings", flush=True)
    return 1 if any(outcome.findings for outcome in outcomes) else 0


def run(site: Site, directory: Path, *options: str) -> list[Outcome]:
    """Run schemathesis with these options in each role."""
    document = directory / "openapi.json"
    request = Request(f"{site.url}/api/v1/org/schema", headers={"Authorization": f"Token {site.token}"})
    with urlopen(request, timeout=10) as answer:
        document.write_bytes(answer.read())
    roles = {
        "writer": {"TokenHeader": f"Token {site.token}"},
        "reader": {"SessionCookie": site.session},
        "anonymous": {},
    }
    return [_run(role, keys, site, document, options) for role, keys in roles.items()]


def _run(role: str, keys: Mapping[str, str], site: Site, document: Path, options: tuple[str, ...]) -> Outcome:
    config, report = document.with_name(f"{role}.toml"), document.with_name(f"{role}.json")
    sections = [f"[auth.openapi.{scheme}]\napi_key = {json.dumps(key)}\n" for scheme, key in keys.items()]
    config.write_text("\n".join([CONFIG.read_text(encoding="utf-8"), *sections]), encoding="utf-8")
    command = [sys.executable, "-m", "schemathesis.cli", f"--config-file={config}", "run", str(document)]
    reports = [f"--url={site.url}", "--no-color", "--report=json", f"--report-json-path={report}"]
    done = subprocess.run(
        [*command, *options, *reports],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
    )
    cases = json.loads(report.read_text(encoding="utf-8"))["test_cases"]
    findings = cases["unique_failures"] + cases["errored"]
    # Another exit code without a finding is a mistake in this program.
    return Outcome(role, cases["generated"], findings or done.returncode, done.stdout if done.returncode else "")


if __name__ == "__main__":
    sys.exit(main())
