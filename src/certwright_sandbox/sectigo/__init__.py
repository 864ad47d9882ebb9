"""Sectigo's reseller APIs as the sandbox plays them.

Written from Sectigo's documentation and the habits of its known clients alone; it shares nothing with the
product. Comments cite the sections of the notes kept beside the project as `sectigo.md`.
"""
