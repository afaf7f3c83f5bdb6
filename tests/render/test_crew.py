"""A plan composed by several processes is the plan composed by one; what goes wrong in one is told in a line."""

import multiprocessing
import os
import signal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from render.asset import Library
from render.document import UserError
from render.planning import crew
from render.planning.crew import Crew, Source
from render.planning.draws import Number
from render.planning.recipe import Recipe, find_recipe
from render.planning.sweeps import Sweep, group_of

DEMO = Recipe.read_toml(find_recipe("demo"))
SWEEP = Sweep(vary={"motion.speed": (0.1, 0.4), "film.shutter_degrees": (0.0, 180.0)}, twins=("effects",))


@given(st.integers(1, 300), st.sampled_from([(), ("effects",), ("effects", "blur")]), st.booleans())
def test_every_group_is_in_one_piece(clips: int, twins: tuple[str, ...], swept: bool) -> None:
    recipe = DEMO.model_copy(update={"twins": twins, "sweep": (SWEEP,) if swept else ()})
    firsts = [first for piece in Source(recipe, Library(), 1).pieces(clips) for first in piece]
    sizes = [len(group_of(recipe.twins, recipe.sweep, first)) for first in firsts]
    assert firsts == [sum(sizes[:place]) for place in range(len(firsts))]
    assert clips <= sum(sizes) < clips + sizes[-1]


@pytest.mark.slow
def test_several_processes_compose_what_one_does() -> None:
    recipe = DEMO.model_copy(update={"twins": ("effects",), "sweep": (SWEEP,)})
    dataset, count = Source(recipe, Library.open(), 7), 2 * crew.WORTH + 3
    told: list[tuple[int, int]] = []
    together = Crew(2, lambda *done: told.append(done)).compose(dataset, count)
    assert [spec.index for spec in together] == list(range(count))
    assert together == Crew().compose(dataset, count)
    assert told == sorted(told)
    assert told[-1] == (count, count)
    assert len(told) > 3, "somebody waits and sees nothing"


def test_what_cannot_be_filmed_is_told_from_another_process() -> None:
    huge = DEMO.camera.model_copy(update={"prop_share": Number(uniform=(3, 3.1))})
    dataset = Source(DEMO.model_copy(update={"camera": huge}), Library.open(), 1)
    with pytest.raises(UserError) as alone:
        Crew().compose(dataset, 2 * crew.WORTH)
    with pytest.raises(UserError) as together:
        Crew(2).compose(dataset, 2 * crew.WORTH)
    assert str(together.value) == str(alone.value)


def test_a_process_that_is_killed_ends_the_plan_in_one_line() -> None:
    def kill(done: int, total: int) -> None:
        for child in multiprocessing.active_children():
            os.kill(child.pid or 0, signal.SIGKILL)

    with pytest.raises(UserError, match=r"a planning process was killed, .*--workers 1"):
        Crew(2, kill).compose(Source(DEMO, Library.open(), 1), 8 * crew.WORTH)
