"""The lock files: complete for ``pyproject.toml``, every package with hashes, none with a known vulnerability.

``pip-audit`` ends well when it cannot reach its index, having looked at nothing; so its count is compared with ours.
"""

import json
import os
import re
import subprocess
import sys
import tomllib
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent


def locked(name: str) -> dict[str, str]:
    text = (ROOT / "requirements" / name).read_text("utf-8")
    pins = dict(re.findall(r"^([A-Za-z0-9._-]+)(?:\[[^\]]*\])?==(\S+) \\$", text, flags=re.MULTILINE))
    blocks = re.split(r"^(?=[A-Za-z0-9])", text, flags=re.MULTILINE)
    bare = [block.split("==")[0] for block in blocks if "==" in block and "--hash=sha256:" not in block]
    if bare:
        sys.exit(f"{name}: no hashes for {', '.join(bare)}")
    return {_normal(package): version for package, version in pins.items()}


def _normal(package: str) -> str:
    return re.sub(r"[-_.]+", "-", package).lower()


def missing(run: dict[str, str]) -> list[str]:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    names = [_normal(re.split(r"[\[<>=!~; ]", wanted, maxsplit=1)[0]) for wanted in project["dependencies"]]
    return [name for name in names if name not in run]


def audited(name: str, pins: dict[str, str]) -> None:
    """With OER_REQUIRE_AUDIT=1 an audit that could not look at every package fails; otherwise it says so, loudly."""
    command = [sys.executable, "-m", "pip_audit", "--require-hashes", "--disable-pip", "--format=json"]
    lock = str(ROOT / "requirements" / name)
    done = subprocess.run([*command, "--progress-spinner=off", "-r", lock], capture_output=True, text=True, check=False)
    report = json.loads(done.stdout)["dependencies"] if done.stdout.startswith("{") else []
    found = {_normal(entry["name"]): entry["vulns"] for entry in report if "vulns" in entry}
    vulnerable = {package: [one["id"] for one in vulns] for package, vulns in found.items() if vulns}
    if vulnerable:
        sys.exit(f"{name}: known vulnerabilities: {vulnerable}")
    if set(found) != set(pins):
        message = f"{name}: NOT AUDITED: the vulnerability service answered for {len(found)} of {len(pins)} packages"
        sys.exit(message) if os.environ.get("OER_REQUIRE_AUDIT") == "1" else print(message)
    else:
        print(f"{name}: {len(found)} packages audited, no known vulnerability")


def main() -> None:
    run, dev = locked("run.txt"), locked("dev.txt")
    if gone := missing(run):
        sys.exit(f"run.txt lacks {', '.join(gone)}: make lock")
    if differing := [name for name, version in run.items() if dev.get(name) != version]:
        sys.exit(f"run.txt and dev.txt differ in {', '.join(differing)}: make lock")
    print(f"run.txt pins {len(run)} packages, dev.txt {len(dev)}, all with hashes")
    audited("run.txt", run)


if __name__ == "__main__":
    main()
