"""Where the data are: DATABASE_URL(s) to settings, and the embedded server when there is none."""

from baystate.database.configuration import databases

__all__ = ["databases"]
