# /// script
# requires-python = "==3.11.*"
# dependencies = ["bpy>=5.0", "numpy>=1.26,<2"]
# ///
"""What stands around the laptops of a rendered scene: see `props` for units and frames."""

from __future__ import annotations

import math
from itertools import pairwise
from pathlib import Path

import bpy
from mathutils import Matrix, Vector
from props import (
    BOOK,
    BOTTLE,
    CUP,
    KEYBOARD,
    PERSON,
    PHONE,
    PLANT,
    TV,
    Random,
    any_colour,
    at,
    ball,
    blocks,
    keys,
    material,
    pictured,
    screen,
    sheet,
    tube,
)  # fmt: skip


def paint(rng: Random) -> bpy.types.Material:
    """Any plain surface."""
    return material(any_colour(rng), rng.uniform(0.15, 0.9), rng.choice((0, 0, 0, 0.8)))


def mug(spot: Vector, turn: float, rng: Random, _photos: list[Path]) -> None:
    """A cup with a handle."""
    radius, height, glaze = rng.uniform(0.03, 0.045), rng.uniform(0.07, 0.12), paint(rng)
    tube(spot, spot + Vector((0, 0, height)), radius, glaze, CUP, rng.uniform(0.9, 1.3))
    bpy.ops.mesh.primitive_torus_add(
        major_radius=height * 0.28, minor_radius=0.006, major_segments=16, minor_segments=6,
        location=spot + Vector((math.cos(turn) * radius, math.sin(turn) * radius, height / 2)),
        rotation=(math.pi / 2, 0, turn),
    )  # fmt: skip
    bpy.context.object.data.materials.append(glaze)
    bpy.context.object.pass_index = CUP


def bottle(spot: Vector, _turn: float, rng: Random, _photos: list[Path]) -> None:
    """A cylinder, a shoulder and a cap."""
    radius, height, glass = rng.uniform(0.025, 0.045), rng.uniform(0.15, 0.28), paint(rng)
    shoulder, top = spot + Vector((0, 0, height * 0.7)), spot + Vector((0, 0, height))
    tube(spot, shoulder, radius, glass, BOTTLE)
    tube(shoulder, shoulder.lerp(top, 0.4), radius, glass, BOTTLE, 0.4)
    tube(shoulder.lerp(top, 0.3), top, radius * 0.4, paint(rng), BOTTLE)


def books(spot: Vector, turn: float, rng: Random, photos: list[Path]) -> None:
    """A pile; the top one may show a picture or lie open."""
    height = 0.0
    for _ in range(rng.randint(1, 5)):
        w, d, h = rng.uniform(0.12, 0.24), rng.uniform(0.16, 0.3), rng.uniform(0.006, 0.04)
        frame = at(spot + Vector((0, 0, height)), turn + rng.gauss(0, 0.15))
        blocks([((-w / 2, -d / 2, 0), (w, d, h))], paint(rng), BOOK, frame, 0.001)
        height += h
    if rng.random() < 0.5:
        cover = pictured(rng.choice(photos), 0) if rng.random() < 0.6 else paint(rng)
        sheet((-w / 2, -d / 2, h + 0.0004), (w, 0, 0), (0, d, 0), cover, BOOK, frame)


def phone(spot: Vector, turn: float, rng: Random, photos: list[Path]) -> None:
    """Flat on the desk, its display up."""
    frame, w, d = at(spot, turn * 3), rng.uniform(0.065, 0.08), rng.uniform(0.13, 0.165)
    blocks([((-w / 2, -d / 2, 0), (w, d, 0.008))], paint(rng), PHONE, frame, 0.003)
    flat = frame @ Matrix.Translation((0, -d / 2 + 0.004, 0.008)) @ Matrix.Rotation(-math.pi / 2, 4, "X")
    screen(rng, photos, w - 0.006, d - 0.008, PHONE, flat, 0.0006)


def tablet(spot: Vector, turn: float, rng: Random, photos: list[Path]) -> None:
    """Flat on the desk or on a stand; never a laptop."""
    w, d = rng.uniform(0.16, 0.22), rng.uniform(0.22, 0.28)
    w, d = (d, w) if rng.random() < 0.5 else (w, d)
    lean = rng.choice((0.0, rng.uniform(0.8, 1.3)))
    frame = at(spot, turn) @ Matrix.Rotation(lean, 4, "X")
    blocks([((-w / 2, 0, 0), (w, d, 0.008))], paint(rng), 0, frame, 0.003)
    flat = frame @ Matrix.Translation((0, 0.01, 0.008)) @ Matrix.Rotation(-math.pi / 2, 4, "X")
    screen(rng, photos, w - 0.02, d - 0.02, 0, flat, 0.0006)


def mouse(spot: Vector, turn: float, rng: Random, _photos: list[Path]) -> None:
    """Half an egg."""
    ball(spot + Vector((0, 0, 0.01)), (0.03, 0.055, 0.02), paint(rng), 0, turn)


def paper(spot: Vector, turn: float, rng: Random, photos: list[Path]) -> None:
    """A sheet, white or printed, with lines on it."""
    w, d, frame = rng.uniform(0.12, 0.3), rng.uniform(0.18, 0.35), at(spot, turn * 2)
    white = material((rng.uniform(0.5, 0.9),) * 3, 0.9)
    if rng.random() < 0.3:
        white = pictured(rng.choice(photos), 0)
    sheet((-w / 2, -d / 2, 0.001), (w, 0, 0), (0, d, 0), white, 0, frame)
    rows = [-d * 0.4 + d * 0.8 * k / 12 for k in range(12)]
    lines = [((-w * 0.4, y, 0.0013), (w * rng.uniform(0.3, 0.8), d * 0.015, 0.0001)) for y in rows]
    blocks(lines, material((0.05, 0.05, 0.08)), 0, frame)


def plant(spot: Vector, _turn: float, rng: Random, _photos: list[Path]) -> None:
    """A pot with leaves."""
    tube(spot, spot + Vector((0, 0, 0.09)), 0.045, paint(rng), PLANT, 1.25)
    leaf = material((rng.uniform(0.02, 0.15), rng.uniform(0.12, 0.4), rng.uniform(0.02, 0.1)), 0.6)
    for _ in range(rng.randint(8, 20)):
        way = Vector((rng.gauss(0, 0.08), rng.gauss(0, 0.08), rng.uniform(0.1, 0.3)))
        ball(spot + way, (0.012, rng.uniform(0.02, 0.05), 0.025), leaf, PLANT, rng.uniform(0, 6))


def keyboard(spot: Vector, turn: float, rng: Random, _photos: list[Path]) -> None:
    """A keyboard of its own, which is not part of a laptop."""
    w, d, frame = rng.uniform(0.28, 0.44), rng.uniform(0.11, 0.16), at(spot, turn * 0.6)
    blocks([((-w / 2, -0.01, 0), (w, d + 0.02, 0.012))], paint(rng), KEYBOARD, frame, 0.003)
    blocks(keys(w * 0.95, d, 0.012, rng), paint(rng), KEYBOARD, frame)


def monitor(spot: Vector, turn: float, rng: Random, photos: list[Path]) -> None:
    """A display on a foot, at the back of the desk."""
    spot = Vector((spot.x, rng.uniform(0.15, 0.45), 0))
    w = rng.uniform(0.4, 0.75)
    h, lift, rim = w * rng.uniform(0.5, 0.75), rng.uniform(0.06, 0.16), rng.uniform(0.006, 0.03)
    frame, case = at(spot, turn * 0.5), paint(rng)
    blocks(
        [((-0.1, -0.07, 0), (0.2, 0.16, 0.012)), ((-0.025, 0.01, 0), (0.05, 0.03, lift + 0.1))],
        case,
        TV,
        frame,
    )
    up = frame @ Matrix.Translation((0, 0, lift)) @ Matrix.Rotation(rng.gauss(-0.06, 0.06), 4, "X")
    blocks([((-w / 2, 0, 0), (w, rng.uniform(0.01, 0.06), h))], case, TV, up, 0.004)
    screen(rng, photos, w - 2 * rim, h - 2 * rim, TV, up @ Matrix.Translation((0, 0, rim)), 0.001)


def frame(spot: Vector, turn: float, rng: Random, photos: list[Path]) -> None:
    """A picture that leans, often at the back; half of them have a mat around the picture."""
    if rng.random() < 0.6:
        spot = Vector((spot.x * 0.6, rng.uniform(0.15, 0.45), 0))
    w, h = rng.uniform(0.1, 0.4), rng.uniform(0.12, 0.4)
    up = at(spot, turn) @ Matrix.Rotation(-0.2, 4, "X")
    blocks([((-w / 2, 0, 0), (w, 0.015, h))], paint(rng), 0, up)
    rim, mat = rng.uniform(0.03, 0.08), rng.uniform(0.06, 0.2) if rng.random() < 0.5 else 0.0
    pale = material((rng.uniform(0.5, 0.9),) * 3, 0.8)
    shown = pictured(rng.choice(photos), 0) if rng.random() < 0.8 else paint(rng)
    for edge, front, what in ((rim, -0.001, pale), (rim + mat, -0.0015, shown)):
        low, wide, tall = w * edge, w * (1 - 2 * edge), h - 2 * w * edge
        sheet((low - w / 2, front, low), (wide, 0, 0), (0, 0, max(tall, 0.02)), what, 0, up)


def box(spot: Vector, turn: float, rng: Random, _photos: list[Path]) -> None:
    """Any block."""
    w, d, h = rng.uniform(0.05, 0.35), rng.uniform(0.05, 0.25), rng.uniform(0.02, 0.3)
    blocks([((-w / 2, -d / 2, 0), (w, d, h))], paint(rng), 0, at(spot, turn * 2), rng.uniform(0.001, 0.01))


def lamp(spot: Vector, _turn: float, rng: Random, _photos: list[Path]) -> None:
    """A foot, an arm that is straight, bent or bowed, and a shade that hangs over."""
    metal, side = paint(rng), rng.choice((-1, 1))
    shade = metal if rng.random() < 0.5 else paint(rng)
    radius, height = rng.uniform(0.05, 0.11), rng.uniform(0.25, 0.55)
    tube(spot, spot + Vector((0, 0, rng.uniform(0.008, 0.03))), radius, metal, 0, rng.uniform(0.7, 1))
    reach = Vector((side * rng.uniform(0.0, 0.3), rng.gauss(0, 0.05), 0))
    bow = rng.uniform(-0.1, 0.1)
    parts = rng.choice((1, 2, 8))
    steps = [k / parts for k in range(parts + 1)]
    points = [spot + reach * t**2 + Vector((bow * math.sin(math.pi * t), 0, height * t)) for t in steps]
    for start, end in pairwise(points):
        tube(start, end, rng.uniform(0.005, 0.01), metal, 0)
    down = Vector((side * rng.uniform(-0.04, 0.1), rng.gauss(0, 0.02), -rng.uniform(0.06, 0.16)))
    tube(points[-1], points[-1] + down, rng.uniform(0.02, 0.06), shade, 0, rng.uniform(1.2, 3.0))


def vase(spot: Vector, _turn: float, rng: Random, _photos: list[Path]) -> None:
    """A belly, a neck, and now and then twigs."""
    glaze, belly, height = paint(rng), rng.uniform(0.03, 0.07), rng.uniform(0.1, 0.25)
    ball(spot + Vector((0, 0, height * 0.4)), (belly, belly, height * 0.42), glaze, 0)
    top = spot + Vector((0, 0, height))
    tube(spot + Vector((0, 0, height * 0.6)), top, belly * 0.5, glaze, 0, rng.uniform(0.8, 1.6))
    for _ in range(rng.choice((0, 0, 3, 6))):
        way = Vector((rng.gauss(0, 0.06), rng.gauss(0, 0.06), rng.uniform(0.1, 0.25)))
        tube(top, top + way, 0.003, paint(rng), PLANT)


def toy(spot: Vector, turn: float, rng: Random, _photos: list[Path]) -> None:
    """A small car, often right in front of what stands there."""
    spot = Vector((spot.x * 0.4, -abs(spot.y) * 0.6, 0)) if rng.random() < 0.5 else spot
    long, wide, high = rng.uniform(0.05, 0.13), rng.uniform(0.03, 0.06), rng.uniform(0.015, 0.03)
    frame, wheel = at(spot, turn * 3), rng.uniform(0.008, 0.014)
    blocks([((-long / 2, -wide / 2, wheel), (long, wide, high))], paint(rng), 0, frame, 0.003)
    cabin = ((-long * rng.uniform(0.2, 0.4), -wide * 0.45, wheel + high), (long * 0.55, wide * 0.9, high))
    blocks([cabin], paint(rng), 0, frame, 0.003)
    tyre = material((0.02, 0.02, 0.02), 0.8)
    for x in (-long * 0.3, long * 0.3):
        ends = [frame @ Vector((x, y * wide * 0.55, wheel)) for y in (-1, 1)]
        tube(ends[0], ends[1], wheel, tyre, 0)


def speaker(spot: Vector, turn: float, rng: Random, _photos: list[Path]) -> None:
    """A dark box with round cones, or a ball with a dark face."""
    w, d, h = rng.uniform(0.08, 0.16), rng.uniform(0.08, 0.18), rng.uniform(0.1, 0.28)
    frame, cone = at(spot, turn), material((rng.uniform(0.01, 0.1),) * 3, 0.7)
    blocks([((-w / 2, -d / 2, 0), (w, d, h))], paint(rng), 0, frame, rng.uniform(0.001, 0.01))
    for z, part in ((0.35, 0.38), (0.75, 0.22)):
        face = frame @ Vector((0, -d / 2 + 0.006, h * z))
        tube(face, frame @ Vector((0, -d / 2 - 0.003, h * z)), w * part, cone, 0)


KINDS = (
    (mug, 3), (bottle, 2), (books, 3), (phone, 2), (mouse, 2), (paper, 3), (plant, 1), (tablet, 2),
    (keyboard, 2), (monitor, 3), (frame, 3), (box, 2), (lamp, 3), (vase, 1), (toy, 2), (speaker, 1),
)  # fmt: skip


def desk(rng: Random, photos: list[Path]) -> None:
    """A slab of wood, plain colour or a photograph's texture; or nearly none."""
    w, d, thick = rng.uniform(1.2, 2.6), rng.uniform(0.9, 1.6), rng.uniform(0.02, 0.06)
    kind = rng.random()
    top = wood(rng) if kind < 0.45 else paint(rng)
    if kind > 0.8:
        top = pictured(rng.choice(photos), 0, rng.uniform(0.2, 0.9))
    blocks([((-w / 2, -d / 2, -thick - 0.001), (w, d, thick))], paint(rng), 0, Matrix.Identity(4))
    sheet(
        (-w / 2, -d / 2, -0.0005),
        (w, 0, 0),
        (0, d, 0),
        top,
        0,
        Matrix.Rotation(rng.choice((0, math.pi)), 4, "Z"),
    )
    if rng.random() < 0.8:
        ground = pictured(rng.choice(photos), 0) if rng.random() < 0.3 else paint(rng)
        sheet((-5, -5, -0.75), (10, 0, 0), (0, 10, 0), ground, 0, Matrix.Identity(4))


def wood(rng: Random) -> bpy.types.Material:
    """Grain from stretched noise between two browns."""
    made = material((0, 0, 0), rng.uniform(0.2, 0.8))
    nodes, links = made.node_tree.nodes, made.node_tree.links
    place, stretch = nodes.new("ShaderNodeTexCoord"), nodes.new("ShaderNodeMapping")
    noise, ramp = nodes.new("ShaderNodeTexNoise"), nodes.new("ShaderNodeValToRGB")
    stretch.inputs["Scale"].default_value = (rng.uniform(1, 3), rng.uniform(10, 40), 1)
    noise.inputs["Scale"].default_value, noise.inputs["Detail"].default_value = rng.uniform(1, 4), 6
    red = rng.uniform(0.06, 0.6)
    for stop, shade in zip(ramp.color_ramp.elements, (rng.uniform(0.4, 0.8), 1), strict=True):
        stop.color = (
            red * shade,
            red * shade * rng.uniform(0.55, 0.75),
            red * shade * rng.uniform(0.25, 0.5),
            1,
        )
    links.new(place.outputs["Object"], stretch.inputs[0])
    links.new(stretch.outputs[0], noise.inputs[0])
    links.new(noise.outputs[0], ramp.inputs[0])
    links.new(ramp.outputs[0], nodes["Principled BSDF"].inputs["Base Color"])
    return made


def backdrop(eye: bpy.types.Object, scene: bpy.types.Scene, rng: Random, photos: list[Path]) -> None:
    """A photograph far behind everything that fills the view."""
    bpy.context.view_layer.update()
    far = 6.0
    half = far * eye.data.sensor_width / eye.data.lens / 2 * rng.uniform(1.0, 1.5)
    tall = half * scene.render.resolution_y / scene.render.resolution_x * rng.uniform(1, 1.3)
    made = pictured(rng.choice(photos), math.exp(rng.uniform(math.log(0.3), math.log(1.3))))
    sheet((-half, -tall, -far), (2 * half, 0, 0), (0, 2 * tall, 0), made, 0, eye.matrix_world)


def room(eye: bpy.types.Object, rng: Random, photos: list[Path]) -> None:
    """Walls with pictures, shelves with books, and perhaps a bright window."""
    back = max(rng.uniform(0.6, 2.5), eye.location.y + 0.5)
    side, front = max(rng.uniform(1.3, 3), abs(eye.location.x) + 0.5), max(4, 0.5 - eye.location.y)
    wall = paint(rng) if rng.random() < 0.75 else pictured(rng.choice(photos), 0)
    for turn, away in ((0, back), (math.pi / 2, side), (-math.pi / 2, side), (math.pi, front)):
        sheet((-6, away, -0.75), (12, 0, 0), (0, 0, 3.4), wall, 0, Matrix.Rotation(turn, 4, "Z"))
    for _ in range(rng.randint(0, 5)):
        w, h, x, z = (
            rng.uniform(0.2, 0.8),
            rng.uniform(0.2, 0.7),
            rng.uniform(-1.3, 1.0),
            rng.uniform(0.2, 1.2),
        )
        shown = pictured(rng.choice(photos), 0 if rng.random() < 0.8 else 3)
        blocks(
            [((x - 0.02, back - 0.03, z - 0.02), (w + 0.04, 0.02, h + 0.04))],
            paint(rng),
            0,
            Matrix.Identity(4),
        )
        sheet((x, back - 0.032, z), (w, 0, 0), (0, 0, h), shown, 0, Matrix.Identity(4))
    for z in rng.sample((0.25, 0.6, 0.95), rng.randint(0, 3)):
        x = -1.2
        while x < 1.2:
            w, h = rng.uniform(0.015, 0.05), rng.uniform(0.16, 0.28)
            blocks([((x, back - 0.24, z), (w, 0.2, h))], paint(rng), BOOK, Matrix.Identity(4))
            x += w + (rng.uniform(0.1, 0.5) if rng.random() < 0.08 else 0.002)


def sitter(rng: Random) -> None:
    """Somebody behind the desk: trunk, neck, head, hair."""
    x, y, shade = rng.uniform(-0.5, 0.5), rng.uniform(0.6, 0.9), rng.uniform(0.08, 0.75)
    skin = material((shade, shade * 0.65, shade * 0.45), 0.5)
    cloth, hair = paint(rng), material(any_colour(rng, 0.6), 0.8)
    ball(Vector((x, y, -0.1)), (0.24, 0.14, 0.42), cloth, PERSON)
    tube(Vector((x, y, 0.28)), Vector((x, y, 0.4)), 0.06, skin, PERSON)
    ball(Vector((x, y, 0.5)), (0.085, 0.1, 0.12), skin, PERSON)
    ball(Vector((x, y + 0.03, 0.54)), (0.095, 0.1, 0.11), hair, PERSON)
    for side in (-1, 1):
        tube(
            Vector((x + side * 0.22, y, 0.15)),
            Vector((x + side * 0.2, y - 0.35, 0.05)),
            0.05,
            cloth,
            PERSON,
            0.7,
        )
