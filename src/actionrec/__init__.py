"""actionrec: from a folder of action videos to trained, compared models and a report."""

import os

# Stages inherit the environment of whatever shell (or queue worker) started them, so silence is
# asked for here, before any of these libraries can be imported.
os.environ.setdefault("MLFLOW_DISABLE_TELEMETRY", "true")
os.environ.setdefault("MLFLOW_LOGGING_LEVEL", "WARNING")
# A server that stops to answer costs seconds; as MLflow has it, it tries again for minutes, at every epoch.
os.environ.setdefault("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "1")
os.environ.setdefault("MLFLOW_HTTP_REQUEST_TIMEOUT", "30")
os.environ.setdefault("DVC_NO_ANALYTICS", "1")
