"""The use cases: what the DAGs, the command line and (later) the board call. They see adapters only through `ports`."""
