# Each target makes .venv itself: a machine needs only Python 3.11 or newer, make, and a package index.
PYTHON ?= python3
PORT ?= 8000
VENV := .venv
RUN := $(VENV)/bin/python
PIP := $(RUN) -m pip --disable-pip-version-check --quiet --quiet
# Three, because tests of servers and browsers mostly wait.
PYTEST := $(RUN) -m pytest --numprocesses 3 --dist worksteal
POSTGRES := $(RUN) -m tests.postgres

export MAKECMDGOALS
# An environment whose interpreter is gone is created again.
$(shell $(RUN) -c '' 2>/dev/null || rm -rf $(VENV))

.PHONY: help demo test lint bench matrix hosts compare opencode fuzz writers faults soak replica pooler upgrade screenshots schema clean
.DEFAULT_GOAL := help

help: ## list the targets
	@sed -n 's/^\([a-z]*\):[^#]*## /make \1\t/p' Makefile

demo: $(VENV)/.demo-installed ## serve the example with a demo organization on 127.0.0.1 (PORT=8000)
	@DEBUG=true ENABLE_ORG_ANALYTICS=true DATABASE_URL=sqlite:///demo.sqlite3 \
		SHARE_ALL_SESSIONS_TO_AUTHENTICATED=$${SHARE_ALL_SESSIONS_TO_AUTHENTICATED-true} \
		$(RUN) manage.py demo --port "$(PORT)"

# The suite, its core with a second user model, and the example, on SQLite and on PostgreSQL; the browser
# only once. Coverage is measured on SQLite, without tests of other processes: measuring slows a run down by a quarter.
WITH_PROCESSES := tests/browser tests/fuzz tests/hosts_matrix tests/load
test: $(VENV)/.dev-installed ## run the whole suite on SQLite and PostgreSQL, with coverage
	@$(PYTEST) --cov --cov-report= $(addprefix --ignore=,$(WITH_PROCESSES))
	@$(PYTEST) $(WITH_PROCESSES)
	@$(POSTGRES) $(PYTEST) -m "not browser and not once"
	@HYPOTHESIS_PROFILE=quick $(PYTEST) --ds=tests.settings_members -m "core and not browser"
	@HYPOTHESIS_PROFILE=quick $(POSTGRES) $(PYTEST) --ds=tests.settings_members -m "core and not browser and not once"
	@$(PYTEST) --ds=example_project.settings tests/test_example.py
	@$(POSTGRES) $(PYTEST) --ds=example_project.settings -m "not once" tests/test_example.py
	@$(RUN) -m coverage report

lint: $(VENV)/.dev-installed ## run ruff, mypy and bandit, check for missing migrations and outdated catalogues
	@$(RUN) -m ruff check .
	@$(RUN) -m ruff format --check .
	@$(RUN) -m mypy
	@$(RUN) -m bandit --quiet --recursive --configfile pyproject.toml org_analytics example_project
	@$(RUN) manage.py makemigrations --check --dry-run
	@scripts/check-catalogues

bench: $(VENV)/.dev-installed ## measure answers on a million sessions, and reading transcripts (N=100000: fewer, BIG=1: ten million, PEOPLE=20000: more people, FORKS=1: forks of their own)
	@$(RUN) -m benchmarks $(N) $(if $(BIG),--big) $(if $(PEOPLE),--people $(PEOPLE)) $(if $(FORKS),--own-forks)
	@$(if $(PEOPLE)$(FORKS),,$(RUN) -m benchmarks.ingest)
	@$(if $(PEOPLE)$(FORKS),,$(RUN) -m benchmarks.opencode)
	@$(if $(PEOPLE)$(FORKS),,$(RUN) -m benchmarks.cursor)

matrix: $(VENV)/.dev-installed ## run the suite on the built wheel, with each supported pair of Python and Django
	@$(RUN) -m nox --reuse-existing-virtualenvs

hosts: $(VENV)/.dev-installed ## build throw-away sites with other admin themes, logins and versions of Django, with pictures (HOSTS="unfold": only these)
	@$(RUN) -m tests.hosts_matrix $(HOSTS)

fuzz: $(VENV)/.dev-installed ## send thousands of bad requests and generated cases to the example, on SQLite and PostgreSQL (REQUESTS=2000: fewer)
	@$(RUN) -m tests.fuzz --requests $(or $(REQUESTS),20000)
	@$(POSTGRES) $(RUN) -m tests.fuzz --requests $(or $(REQUESTS),20000) --seed 2
	@$(RUN) -m tests.fuzz.schema_cases
	@$(POSTGRES) $(RUN) -m tests.fuzz.schema_cases --seed 2

compare: $(VENV)/.dev-installed ## compare tokens and costs of random histories with those of ccusage (needs npm)
	@$(RUN) -m benchmarks.compare_ccusage
	@$(RUN) -m benchmarks.compare_opencode

writers: $(VENV)/.dev-installed ## write with eight clients of one person and eight processes at once (SECONDS=60)
	@$(RUN) -W ignore -m tests.load.writers --seconds $(or $(SECONDS),60)

faults: $(VENV)/.dev-installed ## kill, restart, disconnect, fill and starve what the site needs, and look for lost rows (FAULTS="disk": only these)
	@$(RUN) -W ignore -m tests.load.faults $(FAULTS)

soak: $(VENV)/.dev-installed ## mixed load under gunicorn and uvicorn, then more until something breaks (SECONDS=600)
	@$(RUN) -W ignore -m tests.load.soak --seconds $(or $(SECONDS),600)

replica: $(VENV)/.dev-installed ## read from a streaming standby, stop it and promote it
	@$(RUN) -W ignore -m tests.load.replica

pooler: $(VENV)/.dev-installed ## run the site behind PgBouncer in transaction mode (needs pgbouncer)
	@$(RUN) -W ignore -m tests.load.pooler

upgrade: $(VENV)/.dev-installed ## upgrade a database of the first version with a million sessions, and downgrade it (SESSIONS=1000000)
	@$(RUN) -W ignore -m tests.load.upgrade --sessions $(or $(SESSIONS),1000000)

opencode: $(VENV)/.dev-installed ## push the sessions of a real OpenCode, which asks a stand-in for a model, and look for them on the page (needs npm)
	@$(RUN) -m scripts.try_opencode

screenshots: $(VENV)/.dev-installed ## take the pictures in docs/images/ again (needs Chromium)
	@$(RUN) -m scripts.screenshots

schema: $(VENV)/.dev-installed ## write docs/openapi.json and docs/api-reference.md again
	@$(RUN) -m scripts.api_reference

clean: ## remove the environments, caches and the demo database
	@rm -rf $(VENV) .nox .hosts .mypy_cache .pytest_cache .ruff_cache .hypothesis build dist .bench demo.sqlite3*

$(RUN):
	@scripts/make-venv "$(PYTHON)" $(VENV)

# pip 25.1 is the first that installs dependency groups.
$(VENV)/.demo-installed: pyproject.toml | $(RUN)
	@echo "Installing into $(VENV) …"
	@$(PIP) install --editable ".[demo]"
	@touch $@

$(VENV)/.dev-installed: pyproject.toml | $(RUN)
	@echo "Installing into $(VENV) …"
	@$(PIP) install "pip>=25.1"
	@$(PIP) install --editable ".[demo,ingest,postgres]" --group dev
	@touch $@ $(VENV)/.demo-installed
