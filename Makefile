# make run   activate a virtual key, end to end
# make test  everything that must hold, installing what it needs
# make help  the other words
.DEFAULT_GOAL := help
.PHONY: help run test check format packages test-host test-lab fuzz bench clean
PYTHON ?= python3
BIN := .venv/bin
SECONDS ?= 60
ROOMS := protocol emulator harness fixtures

help: ## what make can do
	@sed -n 's/^\([a-z-]*\):.*## /\1\t/p' $(MAKEFILE_LIST) | expand -t 12

# Both stamps hang on pyproject.toml alone: an editable install follows the source by itself.
.venv/run.stamp: pyproject.toml
	@test -x $(BIN)/python || $(PYTHON) -m venv .venv
	@echo "Installing hideez-bench into .venv (once) ..."
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable .
	@touch $@

.venv/dev.stamp: pyproject.toml
	@test -x $(BIN)/python || $(PYTHON) -m venv .venv
	@echo "Installing hideez-bench and its development tools into .venv (once) ..."
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[dev]'
	@touch $@ .venv/run.stamp

.venv/fuzz.stamp: .venv/dev.stamp
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[fuzz]'
	@touch $@

# The type checker sees the rooms as the one package that they are when installed.
.typing/stamp: Makefile
	@mkdir -p .typing/hideez_bench
	@for room in $(ROOMS); do ln -sfn ../../$$room .typing/hideez_bench/$$room; done
	@touch $@

run: .venv/run.stamp ## activate a virtual key end to end, then lock one with three wrong codes
	@$(BIN)/hideez-bench demo

check: .venv/dev.stamp .typing/stamp ## types, lint and format
	@$(BIN)/ruff format --check --quiet . || { echo "Not formatted: run 'make format'."; exit 1; }
	@$(BIN)/ruff check --quiet .
	@$(BIN)/mypy --no-error-summary .typing/hideez_bench tests

format: .venv/dev.stamp ## put the source into its standard form
	@$(BIN)/ruff format --quiet .
	@$(BIN)/ruff check --quiet --fix .

packages: .venv/dev.stamp ## install what the tests need of the system (Debian, as root)
	@$(BIN)/hideez-bench lab install || test "$$CI" != true
	@missing=""; \
	command -v tshark >/dev/null || missing="$$missing tshark"; \
	command -v chromium >/dev/null || missing="$$missing chromium"; \
	command -v node >/dev/null && command -v npm >/dev/null || missing="$$missing nodejs npm"; \
	ls /usr/lib/postgresql/*/bin/initdb >/dev/null 2>&1 || missing="$$missing postgresql"; \
	test -x /usr/sbin/mariadbd || missing="$$missing mariadb-server-core"; \
	test -z "$$missing" && exit; \
	echo "Installing$$missing ..."; \
	{ apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -qq -y --no-install-recommends \
	  -o DPkg::Lock::Timeout=600 $$missing; } >/dev/null 2>&1 \
	|| { echo "Not installed:$$missing; the tests that need them are left out."; test "$$CI" != true; }

test-host: .venv/dev.stamp ## the tests that need no Bluetooth
	@$(BIN)/python -m compileall -q $(ROOMS)  # for the programs that they start, where PYTHONDONTWRITEBYTECODE is set
	@$(BIN)/pytest -n auto

test-lab: .venv/dev.stamp ## the same flow on a real Linux Bluetooth stack, in a guest
	@$(BIN)/python -m hideez_bench.harness.lab.tier

test: check packages test-host test-lab ## everything that must hold

fuzz: .venv/fuzz.stamp ## search for input that breaks something, for SECONDS=60
	@$(BIN)/python -m tests.fuzz --seconds $(SECONDS)

bench: .venv/dev.stamp ## how fast things are, side by side
	@nice $(BIN)/python -m tests.bench

clean: ## remove what make made here
	@rm -rf .venv .typing build dist .mypy_cache .ruff_cache .pytest_cache .hypothesis *.egg-info
