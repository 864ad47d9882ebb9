"""The ways in: each parses, runs one story or one query, and renders."""
