"""The pipeline's doors in the admin."""

from pipeline.admin import imports

__all__ = ["imports"]
