"""How long Airflow's processes wait for each other's writes in the embedded default; Airflow imports it by its path."""

import os

PROCESS = "DINHKY_AIRFLOW_PROCESS"
"""The environment variable that tells a process of the service which one it is."""
PATIENCE = 60.0
"""Seconds. With Python's 5 a burst of a hundred rounds that open on one morning can end the triggerer."""
PATIENCE_OF_THE_API_SERVER = 15.0
"""Seconds. It notes who presses what on the very thread on which other requests would commit: while that waits for
them, they wait for it, and nothing moves until it gives up. Whoever asked, asks again."""
_is_api_server = os.environ.get(PROCESS) == "api-server"

CONNECT_ARGS = {"timeout": PATIENCE_OF_THE_API_SERVER if _is_api_server else PATIENCE}
