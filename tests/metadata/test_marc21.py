from formats import EMPTY, around, golden_record
from marc import mistakes, read

from metadata.crosswalks import marc21

dump = marc21.dump


def test_the_documentation_can_refuse() -> None:
    right = read(dump(around(golden_record("en"))))
    bad_field = right.data[0]._replace(indicators="99")
    assert list(mistakes(right._replace(data=[bad_field]))) != []
    assert list(mistakes(right._replace(data=right.data[::-1]))) != []
    assert list(mistakes(right._replace(leader="x"))) != []


def test_an_empty_record_still_says_where_it_is() -> None:
    found = read(dump(EMPTY))
    tags = [field.tag for field in found.data]
    assert tags == ["024", "040", "250", "264", "300", "336", "337", "338", "347", "506", "856", "884"]
    assert found.fields("040")[0].subfields == (("a", "x.org"), ("b", "eng"), ("c", "x.org"))
