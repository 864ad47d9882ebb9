"""Sectigo's reseller interface. ``Sectigo`` is the adapter; it works alone, as a library."""

from certwright.cas.sectigo.adapter import Sectigo

ADAPTER = Sectigo

__all__ = ["ADAPTER", "Sectigo"]
