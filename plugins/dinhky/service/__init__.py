"""The service on one machine: Airflow's four processes with embedded defaults, and the demonstration on top of it."""
