"""Mutants: what has to be refused, and is not, or with the wrong error."""

from oai_endpoints import LISTS, Answering, Asked, Spoil, error, other, token_of, where, without_sets
from oai_mutants import Mutants

from harvest.fetching import Reply

REFUSALS = Mutants()
mutant = REFUSALS.add


def identified(_asked: Asked, inner: Answering) -> Reply:
    return inner(Asked("GET", ((b"verb", b"Identify"),), {}))


def listed(asked: Asked, inner: Answering) -> Reply:
    """The first page of all, as if nothing had been wrong."""
    return inner(Asked("GET", ((b"verb", asked.verb.encode()), (b"metadataPrefix", b"oai_dc")), {}))


def is_repeated(asked: Asked, name: str) -> bool:
    return sum(given == name.encode() for given, _ in asked.pairs) > 1


def is_list(asked: Asked) -> bool:
    return asked.verb in LISTS


def has_good_token(asked: Asked) -> bool:
    return "." in asked.given.get("resumptionToken", "")


# ── Verbs and arguments ──────────────────────────────────────────────────────────────────────────

mutant("error.verb-missing", where(lambda asked: not asked.verb, identified))
mutant("error.verb-unknown", where(lambda asked: asked.verb == "identify", identified))
mutant("error.verb-repeated", where(lambda asked: is_repeated(asked, "verb"), identified))
mutant("error.argument-unknown", where(lambda asked: asked.has("page"), other(page=None)))
mutant("error.argument-unknown", where(lambda asked: asked.verb == "Identify", other(set=None)), name="Identify")
mutant("error.argument-repeated", where(lambda asked: is_repeated(asked, "metadataPrefix"), listed))
mutant("error.argument-missing", where(lambda asked: is_list(asked) and len(asked.pairs) == 1, listed))
mutant("error.characters", where(lambda asked: asked.given.get("identifier") == "\0", error("noRecordsMatch")))

# ── Dates ────────────────────────────────────────────────────────────────────────────────────────

nothing = error("noRecordsMatch")
mutant("error.date-impossible", where(lambda asked: asked.says("from", "2020-02-31"), listed))
mutant("error.date-form", where(lambda asked: asked.given.get("until", "").endswith("+00:00"), listed))
mutant("error.date-form", where(lambda asked: asked.given.get("until") == "2020", listed), name="year")
reversed_ = where(lambda asked: asked.has("until") and asked.says("from", "2020-01-02"), listed)
mutant("error.range-reversed", reversed_)
mutant("error.range-mixed", where(lambda asked: asked.has("from") and asked.says("until", "2020-12-31T"), listed))
mutant("error.range-empty", where(lambda asked: asked.says("until", "2026-03-01T07:59:59Z"), error("badArgument")))

# ── Sets, tokens, names ──────────────────────────────────────────────────────────────────────────

mutant("error.set-unknown", where(lambda asked: asked.says("set", "there"), other(set=None)), "request.echo")
mutant("error.set-unsupported", where(lambda asked: is_list(asked) and asked.has("set"), nothing), within=without_sets)
exclusive = where(lambda asked: asked.has("metadataPrefix") and has_good_token(asked), other(metadataPrefix=None))
mutant("error.token-exclusive", exclusive)
and_more = where(
    lambda asked: asked.has("metadataPrefix") and asked.says("resumptionToken", "there"), other(metadataPrefix=None)
)
mutant("error.token-and-more", and_more)
mutant(
    "error.token-bad", where(lambda asked: len(asked.pairs) == 2 and asked.says("resumptionToken", "there"), nothing)
)
mutant("error.token-empty", where(lambda asked: asked.given.get("resumptionToken") == "", nothing))


@REFUSALS.add_made("error.token-foreign", "request.echo", "xml.body")
def _foreign() -> Spoil:
    """The verb is read from the token, whatever the request says."""
    made: dict[str, str] = {}

    def spoil(asked: Asked, inner: Answering) -> Reply:
        token = asked.given.get("resumptionToken")
        found = inner(asked.but(verb=made[token]) if token in made and asked.is_page else asked)
        given = token_of(found)
        if given:
            made.setdefault(given, asked.verb)
        return found

    return spoil


def is_nobody(asked: Asked) -> bool:
    return asked.verb == "ListMetadataFormats" and asked.says("identifier", "oai:nobody")


mutant("error.identifier-unknown", where(is_nobody, other(identifier=None)), "request.echo")
mutant("error.identifier-malformed", where(lambda asked: asked.says("identifier", "not a URI"), nothing))
no_format = where(
    lambda asked: asked.verb == "GetRecord" and asked.says("metadataPrefix", "there"), other(metadataPrefix="oai_dc")
)
mutant("error.format-unknown", no_format, "request.echo")
