"""G3, G5: Quality blocks a bad batch; where the app was in use it could only read batches."""

from qms_customer.setup import permissions


def execute() -> None:
	"""Give Quality what a new site gives it. Whoever takes it back later is not overruled."""
	permissions.make()
	permissions.grant_written()
