"""Years of an installation in seconds: its clock and the sandbox's are moved together, to whatever is due next."""
