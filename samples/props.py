"""What stands around the laptop: mug, books, plant, lamp, notebook, picture and vase. Metres."""

from __future__ import annotations

import math

import bpy
from materials import image_surface, landscape, speckled, surface
from shapes import Transform, Vector, animate, box, boxes, lathe, leaf, picture_plane, pivot, tube


def mug(at: Vector) -> None:
    """A glazed mug of coffee on a cork coaster."""
    glaze = speckled("glaze", (0.80, 0.30, 0.10), (0.70, 0.22, 0.07), 60.0, 0.22)
    coffee = surface("coffee", (0.035, 0.014, 0.006), 0.08)
    profile = [
        (0.0, 0.002), (0.030, 0.0), (0.036, 0.004), (0.0395, 0.02), (0.041, 0.05), (0.0415, 0.088),
        (0.0400, 0.0905), (0.0385, 0.088), (0.0375, 0.05), (0.035, 0.012), (0.0, 0.009),
    ]  # fmt: skip
    mug = lathe("mug", profile, at, glaze, (0, 0, math.radians(-35)))
    lathe("coffee", [(0.0, 0.074), (0.0384, 0.074)], (0, 0, 0), coffee, parent=mug)
    handle = [(0.038, 0, 0.074), (0.060, 0, 0.072), (0.068, 0, 0.048), (0.058, 0, 0.024), (0.038, 0, 0.020)]
    tube("handle", handle, 0.0056, glaze, parent=mug)
    cork = speckled("cork", (0.50, 0.31, 0.16), (0.36, 0.20, 0.09), 260.0, 0.9)
    lathe("coaster", [(0, 0), (0.052, 0), (0.052, 0.004), (0, 0.004)], (at[0], at[1], 0.0), cork)
    mug.location.z += 0.004


def _book(name: str, size: Vector, at: Vector, color: Vector, turn: float) -> None:
    """A closed book that lies flat, its spine towards the camera."""
    cover = speckled(f"{name} cloth", color, tuple(0.8 * c for c in color), 180.0, 0.75)  # type: ignore[arg-type]
    paper = surface(f"{name} paper", (0.78, 0.72, 0.58), 0.9)
    gold = surface(f"{name} gold", (0.83, 0.62, 0.24), 0.3, 0.9)
    w, d, h = size
    board = 0.003
    book = pivot(name, at, (0.0, 0.0, turn))
    parts = [
        ((w, d, board), (0, 0, board / 2)),
        ((w, d, board), (0, 0, h - board / 2)),
        ((w, board, h), (0, -d / 2, h / 2)),
    ]
    boxes(f"{name} cover", parts, cover, 0.001, parent=book)
    box(f"{name} pages", (w - 0.008, d - 0.006, h - 2 * board), (0, 0.0, h / 2), paper, parent=book)
    bands = [((0.004, 0.001, h * 0.8), (x * w, -d / 2 - 0.0016, h / 2)) for x in (-0.4, -0.36, 0.36, 0.4)]
    bands.append(((0.34 * w, 0.001, 0.2 * h), (0, -d / 2 - 0.0016, h / 2)))
    boxes(f"{name} lettering", bands, gold, parent=book)


def books(at: Vector) -> None:
    """Three books, one on the other."""
    x, y, _ = at
    _book("atlas", (0.23, 0.165, 0.030), (x, y, 0.0), (0.42, 0.06, 0.05), math.radians(-4))
    _book("novel", (0.20, 0.145, 0.022), (x + 0.01, y, 0.030), (0.72, 0.46, 0.10), math.radians(5))
    _book("poems", (0.175, 0.125, 0.019), (x - 0.005, y, 0.052), (0.06, 0.14, 0.32), math.radians(-9))


def plant(at: Vector, frames: int) -> None:
    """A pot on the books, with seventeen leaves that never quite rest."""
    clay = speckled("clay", (0.60, 0.27, 0.15), (0.50, 0.21, 0.11), 40.0, 0.8)
    soil = speckled("soil", (0.05, 0.03, 0.02), (0.02, 0.012, 0.008), 150.0, 1.0)
    rim = [
        (0.0, 0.0),
        (0.034, 0.0),
        (0.046, 0.062),
        (0.051, 0.062),
        (0.052, 0.078),
        (0.047, 0.078),
        (0.044, 0.066),
    ]
    lathe("pot", rim, at, clay)
    lathe("soil", [(0.0, 0.068), (0.045, 0.066)], at, soil)
    greens = [
        surface(f"leaf {i}", color, 0.35, Coat_Weight=0.2)
        for i, color in enumerate([(0.06, 0.25, 0.05), (0.10, 0.34, 0.07), (0.16, 0.42, 0.10)])
    ]
    stem = surface("stem", (0.14, 0.28, 0.08), 0.5)
    for i in range(17):
        _frond(i, (at[0], at[1], at[2] + 0.066), greens[i % 3], stem, frames)


def _frond(i: int, at: Vector, green: bpy.types.Material, stem: bpy.types.Material, frames: int) -> None:
    """One leaf on its stem, swaying a little in a draught of its own rhythm."""
    turn, steep = i * 2.39996, math.radians(82 - 3.6 * i)
    rise = 0.05 + 0.006 * ((i * 7) % 11)
    foot = pivot(f"frond {i}", at)
    reach, height = rise * math.cos(steep) + 0.012, rise * math.sin(steep) + 0.02
    tube(
        f"stem {i}",
        [(0, 0, 0), (reach * 0.4, 0, height * 0.7), (reach, 0, height)],
        0.0016,
        stem,
        parent=foot,
    )
    blade = leaf(f"blade {i}", 0.085 + 0.004 * (i % 5), 0.046, 0.045 + 0.002 * i, green, parent=foot)
    blade.location = (reach, 0, height)

    def sway(t: float) -> Transform:
        wave = math.sin(math.tau * (1.1 * t + 0.17 * i))
        return at, (0.04 * wave, 0.05 * math.cos(math.tau * (0.9 * t + 0.3 * i)), turn + 0.03 * wave)

    animate(foot, sway, frames)


def lamp(at: Vector) -> None:
    """A green desk lamp, lit."""
    brass = surface("brass", (0.75, 0.48, 0.18), 0.25, 1.0)
    enamel = surface("enamel", (0.055, 0.20, 0.15), 0.25, Coat_Weight=0.6)
    glow = surface("bulb", (1.0, 0.8, 0.5), 0.5, Emission_Color=(1.0, 0.66, 0.32), Emission_Strength=28.0)
    base = [(0, 0), (0.062, 0), (0.064, 0.004), (0.060, 0.012), (0.02, 0.018), (0.009, 0.022), (0, 0.022)]
    lathe("lamp base", base, at, enamel)
    arm = [(0, 0, 0.02), (-0.03, 0.0, 0.18), (0.0, 0.0, 0.33), (0.07, -0.01, 0.365), (0.12, -0.02, 0.33)]
    tube("lamp arm", arm, 0.0045, brass, at)
    head = pivot(
        "lamp head", (at[0] + 0.122, at[1] - 0.021, at[2] + 0.325), (math.radians(-12), math.radians(-24), 0)
    )
    shade = [
        (0.010, 0.012),
        (0.017, 0.008),
        (0.026, -0.005),
        (0.062, -0.062),
        (0.066, -0.074),
        (0.063, -0.073),
        (0.024, -0.008),
    ]
    lathe("shade", shade, (0, 0, 0), enamel, parent=head)
    lining = surface("lining", (0.9, 0.85, 0.7), 0.7, Emission_Color=(1.0, 0.62, 0.28), Emission_Strength=1.6)
    lining.cycles.emission_sampling = "NONE"
    inside = [(0.016, 0.004), (0.0245, -0.0095), (0.0605, -0.0625), (0.0640, -0.073)]
    lathe("lining", inside, (0, 0, 0), lining, parent=head)
    lathe(
        "shade knob",
        [(0, 0.030), (0.006, 0.026), (0.007, 0.014), (0.010, 0.010)],
        (0, 0, 0),
        brass,
        parent=head,
    )
    bulb = [(0.0, -0.060), (0.012, -0.056), (0.018, -0.044), (0.014, -0.028), (0.008, -0.014)]
    lathe("bulb", bulb, (0, 0, 0), glow, parent=head)


def notebook(at: Vector) -> None:
    """A black notebook with an elastic band, and a pencil on it."""
    cover = speckled("notebook", (0.055, 0.06, 0.075), (0.04, 0.045, 0.055), 200.0, 0.6)
    paper = surface("notebook paper", (0.80, 0.76, 0.66), 0.9)
    band = surface("elastic", (0.75, 0.20, 0.08), 0.7)
    book = pivot("notebook", at, (0, 0, math.radians(17)))
    boxes(
        "notebook cover",
        [((0.13, 0.19, 0.002), (0, 0, z)) for z in (0.001, 0.014)],
        cover,
        0.0008,
        parent=book,
    )
    box("notebook pages", (0.127, 0.186, 0.011), (0, 0, 0.0075), paper, parent=book)
    box("elastic", (0.006, 0.192, 0.0165), (0.048, 0, 0.0075), band, 0.0006, parent=book)
    yellow = surface("pencil", (0.85, 0.52, 0.05), 0.35)
    tip = surface("pencil wood", (0.75, 0.52, 0.32), 0.7)
    rod = pivot("pencil", (at[0] - 0.01, at[1] - 0.02, 0.0190), (math.radians(90), 0, math.radians(-38)))
    lathe(
        "pencil body", [(0, -0.08), (0.0038, -0.08), (0.0038, 0.07)], (0, 0, 0), yellow, parent=rod, steps=6
    )
    lathe("pencil tip", [(0.0038, 0.07), (0.0008, 0.088), (0, 0.088)], (0, 0, 0), tip, parent=rod, steps=12)


def pictures() -> None:
    """A framed landscape that leans on the wall, and a vase."""
    walnut = surface("frame", (0.13, 0.06, 0.03), 0.4)
    mat = surface("mat", (0.80, 0.77, 0.70), 0.8)
    view = image_surface("print", landscape(300, 220, seed=11), 0.0)
    frame = pivot("picture", (0.235, 0.43, 0.12), (math.radians(-10), 0, math.radians(-6)))
    box("picture frame", (0.20, 0.016, 0.25), (0, 0.004, 0.0), walnut, 0.003, parent=frame)
    box("picture mat", (0.176, 0.002, 0.226), (0, -0.005, 0.0), mat, parent=frame)
    picture_plane("print", (0.13, 0.178), (0, -0.0065, 0.0), view, parent=frame)
    glass = surface("vase", (0.78, 0.72, 0.62), 0.25, Coat_Weight=0.5)
    vase = [
        (0, 0),
        (0.026, 0),
        (0.046, 0.03),
        (0.050, 0.06),
        (0.036, 0.10),
        (0.018, 0.13),
        (0.016, 0.15),
        (0.022, 0.165),
    ]
    lathe("vase", vase, (-0.245, 0.42, 0.0), glass)
