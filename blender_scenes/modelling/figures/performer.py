"""The performer: a stunt rider in jacket, boots, gloves, pads and a closed helmet, who stands, walks and fights."""

from __future__ import annotations

from .. import surfaces
from . import kit
from .dress import animated, armature, extremities, rigid, worn
from .garments import jacket, trousers


def build() -> None:
    """Model it standing on the ground, facing +Y, arms spread; 1.80 m to the helmet's top."""
    coat = surfaces.garment("Jacket", (0.030, 0.030, 0.034), 0.46, 420, 0.45)
    legwear = surfaces.garment("Trousers", (0.085, 0.088, 0.092), 0.8, 900)
    boots = surfaces.garment("Boots", (0.022, 0.016, 0.012), 0.42, 500, 0.5)
    gloves = surfaces.garment("Gloves", (0.035, 0.026, 0.020), 0.5, 600, 0.4)
    pads = surfaces.shell("Pads", (0.028, 0.028, 0.030), 0.42)
    helmet = surfaces.shell("Helmet", (0.42, 0.028, 0.022), 0.22)
    visor = surfaces.shell("Visor", (0.006, 0.006, 0.008), 0.06)
    rubber = surfaces.shell("Rubber", (0.014, 0.014, 0.014), 0.75)
    figure = armature()
    worn(figure, jacket(coat), "trunk", "arms", "neck")
    worn(figure, trousers(legwear), "seat", "legs")
    extremities(figure, boots, rubber, gloves, pads)
    rigid(figure, "head", kit.helmet(helmet, visor, rubber))
    rigid(figure, "hips", kit.belt(rubber, pads))
    for bone, thing in kit.pads(pads, rubber):
        rigid(figure, bone, thing)
    animated(figure)
