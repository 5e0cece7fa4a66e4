"""Feedback, complaints and what regulators are told: intake to closing (A10, F6, H1-H5, H8, H9)."""
