"""Django's PostgreSQL backend, which starts the embedded server when something first connects."""
