"""axe-core in a page: what it finds against WCAG 2.2 AA.

axe takes joined Arabic letters for an icon font and then looks at no contrast on Arabic pages. So the function that
decides it is made to answer no; ``tests/browser/test_accessible.py`` proves it with a page that must fail.
"""

import re
from functools import cache
from importlib import resources
from typing import Any

from playwright.sync_api import Page

RULES = ("wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice")


@cache
def source() -> str:
    plain = (resources.files("axe_playwright_python") / "axe.min.js").read_text("utf-8")
    named = re.search(r"isIconLigature:function\(\)\{return (\w+)\}", plain)
    assert named, "axe-core no longer exposes what takes letters for icons"
    patched, times = re.subn(rf"function {named[1]}\(\w+\)\{{", r"\g<0>return!1;", plain)
    assert times == 1, "axe-core no longer says what takes letters for icons as it did"
    return patched


def faults(page: Page, *, rules: tuple[str, ...] = RULES) -> list[str]:
    """One line for each rule that is broken, with the elements. Injected past the page's own policy of scripts."""
    page.evaluate(source())
    wanted = {"runOnly": {"type": "tag", "values": rules}, "resultTypes": ["violations"], "elementRef": False}
    told: dict[str, Any] = page.evaluate("how => axe.run(document, how)", wanted)
    return [f"{found['id']}: {_where(found['nodes'])}" for found in told["violations"]]


def _where(nodes: list[dict[str, Any]]) -> str:
    return " | ".join(f"{node['html'][:160]} ({node['failureSummary'].splitlines()[-1].strip()})" for node in nodes[:4])
