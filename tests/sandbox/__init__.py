"""Tests of the sandbox over real HTTP: its wire against the CA's documents, its faults, its memory."""
