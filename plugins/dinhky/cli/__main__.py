"""`python -m dinhky.cli`."""

import sys

from dinhky.cli import main

sys.exit(main())
