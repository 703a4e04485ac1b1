# Everything installs what it needs (scripts/setup.sh) on a fresh Debian 12 or 13, as root, and can be run again.
.PHONY: help setup demo test test-unit test-long lint native images clean clean-lacre
.DEFAULT_GOAL := help

PYTHON := .venv/bin/python
PYTEST := $(PYTHON) -m pytest
export DOCKER_BUILDKIT := 0

help:
	@echo 'make demo         seal the three-service project in demo/'
	@echo 'make test         unit tests and the integration tests that take minutes at most'
	@echo 'make test-long    the rest: all servers, all engines, the virtual machine'
	@echo 'make test-unit    unit tests alone: no engine, not root'
	@echo 'make lint         ruff and mypy'
	@echo 'make setup        only install what is needed'
	@echo 'make native       only build the sensor'
	@echo 'make clean-lacre  remove what a killed run of lacre left in the engine'

setup:
	@scripts/setup.sh

native:
	@$(MAKE) --no-print-directory -C src/lacre/native

images:
	@$(PYTHON) scripts/images.py $(NAMES)

demo: setup
	@$(PYTHON) scripts/images.py demo
	cd demo && ../.venv/bin/lacre seal -f compose.yaml --exercise 'sh smoke.sh' --output sealed

test:
	@scripts/setup.sh tests grounds
	$(PYTEST) -m 'not long' $(ARGS)

test-long:
	@scripts/setup.sh tests grounds
	$(PYTEST) -m long $(ARGS)

test-unit:
	$(PYTEST) tests/unit $(ARGS)

lint:
	.venv/bin/ruff check .
	.venv/bin/ruff format --check .
	.venv/bin/mypy

clean-lacre:
	.venv/bin/lacre clean

clean:
	rm -rf .venv build dist .mypy_cache .ruff_cache .pytest_cache .hypothesis demo/sealed
	-$(MAKE) --no-print-directory -C src/lacre/native clean
