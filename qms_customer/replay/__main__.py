"""`python -m qms_customer.replay`, where the command is not installed."""

import sys

from qms_customer.replay.cli import main

sys.exit(main())
