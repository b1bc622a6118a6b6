# Everything runs in .venv, which `setup` makes; nothing has to be activated.
SHELL := bash
.SHELLFLAGS := -eu -o pipefail -c
.DELETE_ON_ERROR:
.DEFAULT_GOAL := help
.PHONY: help setup book test lint types reproduce bench clean

# Python 3.11 or 3.12: the first of these that is one and can make environments. Another one:
# make setup PYTHON=/path/to/python3.12
PYTHON ?= python3.11 python3.12 python3
USABLE := import ensurepip, sys, venv; sys.exit(not (3, 11) <= sys.version_info < (3, 13))

RUN := .venv/bin/python -m
LIVE := runs/live

help: ## This list
	@sed -n 's/^\([a-z]*\):.*## /\1|/p' Makefile | while IFS='|' read -r name what; do \
		printf 'make %-10s %s\n' "$$name" "$$what"; done

setup: .venv/.ready ## Make .venv with the pinned versions (nothing to do if it is up to date)

# The stamp is written last, so an install that was cut off is taken up again.
.venv/.ready: pyproject.toml constraints.txt
	@if ! .venv/bin/python -c '$(USABLE)' 2>/dev/null; then \
		for python in $(PYTHON); do \
			if "$$python" -c '$(USABLE)' 2>/dev/null; then \
				echo "making .venv with $$("$$python" --version)"; \
				exec "$$python" -m venv --clear .venv; \
			fi; \
		done; \
		echo "No Python 3.11 or 3.12 with its venv module among: $(PYTHON)." >&2; \
		echo "Install one, or name it: make setup PYTHON=/path/to/python3.12" >&2; \
		exit 1; \
	fi
	$(RUN) pip install --disable-pip-version-check -e '.[notebooks,book,test,workflow]' -c constraints.txt
	@touch $@

book: setup ## Find one ticket live, build the book from it and from the recorded tables
	@rm -rf $(LIVE) && mkdir -p $(LIVE)  # a ticket left from last time would not be a live one
	$(RUN) papermill notebooks/prune.ipynb $(LIVE)/prune-ur-ner.ipynb \
		-p lang ur -p task ner -p scale demo -p runs_dir $(LIVE)
	.venv/bin/jupyter-book build . -W -n --keep-going --all
	@$(RUN) lnlib foroutan live

# Two processes, a file of tests to each: most tests use one core, and fixtures are a file's.
test: setup lint types ## Run every check: lint, types, then the tests with line coverage
	$(RUN) pytest -n 2 --dist loadfile --cov --cov-report=term

lint: setup
	$(RUN) ruff check .
	$(RUN) ruff format --check .

types: setup
	$(RUN) mypy

# The lock says whether another grid, or a run that a killed one has left, is at work in this folder;
# if not, Snakemake's own lock is a dead one's. GRID narrows it: make reproduce GRID="langs=ur,en".
# Only the first paper's grid is a graph of jobs; the others' trainings are short, and one process
# makes them one after another.
PAPER ?= foroutan
GRID ?= scale=demo
SNAKEMAKE := $(RUN) snakemake --snakefile workflow/Snakefile

reproduce: setup ## Measure the whole demo grid into results/PAPER/demo; goes on where it stopped
	@mkdir -p runs && exec 9>runs/.grid.lock && flock -n 9 || { \
		echo "A grid is at work here, or a run that a killed one has left: wait for it." >&2; exit 1; }; \
	if [ $(PAPER) != foroutan ]; then \
		$(RUN) lnlib $(PAPER) run $(addprefix --,$(GRID)) && \
		$(RUN) lnlib $(PAPER) record $(addprefix --,$(filter scale=%,$(GRID))); exit; fi; \
	$(SNAKEMAKE) --unlock --quiet all --config paper=$(PAPER) $(GRID) >/dev/null 2>&1 || true; \
	$(SNAKEMAKE) --profile workflow/profiles/local --config paper=$(PAPER) $(GRID)

# Real sentences: make bench BENCH="--data-dir FOLDER"
bench: setup ## Time our code beside its peers; tables into results/bench
	$(RUN) benchmarks $(BENCH)

clean: ## Remove .venv, the built book and caches; runs/ and results/ stay
	rm -rf .venv _build .pytest_cache .ruff_cache .mypy_cache .coverage *.egg-info
