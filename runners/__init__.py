"""Who may work, and the worker itself."""
