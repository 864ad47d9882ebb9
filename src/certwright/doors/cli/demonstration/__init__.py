"""The chapters of ``certwright demo``."""
