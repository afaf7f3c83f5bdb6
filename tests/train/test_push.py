"""Exports on their way to a stand-in hub on the loopback, by the hub's own protocol: small files in the commit, large
ones by LFS."""

from __future__ import annotations

import base64
import hashlib
import http.server
import json
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

TOKEN = "hf_standin"


class Hub(http.server.BaseHTTPRequestHandler):
    """`repositories` holds what was committed, by repository and name; `objects` what was uploaded, by SHA-256."""

    repositories: dict[str, dict[str, bytes]]
    private: dict[str, bool]
    objects: dict[str, bytes]

    def do_GET(self) -> None:
        if self.path == "/api/whoami-v2" and self._known():
            self._say(200, {"type": "user", "name": "artist", "orgs": []})
        else:
            self._say(401 if not self._known() else 404, {"error": "no"})

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        if not self._known():
            self._say(401, {"error": "Invalid credentials"})
        elif self.path == "/api/repos/create":
            asked = json.loads(body)
            name = f"{asked.get('organization', 'artist')}/{asked['name']}"
            if name in self.repositories:
                self._say(409, {"error": "You already created this model repo", "url": f"{self._here()}/{name}"})
                return
            self.repositories[name], self.private[name] = (
                {},
                asked.get("visibility") == "private" or asked.get("private", False),
            )
            self._say(200, {"url": f"{self._here()}/{name}", "name": name})
        elif self.path == "/api/validate-yaml":  # the card's front matter
            self._say(200, {"errors": [], "warnings": []})
        elif self.path.endswith("/preupload/main"):
            files = json.loads(body)["files"]
            told = [
                {"path": f["path"], "uploadMode": "lfs" if f["size"] > 100_000 else "regular", "shouldIgnore": False}
                for f in files
            ]
            self._say(200, {"files": told, "commitOid": "0" * 40})
        elif self.path.endswith(".git/info/lfs/objects/batch"):
            objects = json.loads(body)["objects"]
            actions = [
                {**o, "actions": {"upload": {"href": f"{self._here()}/upload/{o['oid']}", "header": {}}}}
                for o in objects
            ]
            self._say(200, {"transfer": "basic", "objects": actions}, "application/vnd.git-lfs+json")
        elif self.path.endswith("/commit/main"):
            self._commit(self.path.split("/api/models/")[1].removesuffix("/commit/main"), body)
        else:
            self._say(404, {"error": "no"})

    def do_PUT(self) -> None:
        data = self.rfile.read(int(self.headers["Content-Length"]))
        oid = self.path.rsplit("/", 1)[1]
        assert hashlib.sha256(data).hexdigest() == oid
        self.objects[oid] = data
        self._say(200, {})

    def _commit(self, name: str, body: bytes) -> None:
        for line in map(json.loads, body.splitlines()):
            value = line["value"]
            if line["key"] == "file":
                self.repositories[name][value["path"]] = base64.b64decode(value["content"])
            elif line["key"] == "lfsFile":
                self.repositories[name][value["path"]] = self.objects[value["oid"]]
        self._say(200, {"commitUrl": f"{self._here()}/{name}/commit/1", "commitOid": "1" * 40, "success": True})

    def _known(self) -> bool:
        return self.headers.get("authorization") == f"Bearer {TOKEN}"

    def _here(self) -> str:
        return f"http://{self.headers['Host']}"

    def _say(self, code: int, told: dict[str, Any], kind: str = "application/json") -> None:
        data = json.dumps(told).encode()
        self.send_response(code)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, *_: object) -> None:
        """Quiet."""


@pytest.fixture
def hub() -> Iterator[tuple[str, type[Hub]]]:
    handler = type("Handler", (Hub,), {"repositories": {}, "private": {}, "objects": {}})
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}", handler
    server.shutdown()
    server.server_close()


def export(cache: Path, endpoint: str, token: str | None, *arguments: str) -> subprocess.CompletedProcess[str]:
    """`heroprop export`, in a process of its own, since the hub's library reads its environment once."""
    environment = {key: value for key, value in os.environ.items() if not key.startswith(("HF_", "http"))}
    environment |= {"HF_HOME": str(cache), "HF_ENDPOINT": endpoint, "HF_HUB_DISABLE_XET": "1", "OMP_NUM_THREADS": "1"}
    environment |= {"HF_TOKEN": token} if token else {}
    return subprocess.run(
        [sys.executable, "-m", "heroprop", "export", *arguments],
        env=environment,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )


@pytest.mark.slow
def test_an_export_is_pushed_whole_and_again(hub: tuple[str, type[Hub]], tmp_path: Path) -> None:
    endpoint, handler = hub
    out = tmp_path / "hero.pt"
    asked = ("nano-random:1", "--out", str(out), "--push", "studio/hero", "--json")
    done = export(tmp_path, endpoint, TOKEN, *asked)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["hub"] == f"{endpoint}/studio/hero"
    assert handler.private == {"studio/hero": True}, "nobody else sees it unless that was asked for"
    held = handler.repositories["studio/hero"]
    assert held == {
        "README.md": out.with_suffix(".md").read_bytes(),
        "hero.pt": out.read_bytes(),
        "hero.yaml": out.with_suffix(".yaml").read_bytes(),
    }
    assert held["README.md"].startswith(b"---\nlicense: apache-2.0\n")
    assert list(handler.objects.values()) == [out.read_bytes()], "the weights went by LFS, and nothing else"
    again = export(tmp_path, endpoint, TOKEN, *asked)
    assert again.returncode == 0, again.stderr


@pytest.mark.parametrize(
    ("repository", "token", "said"),
    [
        ("studio/hero", None, "not logged in; run 'hf auth login'"),
        ("studio/hero", "hf_wrong", "nothing was exported or sent"),
        ("hero", TOKEN, "name it OWNER/NAME"),
        ("studio/he ro", TOKEN, "name it OWNER/NAME"),
    ],
)
def test_what_cannot_be_pushed_is_said_before_the_export(
    hub: tuple[str, type[Hub]], tmp_path: Path, repository: str, token: str | None, said: str
) -> None:
    endpoint, handler = hub
    done = export(tmp_path, endpoint, token, "nano-random:1", "--out", str(tmp_path / "hero.pt"), "--push", repository)
    assert (done.returncode, done.stdout) == (2, "")
    assert said in done.stderr
    assert len(done.stderr.splitlines()) == 1
    assert not list(tmp_path.glob("hero*"))
    assert not handler.repositories
