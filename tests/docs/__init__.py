"""The documents: their commands are run, their links followed, their generated parts compared."""
