"""The stories, each a list of small steps that may be run again at any time without harm. No I/O of its own."""
