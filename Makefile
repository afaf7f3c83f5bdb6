# make demo   the main job, end to end and small (about six minutes on two cores)
# make test   every check: formatting, lint, types, import rules, all tests
# make check  the quick loop: the same without the slow tests
# make setup  only the environment, in .venv

SHELL := /bin/bash
PYTHON ?= $(shell command -v python3.11 || command -v python3.12 || command -v python3)
BIN := .venv/bin
READY := .venv/.ready-$(shell cat pyproject.toml constraints.txt constraints-sam2.txt Makefile | sha256sum | cut -c1-16)
PIP := $(BIN)/python -m pip --disable-pip-version-check --quiet install --constraint constraints.txt
export SAM2_BUILD_CUDA ?= 0

.PHONY: demo test check setup format lint clean
.DELETE_ON_ERROR:

demo: setup
	@$(BIN)/heroprop demo

test: setup lint
	$(BIN)/python -m pytest -n 2 --dist worksteal

check: setup lint
	$(BIN)/python -m pytest -n 2 --dist worksteal -m "not slow"

lint: setup
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

format: setup
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

setup: $(READY)

# The stamp is made last, so that an interrupted set-up is taken up again, and a finished one is not repeated.
# torch before sam2: sam2 is a source package that needs torch to build, and would fetch a second one for itself.
$(READY):
	@test -n "$(PYTHON)" || { echo "error: no Python found; install Python 3.11" >&2; exit 2; }
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info[:2] != (3, 11))' || { echo "error: $(PYTHON) is $$($(PYTHON) -V); heroprop's whole set needs Python 3.11 (Blender's module exists for that one): make PYTHON=/path/to/python3.11" >&2; exit 2; }
	@$(BIN)/python -c 'import pip' 2>/dev/null || $(PYTHON) -m venv --clear .venv || { echo "error: no virtual environment could be made; on Debian: apt-get install -y python3.11-venv" >&2; exit 2; }
	@echo "setting up .venv (a few minutes and about 6 GB the first time)" >&2
	@$(PIP) pip setuptools wheel
	@$(PIP) torch torchvision numpy
	@$(PIP) hydra-core iopath pillow tqdm
	@$(BIN)/python -m pip --disable-pip-version-check --quiet install --no-build-isolation --no-deps --require-hashes -r constraints-sam2.txt
	@$(PIP) --editable '.[all,dev]'
	@$(BIN)/python -m blender_scenes.system
	@rm -f .venv/.ready-*
	@touch $@

clean:
	rm -rf .venv demo
