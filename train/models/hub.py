"""The Hugging Face hub: the official checkpoints, each checked against its published SHA-256, files of others, and our
own exports on their way there."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

from render.document import UserError

from .digest import sha256

# The Git LFS object ids of Meta's files, which are their SHA-256: shown by the hub's pages of facebook/sam2-hiera-tiny,
# -small and -base-plus; for 2.0 large and all of 2.1 by public copies that agree (merve/sam2-hiera-large and
# fffiloni/SAM2-Image-Predictor; camenduru/sam2-1-hiera and Promethe-us/sam2).
PUBLISHED = {
    "sam2-hiera-tiny": "65b50056e05bcb13694174f51bb6da89c894b57b75ccdf0ba6352c597c5d1125",
    "sam2-hiera-small": "95949964d4e548409021d47b22712d5f1abf2564cc0c3c765ba599a24ac7dce3",
    "sam2-hiera-base-plus": "d0bb7f236400a49669ffdd1be617959a8b1d1065081789d7bbff88eded3a8071",
    "sam2-hiera-large": "7442e4e9b732a508f80e141e7c2913437a3610ee0c77381a66658c3a445df87b",
    "sam2.1-hiera-tiny": "7402e0d864fa82708a20fbd15bc84245c2f26dff0eb43a4b5b93452deb34be69",
    "sam2.1-hiera-small": "6d1aa6f30de5c92224f8172114de081d104bbd23dd9dc5c58996f0cad5dc4d38",
    "sam2.1-hiera-base-plus": "a2345aede8715ab1d5d31b4a509fb160c5a4af1970f199d9054ccfb746c004c5",
    "sam2.1-hiera-large": "2647878d5dfa5098f2f8649825738a9345572bae2d4350a2468587ece47dd318",
}

REVISION = "main"
"""Which revision of a repository is asked for; the checksum says that it holds the published bytes."""


def download(name: str, endpoint: str | None = None) -> Path:
    """The official `.pt` of a model (`sam2.1-hiera-tiny`), from the local cache or the hub.

    `endpoint` is another hub's address (else the environment's HF_ENDPOINT, else huggingface.co). UserError if the file
    is in neither place, or if its bytes are not the published ones.
    """
    repository = f"facebook/{name}"
    path = fetch(repository, f"{name.replace('-', '_')}.pt", endpoint)
    found = sha256(path)
    if found != PUBLISHED[name]:
        raise UserError(
            f"{path.resolve()}: SHA-256 is {found}, but {PUBLISHED[name]} was published for {repository}; "
            f"delete this file and try again"
        )
    return path


def fetch(repository: str, file: str, endpoint: str | None = None) -> Path:
    """A file of any repository, from the local cache or the hub; UserError if it is in neither place."""
    from huggingface_hub import hf_hub_download
    from huggingface_hub.errors import HfHubHTTPError, LocalEntryNotFoundError

    try:
        try:  # what is here needs no network, and the checksum tells whether it is what it should be
            return Path(hf_hub_download(repository, file, revision=REVISION, local_files_only=True))
        except LocalEntryNotFoundError:
            return Path(hf_hub_download(repository, file, revision=REVISION, endpoint=endpoint))
    except (OSError, HfHubHTTPError, ValueError) as error:
        raise UserError(
            f"{repository}: could not be downloaded, and is not in the local cache; with no network, download {file} "
            f"elsewhere and give its path ({_reason(error)})"
        ) from None


def check_push(repository: str) -> None:
    """UserError unless somebody is logged in at the hub, and may own what is to be called `repository` (OWNER/NAME)."""
    from huggingface_hub import HfApi, get_token

    if not re.fullmatch(r"\w[\w.-]*/\w[\w.-]*", repository, re.ASCII):
        raise UserError(
            f"--push: '{repository}' can't be a repository; name it OWNER/NAME, of letters, digits, . _ and -"
        )
    if get_token() is None:
        raise UserError(f"--push {repository}: not logged in; run 'hf auth login', or set HF_TOKEN to a token")
    try:
        HfApi().whoami()
    except Exception as error:  # its HTTP client's are among them, which differ by version
        raise UserError(f"--push {repository}: {_reason(error)}; nothing was exported or sent") from None


def push(repository: str, files: Mapping[str, Path], private: bool, message: str) -> str:
    """Put files, by their names there, into a model repository in one commit; its address.

    The repository is made if it is missing (`private` or not); one that is there stays as open as it is. UserError
    where the hub refuses: then nothing of the commit is there.
    """
    from huggingface_hub import CommitOperationAdd, HfApi

    api = HfApi()
    try:
        place = api.create_repo(repository, private=private, exist_ok=True)
        operations = [CommitOperationAdd(name, path) for name, path in sorted(files.items())]
        api.create_commit(repository, operations, commit_message=message)
    except Exception as error:  # as above
        raise UserError(
            f"--push {repository}: {_reason(error)}; the export is whole and stays here, so the same command can be "
            "given again"
        ) from None
    return str(place)


def _reason(error: Exception) -> str:
    """An error of the hub's library in one short line."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()] or [type(error).__name__]
    return f"{type(error).__name__}: {lines[0][:160]}"
