# Everything a newcomer needs: `make serve` and `make test`. Both set up what they need and may be repeated.

PYTHON ?= $(shell command -v python3.11 || command -v python3)
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check --quiet
PORT ?= 8000

.PHONY: serve test check faults screenshots wheel lock clean

serve: $(VENV)/.run
	$(BIN)/oer serve --port $(PORT)

# On all cores, but for the fault runs: they kill and measure, and want the machine to themselves.
test: $(VENV)/.dev
	$(BIN)/python -m pytest -n logical --dist loadfile --ignore tests/faults
	$(BIN)/python -m pytest tests/faults

check: $(VENV)/.dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

faults: $(VENV)/.dev
	OER_FULL_COUNTS=1 $(BIN)/python -m pytest tests/faults --timeout 3600
	OER_FULL_COUNTS=1 $(BIN)/python -m pytest tests/harvest tests/metadata tests/storage \
	  tests/flows/test_harvesters.py tests/oer/test_search_grammar.py --timeout 3600

# Every page of the demonstration, in ar and fr, wide and narrow, light and dark, into a folder that is not kept.
screenshots: $(VENV)/.dev
	$(BIN)/python tests/screenshots.py screenshots

wheel: $(VENV)/.dev
	$(BIN)/python -m build --no-isolation --wheel

# Needs uv; everybody else installs from the files it writes.
lock:
	uv pip compile --python 3.11 --generate-hashes --no-header --quiet pyproject.toml --group build -o requirements/run.txt
	uv pip compile --python 3.11 --generate-hashes --no-header --quiet pyproject.toml --group dev -c requirements/run.txt -o requirements/dev.txt

clean:
	rm -rf $(VENV) dist build .mypy_cache .ruff_cache .pytest_cache .import_linter_cache

# A virtual environment even where the venv module came without pip (Debian splits them).
$(VENV)/bin/python:
	$(PYTHON) -m venv $(VENV) 2>/dev/null || { $(PYTHON) -m venv --without-pip $(VENV) \
		&& $(PYTHON) -m pip --python $(VENV)/bin/python install --quiet pip; }

$(VENV)/.run: requirements/run.txt pyproject.toml | $(VENV)/bin/python
	$(PIP) install --require-hashes --no-deps -r requirements/run.txt
	$(PIP) install --no-deps --no-build-isolation --editable .
	touch $@

$(VENV)/.dev: requirements/dev.txt pyproject.toml | $(VENV)/bin/python
	$(PIP) install --require-hashes --no-deps -r requirements/dev.txt
	$(PIP) install --no-deps --no-build-isolation --editable .
	touch $@ $(VENV)/.run
