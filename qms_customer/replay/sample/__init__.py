"""A year of orders of an invented maker of medical devices, to look at a replay without data of one's own."""
