"""All of our Airflow code outside `dags/`: the timetable, the unit's task, the approval, and what DAG files share."""
