"""Real processes killed at every boundary; the ledger of the sandbox judges."""
