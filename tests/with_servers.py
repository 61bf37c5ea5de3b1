"""Run a command beside real servers: ``python tests/with_servers.py [--postgres] [--s3] -- COMMAND …``.

The command finds them in OER_TEST_DATABASE_URL, OER_TEST_STORE_URL, OER_TEST_STORE_ACCESS_KEY and
OER_TEST_STORE_SECRET_KEY. A server that is missing is an error here, never a skip.
"""

import os
import subprocess
import sys
import tempfile
from contextlib import ExitStack
from pathlib import Path

import servers


def main(arguments: list[str]) -> int:
    wanted, command = arguments[: arguments.index("--")], arguments[arguments.index("--") + 1 :]
    environment = {**os.environ, "OER_REQUIRE_SERVERS": "1"}
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        if "--postgres" in wanted:
            environment["OER_TEST_DATABASE_URL"] = stack.enter_context(servers.postgres(folder / "postgres"))
        if "--s3" in wanted:
            url, access_key, secret_key = stack.enter_context(servers.seaweedfs(folder / "s3"))
            environment["OER_TEST_STORE_URL"] = f"{url}/tests?secure=false"
            environment["OER_TEST_STORE_ACCESS_KEY"] = access_key
            environment["OER_TEST_STORE_SECRET_KEY"] = secret_key
        return subprocess.run(command, env=environment, check=False).returncode


if __name__ == "__main__":
    os.environ["OER_REQUIRE_SERVERS"] = "1"
    sys.exit(main(sys.argv[1:]))
