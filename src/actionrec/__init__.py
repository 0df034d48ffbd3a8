"""actionrec: from a folder of action videos to trained, compared models and a report."""

import os

# Stages inherit the environment of whatever shell (or queue worker) started them, so silence is
# asked for here, before any of these libraries can be imported.
os.environ.setdefault("MLFLOW_DISABLE_TELEMETRY", "true")
os.environ.setdefault("MLFLOW_LOGGING_LEVEL", "WARNING")
os.environ.setdefault("DVC_NO_ANALYTICS", "1")
