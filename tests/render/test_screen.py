"""What stands on the screen: a bar while something is done, and one line alone for a mistake."""

import io

import pytest
from rich.console import Console

from render import screen
from render.document import UserError


def drawn(monkeypatch: pytest.MonkeyPatch, raised: Exception | None, terminal: bool = False) -> str:
    """What is written while a bar is at work and something is raised."""
    text = io.StringIO()
    monkeypatch.setattr(screen, "notes", Console(file=text, force_terminal=terminal, width=100))
    try:
        with screen.progress() as bar:
            task = bar.add_task("score", total=3, status="")
            bar.update(task, advance=1)
            if raised is not None:
                raise raised
    except (UserError, OSError):
        pass
    return text.getvalue()


def test_a_mistake_takes_the_bar_away(monkeypatch: pytest.MonkeyPatch) -> None:
    assert "score" in drawn(monkeypatch, None)
    assert "1/3" in drawn(monkeypatch, OSError("the disk is full")), "how far it came"
    assert drawn(monkeypatch, UserError("a: b")) == ""


def test_on_a_terminal_it_is_wiped_out(monkeypatch: pytest.MonkeyPatch) -> None:
    wiped = "\x1b[1A\x1b[2K"  # up a line, and clear it
    assert drawn(monkeypatch, UserError("a: b"), terminal=True).endswith(wiped)
    assert not drawn(monkeypatch, OSError("the disk is full"), terminal=True).endswith(wiped)
