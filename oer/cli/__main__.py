"""``python -m oer.cli``: the same as ``oer``."""

from oer.cli import main

main()
