"""Tables of the pipeline."""

from pipeline.models.event import ProductEvent
from pipeline.models.export import ExportState, ProductExport
from pipeline.models.product import Product
from pipeline.models.spreadsheet import ImportState, PlannedAction, ProductImport, ProductImportRow

__all__ = [
    "ExportState",
    "ImportState",
    "PlannedAction",
    "Product",
    "ProductEvent",
    "ProductExport",
    "ProductImport",
    "ProductImportRow",
]
