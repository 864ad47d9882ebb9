"""The Django app of the store."""

from __future__ import annotations

from django.apps import AppConfig


class StoreConfig(AppConfig):
    """Names the app ``store``."""

    name = "certwright.store"
    label = "store"
