"""The wheel, installed alone in an empty environment outside the checkout: does it serve, and answer?"""

import json
import os
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
import venv
from pathlib import Path

import servers

ROOT = Path(__file__).resolve().parent.parent


def main() -> None:
    wheel = max((ROOT / "dist").glob("*.whl"), key=lambda path: path.stat().st_mtime)
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        venv.create(folder / "venv", with_pip=True)
        python = folder / "venv" / "bin" / "python"
        pip = [str(python), "-m", "pip", "--disable-pip-version-check", "--quiet", "install"]
        lock = ROOT / "requirements" / "run.txt"
        subprocess.run([*pip, "--require-hashes", "--no-deps", "-r", str(lock)], check=True, cwd=folder)
        subprocess.run([*pip, "--no-deps", str(wheel)], check=True, cwd=folder)
        port = servers.free_ports(1)[0]
        environment = {
            "PATH": os.environ["PATH"],
            "HOME": place,
            "OER_DATA": str(folder / "data"),
            "OER_BASE_URL": f"http://127.0.0.1:{port}",
        }
        oer = str(folder / "venv" / "bin" / "oer")
        add = [oer, "institution", "add", "school", "--ar", "مدرسة", "--json"]
        subprocess.run(add, check=True, cwd=folder, env=environment, capture_output=True)
        subprocess.run([oer, "bench", "seed", "30"], check=True, cwd=folder, env=environment)
        demo = subprocess.run(
            [oer, "seed", "demo", "--json"], check=True, cwd=folder, env=environment, capture_output=True
        )
        made = int(json.loads(demo.stdout)["resources"])  # from data that the wheel brought along
        server = subprocess.Popen([oer, "serve", "--port", str(port)], cwd=folder, env=environment)
        try:
            _look(f"http://127.0.0.1:{port}", 30 + made)
        finally:
            server.terminate()
            server.wait(30)
    print(f"{wheel.name} serves outside the checkout")


def _look(url: str, resources: int) -> None:
    until = time.monotonic() + 60
    while True:
        try:
            with urllib.request.urlopen(f"{url}/", timeout=5) as page:
                assert 'lang="ar"' in page.read().decode()
                break
        except (urllib.error.URLError, OSError):
            if time.monotonic() > until:
                sys.exit("the installed wheel does not answer")
            time.sleep(0.2)
    with urllib.request.urlopen(f"{url}/api/resources?limit=100", timeout=20) as answer:
        found = len(json.load(answer)["items"])
        assert found == resources > 60, f"{found} resources"
    with urllib.request.urlopen(f"{url}/oai?verb=ListRecords&metadataPrefix=oai_dc", timeout=20) as answer:
        assert answer.read().count(b"<record>") == resources


if __name__ == "__main__":
    main()
