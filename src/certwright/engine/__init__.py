"""Wakes what is due and runs it. The only room that imports dbos, and only where a worker runs."""
