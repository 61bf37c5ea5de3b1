import threading
import time

import argon2
import pytest

from oer import passwords
from oer.errors import Invalid

PASSWORD = "سرّ طويل بما يكفي"


class Counted:
    """A hasher that counts the slow work."""

    def __init__(self, hasher):
        self._hasher = hasher
        self.done = []
        self.check_needs_rehash = hasher.check_needs_rehash

    def hash(self, password):
        self.done.append("hash")
        return self._hasher.hash(password)

    def verify(self, kept, password):
        self.done.append("verify")
        return self._hasher.verify(kept, password)


def test_hashes_are_made_with_at_least_the_second_choice_of_rfc_9106():
    used = argon2.extract_parameters(passwords._hasher.hash("x"))
    assert used.type is argon2.Type.ID
    assert (used.memory_cost, used.time_cost) >= (65536, 3)


@pytest.mark.parametrize(
    ("password", "code"),
    [
        ("", "password.too-short"),
        ("abcdefghi", "password.too-short"),
        ("abcdefghij", None),
        ("abcd" * 50, None),
        ("abcd" * 50 + "e", "password.too-long"),
        ("aaaaaaaaaaaa", "password.too-common"),
        ("abababababab", "password.too-common"),
        ("abc\ud800efghij", None),
    ],
)
def test_limits_of_passwords(quick_passwords, password, code):
    if code is None:
        kept = passwords.hashed(password)
        assert kept.startswith("$argon2id$")
        assert passwords.fits(kept, password)
        return
    with pytest.raises(Invalid) as caught:
        passwords.hashed(password, field="new")
    assert caught.value.code == code
    assert [problem.field for problem in caught.value.problems] == ["new"]
    assert not password or password not in f"{caught.value} {caught.value.problems}"


def test_another_password_does_not_fit(quick_passwords):
    kept = passwords.hashed(PASSWORD)
    assert PASSWORD not in kept
    assert passwords.fits(kept, PASSWORD)
    for other in ("", PASSWORD + " ", PASSWORD[:-1], "\ud800", kept):
        assert not passwords.fits(kept, other)
        assert not passwords.fits(None, other)


def test_where_there_is_nothing_to_fit_the_work_is_the_same(quick_passwords, monkeypatch):
    kept = passwords.hashed(PASSWORD)
    done = []
    for against in (None, kept):
        work = Counted(passwords._hasher)
        with monkeypatch.context() as patched:
            patched.setattr(passwords, "_hasher", work)
            passwords._nobody.cache_clear()
            passwords.fits(against, PASSWORD)
            passwords.fits(against, PASSWORD)
        done.append(work.done)
    assert done[0] == done[1] == ["hash", "verify", "verify"]  # even the first time, when the stand-in is made


def test_an_old_hash_is_made_anew(quick_passwords, monkeypatch):
    old = passwords.hashed(PASSWORD)
    assert passwords.renewed(old, PASSWORD) is None
    monkeypatch.setattr(passwords, "_hasher", argon2.PasswordHasher(time_cost=2, memory_cost=8, parallelism=1))
    renewed = passwords.renewed(old, PASSWORD)
    assert "t=2" in renewed
    assert passwords.fits(renewed, PASSWORD)


def test_few_hashes_are_made_at_once(monkeypatch):
    """Each takes 64 MiB: a crowd at the door must not fill the machine."""
    busy, most = [], []

    class Slow:
        def hash(self, _password):
            busy.append(1)
            most.append(len(busy))
            time.sleep(0.02)
            busy.pop()
            return "$"

    monkeypatch.setattr(passwords, "_hasher", Slow())
    threads = [threading.Thread(target=passwords.hashed, args=(PASSWORD,)) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(most) == 8
    assert max(most) == passwords._AT_ONCE
