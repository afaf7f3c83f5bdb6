"""The hub client against a stand-in hub on the loopback: a real file, a corrupted one, none, and no network at all."""

import hashlib
import http.server
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
import torch

from train.models import build_video
from train.models.hub import PUBLISHED

NAME = "sam2.1-hiera-tiny"


@pytest.fixture(scope="module")
def weights(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """An official-format checkpoint of the real tiny architecture, randomly initialised."""
    path = tmp_path_factory.mktemp("hub") / "tiny.pt"
    torch.save({"model": build_video(NAME).state_dict()}, path)
    return path.read_bytes()


class Hub(http.server.BaseHTTPRequestHandler):
    """Answers `GET|HEAD /REPO/resolve/REVISION/FILE` as the hub does."""

    content: bytes
    broken = False
    asked: list[str]

    def do_HEAD(self) -> None:
        self._answer(body=False)

    def do_GET(self) -> None:
        self._answer(body=True)

    def _answer(self, body: bool) -> None:
        self.asked.append(self.path)
        if self.path != f"/facebook/{NAME}/resolve/main/sam2.1_hiera_tiny.pt":
            self.send_response(404)
            self.send_header("X-Error-Code", "RepoNotFound")
            self.end_headers()
            return
        content = self.content if not self.broken else self.content[:-1] + bytes([self.content[-1] ^ 1])
        self.send_response(200)
        self.send_header("Content-Length", str(len(content)))
        self.send_header("ETag", f'"{hashlib.sha256(self.content).hexdigest()}"')
        self.send_header("X-Repo-Commit", "0123456789abcdef0123456789abcdef01234567")
        self.end_headers()
        if body:
            self.wfile.write(content)

    def log_message(self, *_: object) -> None:
        """Quiet."""


@pytest.fixture
def hub(weights: bytes) -> Iterator[tuple[str, type[Hub]]]:
    handler = type("Handler", (Hub,), {"content": weights, "asked": []})
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}", handler
    server.shutdown()
    server.server_close()
    thread.join()


def resolve_in_child(cache: Path, endpoint: str, published: str, checkpoint: str = f"facebook/{NAME}") -> str:
    """What `resolve` says in a process of its own, since the hub's library reads its environment once."""
    program = (
        "import sys\n"
        "from render.document import UserError\n"
        "from train.models import hub, resolve, build_video, load_weights\n"
        f"hub.PUBLISHED[{NAME!r}] = {published!r}\n"
        "try:\n"
        f"    loaded = resolve({checkpoint!r})\n"
        "    load_weights(build_video(loaded.name), loaded)\n"
        "    print(loaded.name, loaded.source, len(loaded.state))\n"
        "except UserError as error:\n"
        "    print('error:', error)\n"
    )
    environment = {key: value for key, value in os.environ.items() if not key.startswith(("HF_", "http"))}
    environment |= {"HF_HOME": str(cache), "HF_ENDPOINT": endpoint, "HF_HUB_DISABLE_XET": "1", "OMP_NUM_THREADS": "1"}
    done = subprocess.run(
        [sys.executable, "-c", program], env=environment, capture_output=True, text=True, timeout=300, check=True
    )
    return done.stdout.strip()


@pytest.mark.slow
def test_download_verify_and_use_the_cache(hub: tuple[str, type[Hub]], weights: bytes, tmp_path: Path) -> None:
    endpoint, handler = hub
    digest = hashlib.sha256(weights).hexdigest()
    said = resolve_in_child(tmp_path, endpoint, digest)
    assert said.startswith(f"{NAME} hub:facebook/{NAME} ")
    assert handler.asked
    said = resolve_in_child(tmp_path, "http://127.0.0.1:9", digest, NAME)
    assert said.startswith(f"{NAME} hub:facebook/{NAME} "), "the cache serves where the network is gone"


@pytest.mark.slow
def test_a_corrupted_download_is_refused(hub: tuple[str, type[Hub]], weights: bytes, tmp_path: Path) -> None:
    endpoint, handler = hub
    handler.broken = True
    said = resolve_in_child(tmp_path, endpoint, hashlib.sha256(weights).hexdigest())
    assert said.startswith("error: ")
    assert "was published for facebook/sam2.1-hiera-tiny; delete this file" in said
    assert "\n" not in said


@pytest.mark.slow
def test_no_network_and_no_cache_is_one_clear_line(tmp_path: Path) -> None:
    said = resolve_in_child(tmp_path, "http://127.0.0.1:9", "0" * 64)
    assert said.startswith("error: facebook/sam2.1-hiera-tiny: could not be downloaded, and is not in the local cache")
    assert "\n" not in said


def test_every_published_digest_is_a_sha256() -> None:
    assert len(PUBLISHED) == 8
    assert all(len(digest) == 64 and int(digest, 16) for digest in PUBLISHED.values())
