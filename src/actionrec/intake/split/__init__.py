"""Which video trains, which selects, which tests; whole groups stay on one side."""
