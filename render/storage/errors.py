"""What services say when something fails, as one line that says what to do."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager

from ..document import UserError

_CURES = {
    "NETWORK_CONNECTION|resolve host|timed out|refused|unreachable|Name or service|No address": (
        "cannot be reached; check the address, the network and, for S3, AWS_ENDPOINT_URL"
    ),
    "NO_SUCH_BUCKET|NoSuchBucket|[Bb]ucket does not exist": "no such bucket; check its name, or make it",
    "ACCESS_DENIED|AccessDenied|Forbidden|INVALID_ACCESS_KEY|InvalidAccessKey|SIGNATURE|Signature|HTTP status 40[13]|"
    "UNRECOGNIZED_CLIENT|InvalidToken|ExpiredToken|credentials|Anonymous": (
        "not permitted; set credentials that may use it (for S3: AWS_PROFILE, or AWS_ACCESS_KEY_ID and "
        "AWS_SECRET_ACCESS_KEY; HEROPROP_S3_ANONYMOUS=1 for a public bucket)"
    ),
    "InvalidBucketName": "no valid name of a bucket",
}


@contextmanager
def explained(where: str) -> Iterator[None]:
    """Turn a service's failure into a UserError that names `where`. Its own words are left out: they may hold keys."""
    try:
        yield
    except FileNotFoundError:
        raise UserError(f"{where}: there is nothing; check the address") from None
    except PermissionError:
        raise UserError(f"{where}: {next(cure for key, cure in _CURES.items() if 'ACCESS' in key)}") from None
    except OSError as error:
        said = f"{type(error).__name__} {error}"
        for pattern, cure in _CURES.items():
            if re.search(pattern, said):
                raise UserError(f"{where}: {cure}") from None
        code = re.search(r"AWS Error (\w+)(?: \((HTTP status \d+)\))?", said)
        told = " ".join(part for part in code.groups() if part) if code else type(error).__name__
        raise UserError(f"{where}: the service failed ({told}); try again") from None
