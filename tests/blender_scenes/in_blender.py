"""Runs a piece of Python in a Blender process of its own: the tests' process never imports bpy."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import Any

_AFTER = """
import json, os, sys
print("\\nRESULT " + json.dumps(result), flush=True)
os._exit(0)
"""


def in_blender(script: str, *arguments: object) -> Any:
    """Run `script`, which leaves what it found in `result`; `arguments` are its sys.argv[1:]."""
    command = [sys.executable, "-c", script + _AFTER, *map(str, arguments)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=600)
    lines = [line for line in done.stdout.splitlines() if line.startswith("RESULT ")]
    assert lines, done.stderr[-3000:]
    return json.loads(lines[-1].removeprefix("RESULT "))
