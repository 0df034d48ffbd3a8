"""How videos come in: listed (``ingest``), decoded (``extract``), screened (``screen``), divided (``split``)."""
