"""Spreadsheets: read, understood, planned, applied."""
