"""Random and mutated requests: every answer is valid XML and nothing raises, whatever is asked."""

import random
from collections import Counter
from urllib.parse import quote_from_bytes

import pytest
from fault_counts import TIMEOUT, count
from oai_partner import Answer, Partner

from harvest import protocol
from metadata.crosswalks import FORMATS
from oer.working import drain

pytestmark = pytest.mark.timeout(TIMEOUT)

REQUESTS = count(1_500, 100_000)
VERBS = [*protocol.VERBS, "listrecords", "ListRecord", "", "verb"]
NAMES = ["verb", "metadataPrefix", "identifier", "set", "from", "until", "resumptionToken", "x", "", "FROM"]
DATES = [
    "2026-03-01",
    "2026-03-01T08:00:00Z",
    "2020-02-31",
    "2026-1-1",
    "2026",
    "9999-12-31",
    "0001-01-01",
    "2026-03-01T",
]
CODES = {
    "badArgument",
    "badResumptionToken",
    "badVerb",
    "cannotDisseminateFormat",
    "idDoesNotExist",
    "noMetadataFormats",
    "noRecordsMatch",
    "noSetHierarchy",
}


class Fuzz:
    """Requests that begin right and go wrong somewhere; ``tokens`` are real ones from answers."""

    def __init__(self, chance: random.Random, identifiers: list[str], specs: list[str]) -> None:
        self.chance, self.identifiers, self.specs = chance, identifiers, specs
        self.tokens = ["x.y"]

    def request(self) -> list[tuple[bytes, bytes]]:
        verb = self.chance.choice(VERBS[:6]) if self.chance.random() < 0.9 else self.chance.choice(VERBS)
        pairs = [("verb", verb)]
        if verb in protocol.VERBS:
            wanted = protocol.VERBS[verb]
            pairs += [(name, self.value(name)) for name in sorted(wanted.required) if self.chance.random() < 0.95]
            pairs += [(name, self.value(name)) for name in sorted(wanted.optional) if self.chance.random() < 0.3]
            if wanted.resumable and self.chance.random() < 0.25:
                pairs = [("verb", verb), ("resumptionToken", self.value("resumptionToken"))]
        made = [(name.encode(), value.encode()) for name, value in pairs]
        for _ in range(self.chance.choice((0, 0, 1, 1, 2, 5))):
            made = self.mutated(made)
        return made

    def value(self, name: str) -> str:
        return self.chance.choice(
            {
                "metadataPrefix": [*FORMATS, "oai_dc", "oai_dc", "none", "oai dc"],
                "identifier": self.identifiers,
                "set": self.specs,
                "from": DATES,
                "until": DATES,
                "resumptionToken": self.tokens[-50:],
            }.get(name, ["", "1", "الضوء"])
        )

    def mutated(self, pairs: list[tuple[bytes, bytes]]) -> list[tuple[bytes, bytes]]:
        made = list(pairs)
        match self.chance.randrange(6):
            case 0:
                made.append((self.chance.choice(NAMES).encode(), self.junk()))
            case 1 if made:
                made.append(self.chance.choice(made))
            case 2 if made:
                made.pop(self.chance.randrange(len(made)))
            case 3 if made:
                at = self.chance.randrange(len(made))
                made[at] = (made[at][0], self.flipped(made[at][1]))
            case 4 if made:
                at = self.chance.randrange(len(made))
                made[at] = (self.flipped(made[at][0]), made[at][1])
            case 5:
                self.chance.shuffle(made)
        return made

    def junk(self) -> bytes:
        return self.chance.randbytes(self.chance.choice((0, 1, 3, 20, 200)))

    def flipped(self, value: bytes) -> bytes:
        if not value:
            return self.junk()
        at = self.chance.randrange(len(value))
        match self.chance.randrange(4):
            case 0:
                return value[:at] + self.junk() + value[at:]
            case 1:
                return value[:at]
            case 2:
                return value[:at] + bytes([value[at] ^ (1 << self.chance.randrange(8))]) + value[at + 1 :]
        return value * self.chance.choice((2, 50))


@pytest.mark.parametrize("seed", [1])
def test_nothing_that_can_be_asked_breaks_an_answer(partner: Partner, seed: int) -> None:
    gone, *_ = partner.publish(14)
    partner.withdraw(gone)
    drain(partner.home)
    headers = [header for page in partner.pages("ListIdentifiers") for header in page.headers]
    specs = [*{spec for header in headers for spec in header.sets}, "none", "institution:", "oer:oer"]
    fuzz = Fuzz(random.Random(seed), [*(header.identifier for header in headers), "oai:x:1", "x", "%"], specs)
    seen: Counter[str] = Counter()
    for number in range(REQUESTS):
        pairs = fuzz.request()
        answer = asked(partner, pairs)
        code = answer.error
        assert code is None or code in CODES
        seen[code or answer.echoed.get("verb", "?")] += 1
        if answer.token:
            fuzz.tokens.append(answer.token)
        if number % 5 == 0:  # and as a door reads them
            again = protocol.form_pairs(b"&".join(b"%b=%b" % (quoted(name), quoted(value)) for name, value in pairs))
            assert asked(partner, again).error == code or pairs != again
    print(dict(seen))
    assert {*protocol.VERBS, "badArgument", "badVerb", "badResumptionToken", "idDoesNotExist"} <= set(seen)


def asked(partner: Partner, pairs: list[tuple[bytes, bytes]]) -> Answer:
    return partner.checked(partner.raw(*pairs))


def quoted(value: bytes) -> bytes:
    return quote_from_bytes(value, safe="").encode()
