"""What people get wrong with `heroprop assets`."""

from pathlib import Path

ROWS = [
    (["assets", "lst"], "No such command 'lst'"),
    (["assets", "list", "--assets", "{here}/nowhere"], "nowhere: no such asset folder"),
    (["assets", "list", "--assets", "{here}/no-assets"], "no-assets: no assets here"),
    (["assets", "list", "--assets", "{here}/odd-asset"], "asset.toml: sise: unknown key; did you mean 'size'?"),
    (["assets", "check", "{here}/nowhere"], "nowhere: no such asset folder"),
    (["assets", "check", "{here}/file.txt"], "file.txt: is a file, not a folder; give a folder that holds"),
    (["assets", "check", "{here}/odd-asset"], "asset.toml: sise: unknown key; did you mean 'size'?"),
    (["assets", "preview"], "Missing argument"),
    (["assets", "preview", "hamer"], "no asset named 'hamer'; did you mean 'hammer'?"),
]


def prepare(here: Path) -> None:
    """A folder without assets, and one with a slip in its asset.toml."""
    (here / "no-assets").mkdir()
    (here / "odd-asset").mkdir()
    (here / "odd-asset" / "asset.toml").write_text(
        'name = "odd"\nkind = "occluder"\nfile = "odd.glb"\nsize = 1\nsise = 1\n'
        'licence = "CC0-1.0"\nauthor = "tests"\nsource = "tests"\n'
    )
