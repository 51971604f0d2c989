# make run    everything, on http://127.0.0.1:8000 (make run PORT=9000)
# make test   everything that must hold; make help lists the rest
PYTHON ?= python3
PORT ?= 8000
export PORT

.PHONY: help run test lint types mutants bench screenshots demo lock translations clean

help:  ## this list
	@grep -hE '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 16

run:  ## environment, database, demo data, web server, worker and beat under one parent
	@exec $(PYTHON) scripts/run.py

test:  ## lint, types, contracts, migrations, tests on SQLite and PostgreSQL, browser journeys
	@exec $(PYTHON) scripts/test.py

lint:  ## ruff, djlint, types and import contracts only
	@exec $(PYTHON) scripts/test.py lint format templates types contracts migrations

mutants:  ## for each verb: do its tests fail when it does nothing? (make mutants ONLY=tickets)
	@exec $(PYTHON) scripts/in_venv.py dev scripts/mutants.py $(ONLY)

bench:  ## measure pages, API and search over HTTP on PostgreSQL; writes docs/performance.md
	@exec $(PYTHON) scripts/in_venv.py dev -m bench $(ARGS)

screenshots:  ## pictures of the main screens into docs/images/
	@exec $(PYTHON) scripts/in_venv.py dev scripts/screenshots.py

demo:  ## fill the database with demo data
	@exec $(PYTHON) scripts/in_venv.py base manage.py prepare --demo

translations:  ## bring the .po up to date with the source, and compile it
	@$(PYTHON) scripts/in_venv.py base manage.py make_translations
	@exec $(PYTHON) scripts/in_venv.py base manage.py compile_translations

lock:  ## write requirements/*.txt from the .in files, with hashes
	@for name in base dev prod; do \
	    uv pip compile --quiet --generate-hashes --no-emit-index-url --no-header \
	        --no-annotate requirements/$$name.in -o requirements/$$name.txt || exit 1; done

clean:  ## forget the environment and this checkout's data
	rm -rf .venv var .pytest_cache .mypy_cache .ruff_cache .hypothesis
