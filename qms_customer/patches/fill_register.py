"""D5: the register has an entry for each contract that was reviewed or adopted before there was one."""

from qms_customer.contract import register_job


def execute() -> None:
	"""Make what is missing, batch by batch; who is interrupted goes on where it stopped."""
	register_job.catch_up()
