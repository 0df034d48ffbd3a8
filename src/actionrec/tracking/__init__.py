"""The MLflow record: curves while a model trains, and the rest when all is done."""
