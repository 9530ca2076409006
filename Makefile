# The verbs of the house. Each makes what it needs; `make` alone lists them.
PYTHON ?= $(shell for p in python3.13 python3.12 python3.11 python3; do command -v $$p >/dev/null 2>&1 && $$p -c 'import sys, venv; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && { echo $$p; break; }; done)
BIN := .venv/bin
PARALLEL ?= 2
export DJANGO_SETTINGS_MODULE = regulars.settings

.PHONY: help demo test test-fast test-deep lint docs bench lock upgrade-snapshot
help:
	@echo "make demo       everything on this machine: database, town, server, worker (Ctrl-C stops it)"
	@echo "make test       lint, types, contracts, migrations, and all tests of short profile"
	@echo "make test-fast  the rules, the shape of the house and its documents: a minute or so"
	@echo "make test-deep  the tests with their full numbers (an hour or more)"
	@echo "make lint       only lint, types, contracts and migrations"
	@echo "make docs       write the reference anew and build the documentation into site/"
	@echo "make bench      measure this machine, as ratios"
	@echo "make upgrade-snapshot  at a release: keep a database of it, for the next one's test"
	@echo "make lock       choose versions anew from pyproject.toml"

.venv/pyvenv.cfg:
	@test -n "$(PYTHON)" || { echo "Python 3.11 or newer with venv is needed."; exit 1; }
	$(PYTHON) -m venv .venv

.venv/.runs: .venv/pyvenv.cfg requirements.lock pyproject.toml
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -r requirements.lock
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps -e .
	@touch $@

.venv/.develops: .venv/.runs requirements-dev.lock
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -r requirements-dev.lock
	@touch $@

demo: .venv/.runs
	@exec $(BIN)/regulars demo $(if $(PORT),--port $(PORT))

lint: .venv/.develops
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/python -W ignore -m django makemigrations --check --dry-run

test: lint
	@bash .ci/browser
	$(BIN)/pytest -m "not deep" -n $(PARALLEL) --dist loadfile

test-fast: .venv/.develops
	$(BIN)/pytest -m "not deep" -n $(PARALLEL) tests/test_tidy.py tests/test_docs.py tests/api/test_document.py $$(git ls-files 'src/regulars/**/test_*rules*.py' 'src/regulars/kernel/tests/test_expression*.py')

test-deep: lint
	@bash .ci/browser
	$(BIN)/pytest -o timeout=14400

docs: .venv/.develops
	$(BIN)/python scripts/reference.py
	NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --strict --quiet

bench: .venv/.runs
	$(BIN)/regulars bench

upgrade-snapshot: .venv/.develops
	$(BIN)/python -m tests.upgrade.make

lock: .venv/.develops
	$(BIN)/uv pip compile pyproject.toml --universal --python-version 3.11 --upgrade --no-emit-index-url --no-header --quiet -o requirements.lock
	$(BIN)/uv pip compile pyproject.toml --extra dev -c requirements.lock --universal --python-version 3.11 --upgrade --no-emit-index-url --no-header --quiet -o requirements-dev.lock
