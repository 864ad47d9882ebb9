"""The inventory with a million certificates: import, sync, lists, search, figures; beside each the least it takes."""

from __future__ import annotations

import argparse
import multiprocessing
import os
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from benchmarks import certificates, inventory_bare, inventory_parts, inventory_queries, play, postgresql
from benchmarks.estate import Estate

_CHANGED = 100_000
Figures = dict[str, Any]


def arguments(parser: argparse.ArgumentParser) -> None:
    """Options."""
    parser.add_argument("--rows", type=int, default=1_000_000, help="certificates (default 1000000)")
    parser.add_argument("--database", choices=("sqlite", "postgresql"), default="sqlite")
    parser.add_argument("--folder", type=Path, help="where generated certificates are kept for the next run")


def run(rows: int, database: str, folder: Path | None) -> Figures:
    """Generate, import, sync and ask; each part in a process of its own, which knows nothing of the generator."""
    with play.home() as home, own_database(database) as settings:
        play.progress(f"{rows} certificates")
        path = certificates.stored(folder or home.parent, Estate(rows))
        figures: Figures = {"rows": rows, "database": database, **settings}
        before = part("baselines", inventory_bare.bare, path, rows)
        imported = part("first import", inventory_parts.fill, path, rows)
        after = part("baselines", inventory_bare.bare, path, rows)
        figures |= {name: (before[name] + after[name]) / 2 for name in before}
        figures |= imported | {"peak_memory_mb": imported["process_peak_mb"]}
        figures["bytes_per_certificate"] = part("size", inventory_bare.size)["bytes"] / rows
        figures["der_bytes_per_certificate"] = path.stat().st_size / rows - 4
        figures |= part("one by one", inventory_parts.enrich_one_by_one, path, rows)
        part("accounts, owners, tags", inventory_parts.dress, path, rows)
        asked = part("queries", inventory_queries.browse, rows)
        figures |= asked | {"peak_memory_browsing_mb": asked["process_peak_mb"]}
        figures |= part("figures and facets", inventory_parts.overview)
        figures |= part("sync", inventory_parts.sync, path, rows, _CHANGED)
        figures |= part("looking again", inventory_parts.look_again, path, min(rows, _CHANGED))
    del figures["process_peak_mb"]
    return _with_ratios({name: rounded(value) for name, value in figures.items()})


def _with_ratios(figures: Figures) -> Figures:
    """How many times the least each takes: what can be compared between machines."""
    least = 1 / figures["baseline_parse_per_second"] + 1 / figures["baseline_insert_per_second"]
    return figures | {
        "ratio_of_import": rounded(1 / figures["import_per_second"] / least),
        "ratio_of_sync": rounded(figures["baseline_update_per_second"] / figures["sync_per_second"]),
        "ratio_of_list": rounded(figures["list_p95_ms"] / figures["baseline_page_p95_ms"]),
        "ratio_of_search": rounded(figures["search_p95_ms"] / figures["baseline_page_p95_ms"]),
        "ratio_of_count": rounded(figures["count_p95_ms"] / figures["baseline_page_p95_ms"]),
        "ratio_of_dashboard": rounded(figures["dashboard_ms"] / figures["baseline_select_p95_ms"]),
    }


def rounded(value: Any) -> Any:
    """Three significant digits, and no fractions of what is large."""
    if not isinstance(value, float):
        return value
    return float(f"{value:.3g}") if value < 100 else round(value)


def part(what: str, measured: Callable[..., Figures], *arguments: Any) -> Figures:
    """Run it in a process of its own; its figures, and that process' peak of memory."""
    play.progress(what)
    with ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("spawn")) as process:
        figures = process.submit(_measured, measured, *arguments).result()
    for name, value in figures.items():
        play.progress(f"  {name}: {rounded(value)}")
    return figures


def _measured(measured: Callable[..., Figures], *arguments: Any) -> Figures:
    figures = measured(*arguments)
    # of this program alone: ru_maxrss would be that of the one that started it, if that was larger
    status = Path("/proc/self/status").read_text()
    peak = next(line.split()[1] for line in status.splitlines() if line.startswith("VmHWM:"))
    return {**figures, "process_peak_mb": int(peak) / 1024}


@contextmanager
def own_database(database: str) -> Iterator[Figures]:
    """Have every process use that database; what of its settings an operator would change."""
    if database == "sqlite":
        os.environ.pop("CERTWRIGHT_DATABASE_URL", None)
        yield {"settings": "as the product opens it"}
        return
    with postgresql.cluster() as url:
        os.environ["CERTWRIGHT_DATABASE_URL"] = url
        try:
            yield {"settings": postgresql.SETTINGS}
        finally:
            del os.environ["CERTWRIGHT_DATABASE_URL"]
