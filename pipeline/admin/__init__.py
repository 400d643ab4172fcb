"""The pipeline's doors in the admin."""

from pipeline.admin import exports, imports, products

__all__ = ["exports", "imports", "products"]
