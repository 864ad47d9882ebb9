"""``python -m benchmarks NAME``: progress on standard error, one JSON object as the last line of standard output."""

from __future__ import annotations

import argparse
import importlib
import json
import os
import platform
import sys
from pathlib import Path

# what the benchmarks are made of, and no benchmarks themselves
PARTS = {
    "__init__", "__main__", "certificates", "estate", "estate_words", "inventory_bare", "inventory_parts",
    "inventory_queries", "play", "postgresql", "stock",
}  # fmt: skip
NAMES = sorted({path.stem for path in Path(__file__).parent.glob("*.py")} - PARTS)


def main() -> None:
    """Run one benchmark."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks")
    parser.add_argument("name", choices=NAMES)
    name, rest = parser.parse_args(sys.argv[1:2]), sys.argv[2:]
    module = importlib.import_module(f"benchmarks.{name.name}")
    options = argparse.ArgumentParser(prog=f"python -m benchmarks {name.name}")
    if hasattr(module, "arguments"):
        module.arguments(options)
    figures = module.run(**vars(options.parse_args(rest)))
    machine = {"python": platform.python_version(), "cpus": os.cpu_count(), "machine": platform.machine()}
    print(json.dumps({"benchmark": name.name, **figures, **machine}))


if __name__ == "__main__":
    main()
