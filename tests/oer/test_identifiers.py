import pytest

from oer import identifiers


def test_new_ids_are_well_formed_and_differ():
    made = {identifiers.new_public_id() for _ in range(1000)}
    assert len(made) == 1000
    assert all(identifiers.is_public_id(one) for one in made)


@pytest.mark.parametrize(
    "value", ["", "7k3v9qm2x", "7k3v9qm2xdd", "7K3V9QM2XD", "7k3v9qm2xi", "7k3v9qm2xd\n", "٧k3v9qm2xd"]
)
def test_other_texts_are_no_public_ids(value):
    assert not identifiers.is_public_id(value)


@pytest.mark.parametrize("value", ["a", "university-of-tunis", "9", "a" * 63])
def test_slugs(value):
    assert identifiers.is_slug(value)


@pytest.mark.parametrize("value", ["", "-a", "a-", "A", "a b", "a:b", "a/b", "جامعة", "a" * 64, "a\n", "a\0"])
def test_other_texts_are_no_slugs(value):
    assert not identifiers.is_slug(value)


@pytest.mark.parametrize("value", ["oer.example.org", "Oer.localhost.localdomain"])
def test_repository_ids(value):
    assert identifiers.is_repository_id(value)


@pytest.mark.parametrize("value", ["", "localhost", "oer..org", "1.org", "oer.org:80", "oer.org\n", "مثال.org"])
def test_other_texts_are_no_repository_ids(value):
    assert not identifiers.is_repository_id(value)


def test_an_oai_identifier_leads_back_to_its_public_id():
    name = identifiers.oai_identifier("oer.example.org", "7k3v9qm2xd")
    assert name == "oai:oer.example.org:7k3v9qm2xd"
    assert identifiers.local_part("oer.example.org", name) == "7k3v9qm2xd"


@pytest.mark.parametrize(
    "name",
    ["oai:other.example.org:7k3v9qm2xd", "7k3v9qm2xd", "oai:oer.example.org:", "oai:oer.example.org:7k3v9qm2xd\n"],
)
def test_foreign_and_malformed_identifiers_have_no_local_part(name):
    assert identifiers.local_part("oer.example.org", name) is None
