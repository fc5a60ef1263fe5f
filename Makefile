# make run         set up, show a few sample stories, start the service on loopback
# make test        set up everything, run all tests
# make test-spark  the Spark recipe on a local Spark: fetches PySpark (some 400 MB), needs Java
# make check       lint, import contracts, and an audit of the pinned packages (needs the internet)
# make bench       how fast it reads, where the time goes, beside other ways; writes tests/bench/report.md
# make bench-backlog  half a million stories, killed and resumed (half an hour); writes tests/bench/backlog.md
# make bench-load  how the service bears a crowd, beside a plain one; writes tests/bench/load.md
# make screenshot  the picture of the console that README.md shows
PYTHON ?= python3
PORT ?= 8000
BIN := .venv/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check
# torch is installed on its own first: its pinned version may lie at hand as a small CPU wheel.
TORCH := $(shell sed -n 's/^torch==\([0-9.]*\).*/\1/p' constraints.txt)

.PHONY: run test setup setup-dev samples serve check bench bench-backlog bench-load screenshot constraints train evaluate clean

run: setup samples serve

samples:
	@for story in data/samples/*.txt; do \
		echo "== $$story"; $(BIN)/complaint-context classify --file $$story --brief; echo; done

serve:
	$(BIN)/complaint-context serve --port $(PORT)

test: setup-dev .venv/debian.stamp
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/lint-imports
	$(BIN)/python -m pytest --numprocesses 2 --dist loadfile

test-spark: setup-dev
	$(PYTHON) -m venv build/spark
	build/spark/bin/python -m pip --disable-pip-version-check install --quiet --progress-bar off pyspark==4.3.0
	PYTHONPATH=$(CURDIR):$$(echo $(CURDIR)/.venv/lib/python3*/site-packages) build/spark/bin/python -m pytest tests/end_to_end/test_spark.py

# Beside the linters: known weaknesses in the pinned packages. Not part of `test`, as it asks an advisory source,
# which not every machine can reach; then it fails, since nothing was checked.
check: setup-dev build/audit/bin/pip-audit
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/lint-imports
	@build/audit/bin/pip-audit --strict --disable-pip --no-deps --requirement constraints.txt \
		|| { echo "make check: FAILED. A pinned package has a known weakness, or the advisory source could not be" \
			"asked; the lines above say which. Renew the pins (make constraints), or run it with internet." >&2; exit 1; }

build/audit/bin/pip-audit:
	$(PYTHON) -m venv build/audit
	build/audit/bin/python -m pip --disable-pip-version-check install --quiet --progress-bar off pip-audit

setup: .venv/serve.stamp

setup-dev: .venv/dev.stamp

.venv/bin/python:
	$(PYTHON) -m venv .venv || { rm -rf .venv; echo "make: no environment could be made. Install python3-venv" \
		"(Debian), then run make again." >&2; exit 1; }

.venv/serve.stamp: .venv/bin/python pyproject.toml constraints.txt
	$(PIP) install --quiet --progress-bar off --constraint constraints.txt --editable '.[serve]'
	@touch $@

.venv/dev.stamp: .venv/bin/python pyproject.toml constraints.txt
	$(PIP) install --quiet --progress-bar off torch==$(TORCH)
	$(PIP) install --quiet --progress-bar off --constraint constraints.txt --editable '.[serve,train,ray,dev]'
	@touch $@ .venv/serve.stamp

.venv/debian.stamp: .venv/bin/python tests/install_debian_packages.sh
	tests/install_debian_packages.sh
	@touch $@

# Renews the pins: newest versions that fit pyproject.toml, in a fresh environment.
constraints:
	rm -rf build/pins && $(PYTHON) -m venv build/pins
	build/pins/bin/python -m pip install --quiet torch==$(TORCH)
	build/pins/bin/python -m pip install --quiet --editable '.[serve,train,ray,dev]'
	build/pins/bin/python -m pip freeze --exclude-editable | sed 's/+cpu$$//' > constraints.txt

train: setup-dev
	$(BIN)/complaint-context train models/complaint-context --work runs/release \
		--behaviour tests/behavioural/cases.jsonl

evaluate: setup-dev
	$(BIN)/complaint-context evaluate

bench: setup-dev
	$(BIN)/python tests/bench/speed.py $(if $(COMMENTS),--comments $(COMMENTS))

bench-backlog: setup-dev
	$(BIN)/python tests/bench/backlog.py

bench-load: setup-dev
	$(BIN)/python tests/bench/load.py

screenshot: setup-dev .venv/debian.stamp
	$(BIN)/python tests/end_to_end/screenshot.py

clean:
	rm -rf .venv build *.egg-info
