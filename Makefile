# Two commands do everything on a machine that has Python (3.11 or later) and make: `make demo` and `make test`.
PYTHON ?= python3
# Tests run in so many processes; each needs about 2 GB.
PROCESSES ?= 2
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready
DEMO := demo-section

.PHONY: docs docs-outputs notebooks check-notebooks
.PHONY: demo test lint types check sample verify-stats services truth bench constraints clean
BENCH := build/bench
REAL ?=
TRUTH ?=

demo: $(READY)
	@$(BIN)/streamline demo --output $(DEMO)

test: $(READY)
	$(BIN)/python -m pytest -n $(PROCESSES) --dist loadfile

lint: $(READY)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: $(READY)
	$(BIN)/mypy

check: lint types test

# The documentation as a site, in build/site.
docs: $(READY)
	NO_MKDOCS_2_WARNING=1 $(BIN)/python -m mkdocs build --strict --quiet
	@echo "The documentation is in build/site/index.html"

# The outputs that pages show, anew from what their code gives.
docs-outputs: $(READY)
	$(BIN)/python tests/page_examples.py docs/tutorial/*.md docs/how-to/*.md

# The notebooks from their text, with outputs; and whether they run, as CI does it.
notebooks: $(READY)
	$(BIN)/python scripts/documentation/notebooks.py notebooks/[0-9]_*.py

check-notebooks: $(READY)
	$(BIN)/python -m pytest -o addopts= --nbmake --nbmake-timeout=600 notebooks/

# The sample agency again, byte for byte, from its seed.
sample: $(READY)
	$(BIN)/python sample_logs/generate.py

# How often the intervals hold the truth: 2,000 samples a row, some minutes.
verify-stats: $(READY)
	$(BIN)/python scripts/verify_stats.py > docs/verification/intervals.md
	$(BIN)/python scripts/verify_rates.py > docs/verification/rates.md

# Three services of our own whose true effects are known (tests/services/README.md), 100 runs of each scenario: twenty minutes.
services: $(READY)
	for s in benefits licences claims; do $(BIN)/python -m tests.services $$s build/truth/$$s --repetitions 100 --processes 2; done

# Estimates beside the truth; TRUTH names more folders with records, a study and truth.json.
truth: $(READY) services
	$(BIN)/python scripts/truth.py $(TRUTH) build/truth/benefits build/truth/licences build/truth/claims

# This library and its peers on the same files, each run in its own process: about half an hour. Generated logs of up to
# 100 million events (2 GB) go to build/bench-data; REAL names XES files to read too.
bench: $(READY)
	$(PYTHON) -m venv $(BENCH)
	$(BENCH)/bin/python -m pip install --quiet --disable-pip-version-check -e ".[bench]"
	$(BENCH)/bin/python benchmarks/run.py --date "$$(date +%F)" --data build/bench-data --real $(REAL)
	$(BENCH)/bin/python benchmarks/waiting.py
	$(BENCH)/bin/python benchmarks/contacts.py
	$(BENCH)/bin/python benchmarks/queues.py --date "$$(date +%F)" $(if $(PROSIMOS),--prosimos $(PROSIMOS))

# The environment: exact versions with hashes, then this project itself.
$(READY): constraints.txt pyproject.toml scripts/peer-requirements.txt
	@$(PYTHON) -c 'import sys; sys.exit(0 if sys.version_info >= (3, 11) else "streamline needs Python 3.11 or later; this is " + sys.version.split()[0] + ". Name another with: make PYTHON=python3.11 demo")'
	@echo "Setting up $(VENV) (once; a few minutes)" >&2
	@$(PYTHON) -m venv $(VENV)
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r constraints.txt
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --require-hashes -r scripts/peer-requirements.txt
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $(READY)

# Versions and hashes anew, without any address.
constraints:
	@$(PYTHON) -m venv build/pin && build/pin/bin/python -m pip install --quiet uv
	@build/pin/bin/uv pip compile pyproject.toml scripts/build-requirements.in --extra test --universal --python-version 3.11 \
	  --generate-hashes --no-header --no-annotate --no-emit-index-url --no-emit-find-links --quiet -o constraints.txt

clean:
	rm -rf $(VENV) build $(DEMO)
