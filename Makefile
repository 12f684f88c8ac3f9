# `make check` is what CI runs. Each target is one command of CONTRIBUTING.md.
.PHONY: check setup format lint tree types contracts tests pins catalog bench bench-training matrix exports kills applications

check: setup lint types contracts tests

# Compiled once here: TensorFlow takes 5 s to import with bytecode and 16 s without, and the tests start many processes.
setup:
	uv sync --quiet --compile-bytecode

format:
	uv run ruff format .
	uv run ruff check --fix .

lint:
	uv run ruff format --check .
	uv run ruff check .

# The wheel, unpacked: what is type-checked is what ships.
tree:
	rm -rf build dist
	uv build --quiet
	uv run python -m zipfile -e dist/*.whl build/tree

types: tree
	uv run mypy build/tree/kerastui tests benchmarks

contracts: tree
	PYTHONPATH=build/tree uv run lint-imports

tests:
	uv run pytest

pins:
	uv run python .ci/pins.py

catalog:
	uv run python -m kerastui.engine.catalog.introspect assets/catalog.json

bench:
	uv run python benchmarks/startup.py
	uv run python benchmarks/canvas.py
	uv run python benchmarks/builder.py
	uv run python benchmarks/plot.py

# 20 minutes on two quiet cores: docs/performance.md.
bench-training:
	uv run --group benchmarks python -m benchmarks.training
	uv run --group benchmarks python -m benchmarks.memory

matrix:
	uv run python -m tests.matrix

# The app is killed a hundred times while somebody edits: at most one edit may be lost.
kills:
	uv run python -m tests.kills

# Each kind of model in each format, run without Keras: the largest error.
exports:
	uv run python benchmarks/exports.py

# Every model of keras.applications becomes a project, and the project the same model: ten minutes.
applications:
	uv run python -m tests.applications
