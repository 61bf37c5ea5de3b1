"""A program of the machine within bounds: ``python -I -m oer.apart.program MEMORY CPU WRITTEN PROGRAM ARGUMENT…``.

``MEMORY`` is bytes of addresses, ``CPU`` seconds of the processor, ``WRITTEN`` bytes of one file. Where the network
cannot be taken from it the program is not run.
"""

import os
import sys

from oer.apart import bounds

_FILES = 1024
OPEN_NETWORK = 97
"""Exit code: not run."""


def main() -> int:
    memory, cpu, written = map(int, sys.argv[1:4])
    if bounds.confine(memory=memory, cpu=cpu, files=_FILES):
        bounds.write(written)
        os.execv(sys.argv[4], sys.argv[4:])  # noqa: S606 - no shell is wanted
    return OPEN_NETWORK


if __name__ == "__main__":
    sys.exit(main())
