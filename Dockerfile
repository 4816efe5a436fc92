# The image of every Định Kỳ process: Airflow's own, with our pinned packages and our code on top.
FROM apache/airflow:3.3.2-python3.11

# A new volume takes its owner from the folder that it is mounted on.
USER root
RUN install --directory --owner airflow --group 0 /var/lib/dinhky
USER airflow

COPY requirements.txt pyproject.toml /opt/dinhky/
RUN pip install --no-cache-dir --requirement /opt/dinhky/requirements.txt
COPY --chown=airflow:0 plugins /opt/dinhky/plugins
COPY --chown=airflow:0 dags /opt/dinhky/dags
COPY --chown=airflow:0 include /opt/dinhky/include
COPY README.md /opt/dinhky/
RUN pip install --no-cache-dir --no-deps --editable /opt/dinhky
