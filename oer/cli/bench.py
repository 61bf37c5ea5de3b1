"""``oer bench``: data and measurements at size."""

import tempfile
import time
from pathlib import Path
from typing import Annotated

import typer

from oer.cli import context, output, seeding, uploading
from oer.cli.context import AsJson
from oer.cli.uploading import Round

app = typer.Typer(no_args_is_help=True, help="Synthetic holdings and measurements. Not for a repository in use.")


@app.command("seed")
def seed(
    count: Annotated[int, typer.Argument(min=1, max=10_000_000, metavar="N", help="How many resources to add.")],
    number: Annotated[int, typer.Option("--seed", help="The same number makes the same records.")] = 1,
    as_json: AsJson = False,
) -> None:
    """Add N published resources with records in Arabic, French and English to institutions made for that."""
    started = time.monotonic()
    with (
        context.opened(as_json=as_json) as found,
        output.progress(output.sentence("cli.seeding"), count) as progress,
    ):
        done = seeding.seed(found, count, number=number, progress=progress)
    seconds = time.monotonic() - started
    if as_json:
        output.emit({"resources": done, "seconds": round(seconds, 2)})
    else:
        rate = round(done / seconds)
        output.say(output.sentence("cli.seeded", number=done, seconds=round(seconds, 1), rate=rate))


@app.command("upload")
def upload(
    mebibytes: Annotated[int, typer.Option("--size", min=1, max=100_000, help="Mebibytes of the file.")] = 2048,
    rounds: Annotated[int, typer.Option(min=1, max=100, help="Rounds; medians are shown.")] = 5,
    folder: Annotated[
        Path, typer.Option(file_okay=False, exists=True, help="Where to work: the disk that is measured.")
    ] = Path(tempfile.gettempdir()),
    as_json: AsJson = False,
) -> None:
    """Measure uploads over loopback, by PUT and by tus, against cp followed by openssl dgst -sha256.

    Works in a scratch installation that is removed afterwards.
    """
    missing = uploading.missing_programs()
    if missing:
        raise typer.BadParameter(f"this machine has no {', '.join(missing)}")
    size = mebibytes << 20

    def told(each: Round) -> None:
        if not as_json:
            shown = {name: round(getattr(each, name), 2) for name in ("reference", "put", "tus")}
            output.say(output.sentence("cli.bench-round", **shown))

    with context.errors_said(as_json=as_json), tempfile.TemporaryDirectory(dir=folder) as scratch:
        done = uploading.measured(Path(scratch), size, rounds, told=told)
    put, tus = uploading.ratios(done)
    if as_json:
        seconds = [{"reference": each.reference, "put": each.put, "tus": each.tus} for each in done]
        output.emit({"bytes": size, "seconds": seconds, "put": round(put, 3), "tus": round(tus, 3)})
    else:
        output.say(output.sentence("cli.bench-upload", put=round(100 * put), tus=round(100 * tus)))
