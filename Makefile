# make test PYTHON=python3.13   uses another interpreter, in an environment of its own.

PYTHON ?= python3
VERSION := $(shell $(PYTHON) -c 'import sys; print("%d.%d" % sys.version_info[:2])')
VENV := .venv$(if $(filter-out python3,$(PYTHON)),-$(VERSION))
RUN := $(VENV)/bin/python

.PHONY: demo test test-slow lint bench clean
.DELETE_ON_ERROR:

demo: $(VENV)/with-plot,progress
	$(RUN) examples/03_word_embeddings.py

test: $(VENV)/with-test
	$(RUN) -m pytest -n 2 -m "not slow"

test-slow: $(VENV)/with-test
	$(RUN) -m pytest -n 2 -m slow

lint: $(VENV)/with-lint
	$(RUN) -m ruff check .
	$(RUN) -m ruff format --check .

# One process, so that the measurements do not disturb each other.
bench: $(VENV)/with-test
	$(RUN) -m pytest -s tests/benchmarks -o python_files='bench_*.py'

clean:
	rm -rf .venv* build dist *.egg-info .pytest_cache .ruff_cache .hypothesis
	find symgrad tests examples -name __pycache__ -prune -exec rm -rf {} +

# A stamp for each set of extras, so that pip runs again only when setup.cfg changed.
$(VENV)/with-%: setup.cfg pyproject.toml $(VENV)/python-$(VERSION)
	$(RUN) -m pip install --quiet --disable-pip-version-check --editable '.[$*]'
	@touch $@

# The name holds the version: when $(PYTHON) becomes another version, the environment is made anew.
$(VENV)/python-$(VERSION):
	$(PYTHON) -m venv --clear $(VENV)
	@touch $@
