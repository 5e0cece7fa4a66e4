"""Replay of past orders without an ERP: `qms-customer replay ORDERS`. Nothing here imports frappe."""


class Unusable(Exception):
	"""What was given cannot be used: `message` is marked for translation and takes `args`.

	`usage` says that the call is wrong, and not what a file holds.
	"""

	def __init__(self, message: str, *args: str, usage: bool = False) -> None:
		super().__init__(message, *args)
		self.message = message
		self.args = args
		self.usage = usage

	def __str__(self) -> str:
		return self.message.format(*self.args)
