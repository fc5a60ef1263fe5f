"""A bundle as an MLflow model of the kind that MLflow serves, scores with and hands to Spark ("pyfunc").

save                     writes the model's folder
complaint_context_model  what MLflow runs there; a copy of it stands in each such folder
"""
