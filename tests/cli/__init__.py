"""What an operator does, with the program as it is, against the sandbox over real HTTP."""
