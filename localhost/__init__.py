"""Runs any `function_app.py` as the Azure Functions host does; for development only."""
