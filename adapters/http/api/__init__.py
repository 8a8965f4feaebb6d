"""The API under `/api/ocpp`: a file for each noun, and `routes.py`, the one table of all routes."""
