"""The worker: speaks HTTP with its key, knows no database."""
