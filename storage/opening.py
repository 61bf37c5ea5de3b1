"""From a store's address to the store."""

import re
from pathlib import Path
from urllib.parse import SplitResult, parse_qs, unquote, urlsplit

from storage.filesystem import FilesystemStore
from storage.memory import MemoryStore
from storage.store import Store

# https://docs.aws.amazon.com/AmazonS3/latest/userguide/bucketnamingrules.html
_BUCKET = re.compile(r"[a-z0-9][a-z0-9.\-]{1,61}[a-z0-9]")
_PREFIX = re.compile(r"[A-Za-z0-9._\-/]*")
_HOST = re.compile(r"[A-Za-z0-9.\-]+(:\d{1,5})?")
_REGION = re.compile(r"[A-Za-z0-9\-]+")


def from_url(url: str, *, access_key: str | None = None, secret_key: str | None = None) -> Store:
    """The store at this address.

    - ``file:/abs/path``, ``file:relative/path``: a folder, made if absent; percent escapes are decoded
    - ``s3://host[:port]/bucket[/prefix]``: any S3 server over TLS, the bucket made if absent. Options:
      ``?secure=false`` for plain HTTP, ``?region=…`` (default ``us-east-1``). Needs both keys.
    - ``memory:``: a store of its own that ends with the process

    Raises ValueError, which never repeats the address, as credentials may have been put there by mistake; for a
    folder that cannot be made, a StoreError.
    """
    parts = urlsplit(url)
    if parts.fragment or (parts.query and parts.scheme != "s3"):
        raise ValueError("a store address has no fragment, and options only with s3:")
    if parts.scheme == "file":
        if parts.netloc or not parts.path:
            raise ValueError("a folder is written file:/path or file:path")
        return FilesystemStore(Path(unquote(parts.path)))
    if parts.scheme == "memory":
        if parts.netloc or parts.path:
            raise ValueError("nothing follows memory:")
        return MemoryStore()
    if parts.scheme == "s3":
        return _s3(parts, access_key, secret_key)
    raise ValueError("a store address begins with file:, s3: or memory:")


def _s3(parts: SplitResult, access_key: str | None, secret_key: str | None) -> Store:
    # Late: minio and what it brings cost 8 MB of every process, which an installation on a local disk never uses.
    from storage.bucket import Bucket
    from storage.s3 import S3Store

    if "@" in parts.netloc:
        raise ValueError("credentials do not belong into a store address")
    if not _HOST.fullmatch(parts.netloc):
        raise ValueError("an S3 address needs host[:port]")
    bucket, _, prefix = parts.path.removeprefix("/").partition("/")
    if not _BUCKET.fullmatch(bucket):
        raise ValueError("an S3 address needs the name of a bucket: s3://host/bucket")
    if not _PREFIX.fullmatch(prefix) or "//" in prefix or ".." in prefix.split("/"):
        raise ValueError("the prefix of an S3 address is plain letters, digits, and . _ - /")
    options = parse_qs(parts.query, keep_blank_values=True, strict_parsing=bool(parts.query))
    if set(options) - {"secure", "region"} or any(len(values) != 1 for values in options.values()):
        raise ValueError("options of an S3 address are secure and region, each once")
    secure, region = options.get("secure", ["true"])[0], options.get("region", ["us-east-1"])[0]
    if secure not in ("true", "false") or not _REGION.fullmatch(region):
        raise ValueError("secure is true or false, region a name")
    if not access_key or not secret_key:
        raise ValueError("an S3 store needs an access key and a secret key")
    made = Bucket(
        parts.netloc, bucket, access_key=access_key, secret_key=secret_key, secure=secure == "true", region=region
    )
    return S3Store(made, prefix=prefix)
