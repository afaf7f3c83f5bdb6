"""Datasets that lie elsewhere: at `s3://`, `gs://`, `http(s)://` or any other address that fsspec knows.

`place` tells folders from addresses; `Remote` reads byte ranges and writes whole files; `RemoteShard` is a shard read
that way; `publish` puts a finished dataset there.
"""

from .place import Remote, place
from .shard import RemoteShard

__all__ = ["Remote", "RemoteShard", "place"]
