"""Cells that no spreadsheet takes for a formula (OWASP, CSV injection)."""

import re

# Full-width forms are formulas where the system's language is East Asian.
_FORMULA = re.compile("'*[=+\\-@\t\r\n\uff1d\uff0b\uff0d\uff20]")


def guarded(cell: str) -> str:
    """The cell behind a ``'`` where it could run, or could be taken for a guarded one; other cells as they are."""
    return f"'{cell}" if _FORMULA.match(cell) else cell


def unguarded(cell: str) -> str:
    """What :func:`guarded` was given."""
    return cell[1:] if cell.startswith("'") and _FORMULA.match(cell) else cell
