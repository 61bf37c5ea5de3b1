"""``oer bench``: data and measurements at size."""

import tempfile
import time
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from oer.cli import context, fetching, finding, harvesting, judging, output, seeding, uploading
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

    Uploads are durable when they are answered, a copy is not: so a second reference waits for the disk too (sync).
    Works in a scratch installation that is removed afterwards.
    """
    missing = uploading.missing_programs()
    if missing:
        raise typer.BadParameter(f"this machine has no {', '.join(missing)}")
    size = mebibytes << 20

    def told(each: Round) -> None:
        if not as_json:
            shown = {name: round(getattr(each, name), 2) for name in ("reference", "durable", "put", "tus")}
            output.say(output.sentence("cli.bench-round", **shown))

    with context.errors_said(as_json=as_json), tempfile.TemporaryDirectory(dir=folder) as scratch:
        done = uploading.measured(Path(scratch), size, rounds, told=told)
    plain, durable = uploading.ratios(done)
    if as_json:
        output.emit(
            {
                "bytes": size,
                "seconds": [asdict(each) for each in done],
                "reference": asdict(plain),
                "durable": asdict(durable),
            }
        )
        return
    for key, found in (("cli.bench-upload", plain), ("cli.bench-upload-durable", durable)):
        output.say(output.sentence(key, put=round(100 * found.put), tus=round(100 * found.tus)))


@app.command("resources")
def resources(
    records: Annotated[int, typer.Option(min=1, max=1_000_000, help="Resources to read from.")] = 10_000,
    rounds: Annotated[int, typer.Option(min=1, max=100, help="Rounds; medians are shown.")] = 5,
    seconds: Annotated[float, typer.Option(min=0.01, max=600, help="Seconds of each way in a round.")] = 3,
    command: Annotated[
        Path | None, typer.Option("--datasette", help="Datasette's command, where it is not beside this one.")
    ] = None,
    folder: Annotated[Path, typer.Option(file_okay=False, exists=True, help="Where to work.")] = Path(
        tempfile.gettempdir()
    ),
    as_json: AsJson = False,
) -> None:
    """Measure how fast single resources are read as JSON over loopback, against Datasette with the same records.

    One web process each. Works in a scratch installation that is removed afterwards.
    """
    other = fetching.datasette(command)
    if other is None:
        raise typer.BadParameter(
            "there is no Datasette here: pip install datasette, or name its command with --datasette"
        )

    def told(each: fetching.Round) -> None:
        if not as_json:
            rates = {name: round(getattr(each, name).answers) for name in ("ours", "known", "datasette")}
            output.say(output.sentence("cli.bench-resources-round", **rates))

    with context.errors_said(as_json=as_json), tempfile.TemporaryDirectory(dir=folder) as scratch:
        first, done = fetching.measured(Path(scratch), other, records, rounds, seconds, told=told)
    found = fetching.summary(done)
    if as_json:
        output.emit({"records": records, "first": first, **asdict(found), "rounds": [asdict(each) for each in done]})
        return
    told_in_all = {
        "first": round(first),
        "ratio": round(found.ratio, 1),
        "known": round(found.known.answers / found.datasette.answers, 1),
        "ours": round(found.ours.size),
        "datasette": round(found.datasette.size),
        "client": round(100 * found.ours.client),
    }
    output.say(output.sentence("cli.bench-resources", **told_in_all))
    if found.client_is_limit:
        output.say(output.sentence("cli.bench-client-limit"))


@app.command("oai")
def oai(
    records: Annotated[int, typer.Option(min=1, max=10_000_000, help="Records to harvest.")] = 10_000,
    rounds: Annotated[int, typer.Option(min=1, max=100, help="Rounds; medians are shown.")] = 5,
    formats: Annotated[
        str, typer.Option("--formats", help="Formats to render before, parted by commas; empty for all.")
    ] = "oai_dc",
    data: Annotated[
        Path | None, typer.Option(file_okay=False, help="Where to keep the data, to use them in a later run.")
    ] = None,
    folder: Annotated[Path, typer.Option(file_okay=False, exists=True, help="Where to work.")] = Path(
        tempfile.gettempdir()
    ),
    as_json: AsJson = False,
) -> None:
    """Measure how fast all records are harvested over loopback, against the same bytes sent as one file.

    One web process. Works in a scratch installation that is removed afterwards unless --data names a place for it.
    """

    def told(step: str, figure: float) -> None:
        if not as_json:
            output.say(output.sentence(f"cli.bench-oai-{step}", figure=round(figure, 1)))

    with context.errors_said(as_json=as_json), tempfile.TemporaryDirectory(dir=folder) as scratch:
        place = data or Path(scratch)
        place.mkdir(parents=True, exist_ok=True)
        wanted = [name for name in formats.split(",") if name]
        found, done = harvesting.measured(place, records, rounds, wanted, told=told)
    middle = harvesting.summary(done)
    if as_json:
        output.emit({**asdict(found), "rounds": [asdict(each) for each in done], "median": asdict(middle)})
        return
    for name, rate in (("plain", middle.plain), ("gzip", middle.gzip), ("busy", found.busy)):
        shown = {"records": round(rate.records), "mb": round(rate.bytes / 1e6), "cpu": round(1e6 * rate.cpu, 2)}
        output.say(output.sentence(f"cli.bench-oai-{name}", **shown))
    times = {name: round(1000 * getattr(found, name), 2) for name in ("first", "second", "last")}
    output.say(output.sentence("cli.bench-oai-pages", **times))
    output.say(
        output.sentence(
            "cli.bench-oai",
            ratio=round(100 * middle.ratio),
            memory=round(found.memory / 2**20),
            start=round(found.start, 2),
        )
    )
    for prefix, size in found.sizes.items():
        output.say(output.sentence("cli.bench-oai-size", prefix=prefix, size=round(size)))


@app.command("relevance")
def relevance(
    collection: Annotated[Path, typer.Argument(metavar="FILE", dir_okay=False, help="Records and questions, in JSON.")],
    as_json: AsJson = False,
) -> None:
    """Judge how well the search finds what people expect, by a collection of records and questions."""
    with context.errors_said(as_json=as_json):
        found = judging.judge(judging.read(collection))
    if as_json:
        output.emit({lang: asdict(one) for lang, one in found.items()})
        return
    for lang, one in found.items():
        figures = {"questions": one.questions, "f1": f"{one.f1:.3f}", "mrr": f"{one.mrr:.3f}"}
        output.say(output.sentence("cli.bench-relevance", lang=lang, **figures))


@app.command("search")
def search(
    records: Annotated[int, typer.Option(min=1, max=10_000_000, help="Records to search in.")] = 10_000,
    rounds: Annotated[int, typer.Option(min=1, max=100, help="Rounds; medians are shown.")] = 3,
    data: Annotated[
        Path | None, typer.Option(file_okay=False, help="Where to keep the data, to use them in a later run.")
    ] = None,
    postgresql: Annotated[
        str | None,
        typer.Option(metavar="URL", help="A PostgreSQL database to compare with; what is made there is removed."),
    ] = None,
    folder: Annotated[Path, typer.Option(file_okay=False, exists=True, help="Where to work.")] = Path(
        tempfile.gettempdir()
    ),
    as_json: AsJson = False,
) -> None:
    """Measure how fast the search index is built, and questions are answered by the engine and over loopback.

    One web process, four clients. Works in a scratch installation that is removed unless --data names a place for it.
    """

    def told(step: str, figure: float) -> None:
        if not as_json:
            output.say(output.sentence(f"cli.bench-search-{step}", figure=round(figure, 1)))

    with context.errors_said(as_json=as_json), tempfile.TemporaryDirectory(dir=folder) as scratch:
        place = data or Path(scratch)
        place.mkdir(parents=True, exist_ok=True)
        found = finding.measured(place, records, rounds, postgresql=postgresql, told=told)
    if as_json:
        output.emit(asdict(found))
        return
    sizes = {
        "size": round(found.size / 1e6),
        "held": round(found.held / 1e6),
        "mapped": round(found.mapped / 1e6),
        "memory": round(found.memory / 1e6),
    }
    output.say(output.sentence("cli.bench-search-size", **sizes))
    for kind, engine in found.engine.items():
        http = found.http[kind]
        figures = {"p50": engine.p50, "p99": engine.p99, "http50": http.p50, "http99": http.p99}
        name = output.sentence(f"cli.bench-search-{kind}")
        output.say(output.sentence("cli.bench-search", kind=name, **{key: round(ms, 1) for key, ms in figures.items()}))
        beside = found.postgresql.get(kind)
        if beside:
            shown = {
                "p50": round(beside.p50, 1),
                "p99": round(beside.p99, 1),
                "ratio": round(beside.mean / found.http[kind].mean, 1),
            }
            output.say(output.sentence("cli.bench-search-postgresql", **shown))
