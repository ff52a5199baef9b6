# make test PYTHON=python3.13                      another interpreter, in an environment of its own
# make test PYTHON=python3.13 PYTENSOR='==3.2.*'   the same with another PyTensor
# make test TESTS=tests/cost                       some of the tests

PYTHON ?= python3
PYTENSOR ?=
TESTS ?= tests
VERSION := $(shell $(PYTHON) -c 'import sys; print("%d.%d" % sys.version_info[:2])')
# What tells one environment from another, without the characters that file names do not take.
PINNED := $(shell echo '$(PYTENSOR)' | tr -cd '0-9.' | sed 's/\.*$$//')
VENV := .venv$(if $(filter-out python3,$(PYTHON)),-$(VERSION))$(if $(PINNED),-pytensor-$(PINNED))
RUN := $(VENV)/bin/python

.PHONY: demo test test-slow test-mutations lint bench clean
.DELETE_ON_ERROR:

demo: $(VENV)/with-plot,progress
	$(RUN) examples/03_word_embeddings.py

test: $(VENV)/with-test
	$(RUN) -m pytest -n 2 -m "not slow and not mutation" $(TESTS)

test-slow: $(VENV)/with-test
	$(RUN) -m pytest -n 2 -m slow $(TESTS)

# Mistakes are put into copies of the package: each must turn the suite red.
test-mutations: $(VENV)/with-test
	$(RUN) -m pytest -n 2 -m mutation tests/test_mutations.py

lint: $(VENV)/with-lint
	$(RUN) -m ruff check .
	$(RUN) -m ruff format --check .
	$(VENV)/bin/lint-imports --no-logo
	$(RUN) -m mypy

# One process, so that the measurements do not disturb each other.
bench: $(VENV)/with-test
	$(RUN) -m pytest -s tests/benchmarks -o python_files='bench_*.py'

clean:
	rm -rf .venv* build dist *.egg-info .pytest_cache .ruff_cache .mypy_cache .hypothesis
	find symgrad tests examples -name __pycache__ -prune -exec rm -rf {} +

# A stamp for each set of extras, so that pip runs again only when setup.cfg changed.
$(VENV)/with-%: setup.cfg pyproject.toml $(VENV)/python-$(VERSION)
	$(RUN) -m pip install --quiet --disable-pip-version-check --editable '.[$*]' \
	    $(if $(PYTENSOR),'pytensor$(PYTENSOR)')
	@touch $@

# The name holds the version: when $(PYTHON) becomes another version, the environment is made anew.
$(VENV)/python-$(VERSION):
	$(PYTHON) -m venv --clear $(VENV)
	@touch $@
