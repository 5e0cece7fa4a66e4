"""Contract review, complaints and returns (ISO 13485 7.2 / 8.2) for ERPNext."""

__version__ = "0.1.0"
