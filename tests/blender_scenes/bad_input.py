"""What people get wrong with `heroprop assets`."""

from pathlib import Path

ROWS = [
    (["assets", "lst"], "No such command 'lst'"),
    (["assets", "list", "--assets", "{here}/nowhere"], "nowhere: no such asset folder"),
    (["assets", "list", "--assets", "{here}/empty"], "empty: no assets here"),
    (["assets", "list", "--assets", "{here}/odd"], "odd/asset.toml: sise: unknown key; did you mean 'size'?"),
    (["assets", "check", "{here}/nowhere"], "nowhere: no such asset folder"),
    (["assets", "check", "{here}/odd"], "odd/asset.toml: sise: unknown key; did you mean 'size'?"),
    (["assets", "preview"], "Missing argument"),
    (["assets", "preview", "hamer"], "no asset named 'hamer'; did you mean 'hammer'?"),
]


def prepare(here: Path) -> None:
    """A folder without assets, and one with a slip in its asset.toml."""
    (here / "empty").mkdir()
    (here / "odd").mkdir()
    (here / "odd" / "asset.toml").write_text('name = "odd"\nkind = "prop"\nfile = "odd.blend"\nsise = 1\n')
