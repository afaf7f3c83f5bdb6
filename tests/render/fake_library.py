"""A small library of made-up assets whose digests never change, for plans that must not either."""

from __future__ import annotations

from pathlib import Path

from render.asset import Library, asset_folders, read

TOML = {
    "mallet": 'kind = "prop"\nlabel = "hammer"\nsize = 0.5\nspin_axis = [0.0, 1.0, 0.0]\n'
    "handle = { at = [0.0, 0.0, -0.2] }\n"
    'charge = { materials = ["Runes"] }\n[finishes.new]\n[finishes.worn]\n[finishes.rare]\n',
    "disc": 'kind = "prop"\nlabel = "shield"\nsize = 0.7\nspin_axis = [0.0, 1.0, 0.0]\n'
    "[[proxy]]\nlow = [-0.35, -0.05, -0.35]\nhigh = [0.35, 0.05, 0.35]\nround = 'y'\n[finishes.new]\n[finishes.rare]\n",
    "post": 'kind = "occluder"\nsize = 2.5\n[[proxy]]\nlow = [-0.2, -0.2, -1.25]\nhigh = [0.2, 0.2, 1.25]\n',
    "box": 'kind = "occluder"\nsize = 1.0\n[[proxy]]\nlow = [-0.5, -0.5, -0.5]\nhigh = [0.5, 0.5, 0.5]\n',
    "yard": 'kind = "set"\naction_box = [[-4.0, -2.5, 0.0], [4.0, 2.5, 4.0]]\n',
    "cellar": 'kind = "set"\naction_box = [[-3.0, -2.0, 0.0], [3.0, 2.0, 3.0]]\n'
    "camera_box = [[-3.2, -4.0, 0.3], [3.2, 2.0, 2.8]]\n",
    "sky": 'kind = "hdri"\n',
    "dusk": 'kind = "hdri"\n',
}


def fake_library(folder: Path) -> Library:
    """Made-up assets below `folder`: two props, two occluders, two sets, two skies; the files hold one word each."""
    for name, rest in TOML.items():
        home = folder / name
        home.mkdir(parents=True)
        file = f"{name}.exr" if 'kind = "hdri"' in rest else f"{name}.blend"
        (home / file).write_bytes(name.encode())
        head = f'name = "{name}"\nfile = "{file}"\nlicence = "CC0-1.0"\nauthor = "nobody"\nsource = "none"\n'
        (home / "asset.toml").write_text(head + rest, encoding="utf-8")
    return Library({path.name: read(path) for path in asset_folders(folder)})
