# Each target sets up what it needs: .venv from requirements.lock, and programs from the system where that is possible.

PYTHON ?= python3
READY := .venv/ready
BIN := .venv/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check --quiet --retries 10
PYTEST := $(BIN)/python -m pytest --numprocesses auto --maxprocesses 8 --dist worksteal

.PHONY: run test check format bench bench-scale campaign lock clean

run: $(READY)
	@.ci/setup run
	@$(BIN)/dua-ledger demo --serve

test: $(READY)
	@.ci/setup test
	$(PYTEST)

check: $(READY)
	$(BIN)/ruff format --check
	$(BIN)/ruff check
	$(BIN)/mypy
	$(BIN)/lint-imports --no-logo

format: $(READY)
	$(BIN)/ruff check --select I --fix
	$(BIN)/ruff format

bench: $(READY)
	$(BIN)/python tests/bench/run.py

# Takes half an hour, and 25 GB in $DUA_BENCH_DIR or where temporary files are: `make bench-scale SIZE=1000000` takes minutes.
bench-scale: $(READY)
	$(BIN)/python tests/bench/scale.py --size $(or $(SIZE),10000000) --engine $(or $(ENGINE),SQLite)

# What the tests do at a small setting each time, at full length.
campaign: $(READY)
	@.ci/setup test
	CAMPAIGN=1 $(PYTEST) -m campaign

# Keeps every pin that still fits pyproject.toml; `make lock UPGRADE=--upgrade` raises them all.
lock: $(READY)
	$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url \
		--no-emit-find-links --custom-compile-command "make lock" --extra postgres --group dev $(UPGRADE) \
		--output-file requirements.lock pyproject.toml

clean:
	rm -rf .venv .hypothesis .import_linter_cache .mypy_cache .pytest_cache .ruff_cache build dist
	find api ledger projections tests -name __pycache__ -prune -exec rm -rf {} +

# The stamp comes last, so that an interrupted set-up is taken up again. Everything comes from the lock, ready-built:
# nothing is compiled, so nothing is fetched that has no hash there.
$(READY): requirements.lock pyproject.toml .ci/setup
	@PYTHON="$(PYTHON)" .ci/setup venv
	@echo "Installing into .venv what requirements.lock names"
	@$(PIP) install --require-hashes --only-binary :all: --requirement requirements.lock
	@$(PIP) install --no-deps --no-build-isolation --editable .
	@touch $@
