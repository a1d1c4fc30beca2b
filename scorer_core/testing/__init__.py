"""Contract suites for who implements a port: subclass one, give it its fixtures, run pytest."""
