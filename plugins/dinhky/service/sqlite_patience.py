"""How long Airflow's processes wait for each other's writes in the embedded default; Airflow imports it by its path."""

CONNECT_ARGS = {"timeout": 60.0}
"""Seconds. With Python's 5 a burst of a hundred rounds that open on one morning can end the triggerer."""
