# Two commands matter: `make run` and `make test`. Each makes its own environment and installs what it needs.

PYTHON ?= python3
SERVE  := .venv
TEST   := .venv-test
BENCH  := .venv-bench
WHEELHOUSE ?= wheelhouse

COMPILE := --quiet --universal --python-version 3.11 --no-emit-index-url --no-annotate \
           --custom-compile-command 'make requirements'

.PHONY: run test check bench torture fuzz audit screenshots requirements wheelhouse clean

run: $(SERVE)/installed  ## the page and the API on http://127.0.0.1:8000/
	$(SERVE)/bin/hematovision serve

test: $(TEST)/installed check  ## everything: unit, API, integration, and end to end in Chromium
	PYTHONHASHSEED=0 OPENBLAS_NUM_THREADS=1 \
	    $(TEST)/bin/python -m pytest --numprocesses auto --maxprocesses 4 --dist loadfile --no-loadscope-reorder

check: $(TEST)/installed  ## style and types
	$(TEST)/bin/ruff check .
	$(TEST)/bin/ruff format --check .
	$(TEST)/bin/mypy
	MYPYPATH=backend:tests $(TEST)/bin/mypy --config-file= --ignore-missing-imports --follow-imports=silent tests/bench

bench: $(BENCH)/installed  ## speed and memory against the usual way and other engines, what recording costs, and batches
	$(BENCH)/bin/python tests/bench/classify.py
	$(BENCH)/bin/python tests/bench/against.py
	PYTHONPATH=tests $(BENCH)/bin/python tests/bench/records.py
	$(BENCH)/bin/python tests/bench/batch.py

torture: $(TEST)/installed  ## the full forms: killed a hundred times, 64 clients, what breaks under them; the images' own steps
	KILLS=100 $(TEST)/bin/python -m pytest -q -s tests/integration/test_killed.py
	TORTURE=1 $(TEST)/bin/python -m pytest -q -s tests/integration/test_load.py tests/integration/test_clock.py \
	    tests/integration/test_contract_with_login.py tests/integration/test_other_cpus.py
	CLIENTS=64 $(TEST)/bin/python -m pytest -q -s -k without_a_failed_request tests/integration/test_nginx.py \
	    tests/integration/test_swap.py
	REHEARSE=1 $(TEST)/bin/python -m pytest -q -s tests/integration/test_deployment.py

FUZZ ?= 600
fuzz: $(TEST)/installed  ## real files, spoiled by chance, to decode and to the running service, for FUZZ seconds
	FUZZ=$(FUZZ) $(TEST)/bin/python -m pytest -q -s tests/integration/test_fuzz.py

audit: $(TEST)/installed  ## known holes in what is installed, where PyPI's advisories can be asked
	$(TEST)/bin/uv tool run pip-audit --strict --disable-pip --no-deps \
	    $(addprefix --requirement ,$(wildcard requirements*.txt))

screenshots: $(TEST)/installed  ## README's picture of the page, with drawn cells on it
	PYTHONPATH=tests $(TEST)/bin/python tests/e2e/screenshots.py tests/e2e/screenshots

requirements: $(TEST)/installed  ## requirements*.txt from pyproject.toml
	$(TEST)/bin/uv pip compile $(COMPILE) --output-file requirements.txt pyproject.toml
	$(TEST)/bin/uv pip compile $(COMPILE) --output-file requirements-train.txt --extra train \
	    --constraint requirements.txt pyproject.toml
	$(TEST)/bin/uv pip compile $(COMPILE) --output-file requirements-batch.txt --extra batch \
	    --constraint requirements-train.txt pyproject.toml

wheelhouse:  ## all that serving installs, to carry to a machine without a network (deploy/OPERATING.md)
	$(PYTHON) -m pip wheel --quiet --wheel-dir $(WHEELHOUSE) --requirement requirements.txt .

clean:
	rm -rf $(SERVE) $(TEST) $(BENCH) build dist wheelhouse

$(SERVE)/installed: pyproject.toml requirements-batch.txt
	$(PYTHON) -m venv $(SERVE)
	$(SERVE)/bin/pip install --quiet --requirement requirements-batch.txt --editable '.[batch]'
	touch $@

$(TEST)/installed: pyproject.toml requirements-train.txt requirements-batch.txt
	$(PYTHON) -m venv $(TEST)
	$(TEST)/bin/pip install --quiet --requirement requirements-train.txt --requirement requirements-batch.txt \
	    --editable '.[train,batch,test]'
	touch $@

$(BENCH)/installed: pyproject.toml requirements-train.txt requirements-batch.txt
	$(PYTHON) -m venv $(BENCH)
	$(BENCH)/bin/pip install --quiet --requirement requirements-train.txt --requirement requirements-batch.txt \
	    --editable '.[train,batch,test,bench]'
	touch $@
