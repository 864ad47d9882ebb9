# The menu. `just check` is what CI runs after installing the outside programs.

python := ".venv/bin/python"

# everything that must hold before a change lands
check: format-check lint types imports test

format:
    .venv/bin/ruff format src tests benchmarks
    .venv/bin/ruff check --fix src tests benchmarks

format-check:
    .venv/bin/ruff format --check src tests benchmarks

lint:
    .venv/bin/ruff check src tests benchmarks

types:
    .venv/bin/mypy

imports:
    .venv/bin/lint-imports

test *arguments:
    .venv/bin/pytest {{arguments}}

# rewrite the pages that are made from the program
docs:
    {{python}} -m tests.docs.generate

demo:
    .venv/bin/certwright demo

sandbox:
    .venv/bin/certwright-sandbox serve

benchmark name:
    {{python}} -m benchmarks {{name}}

# a new migration after a change of store/models.py
migration name:
    {{python}} -m tests.make_migration {{name}}

# what a change tells its readers: just news added "Order from a token"
news kind text:
    .venv/bin/towncrier create --content "{{text}}" +.{{kind}}.md
