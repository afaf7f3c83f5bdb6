"""Which system libraries the bpy wheel needs, and which of them are missing (Linux; no bpy here).

`python -m blender_scenes.system` prints the line that installs what is missing, and exits 2.
"""

from __future__ import annotations

import ctypes
import sys

PACKAGES = {
    "libGL.so.1": "libgl1",
    "libX11.so.6": "libx11-6",
    "libXext.so.6": "libxext6",
    "libXi.so.6": "libxi6",
    "libXfixes.so.3": "libxfixes3",
    "libXrender.so.1": "libxrender1",
    "libSM.so.6": "libsm6",
    "libICE.so.6": "libice6",
    "libxkbcommon.so.0": "libxkbcommon0",
}
"""Shared library to Debian/Ubuntu package, read off `ldd` of bpy 4.5.15."""


def missing_packages() -> list[str]:
    """Debian packages whose library cannot be loaded; empty where bpy can start, and on other systems than Linux."""
    if not sys.platform.startswith("linux"):
        return []
    missing = []
    for library, package in PACKAGES.items():
        try:
            ctypes.CDLL(library)
        except OSError:
            missing.append(package)
    return missing


def main() -> None:
    """Say what to install, if anything."""
    packages = missing_packages()
    if packages:
        print(
            f"error: Blender needs system libraries that are missing; install them with: "
            f"apt-get install -y {' '.join(packages)}",
            file=sys.stderr,
        )
        sys.exit(2)


if __name__ == "__main__":
    main()
