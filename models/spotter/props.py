# /// script
# requires-python = "==3.11.*"
# dependencies = ["bpy>=5.0", "numpy>=1.26,<2"]
# ///
"""The things in a rendered scene: laptops of any shape, what lies beside them, people's hands, desks and
rooms.

Metres; the desk's top is z = 0; a thing faces -y before it is turned. `pass_index` is the label.
"""

from __future__ import annotations

import math
import random
from collections.abc import Sequence
from pathlib import Path

import bpy
from mathutils import Matrix, Vector

Random = random.Random
Triple = tuple[float, float, float]
PERSON, LAPTOP, PHONE, CUP, BOTTLE, TV, KEYBOARD, BOOK, PLANT = 1, 2, 3, 4, 5, 8, 9, 10, 19


def material(colour: Triple, rough: float = 0.5, metal: float = 0.0) -> bpy.types.Material:
    """A plain principled material."""
    made = bpy.data.materials.new("plain")
    made.use_nodes = True
    shader = made.node_tree.nodes["Principled BSDF"]
    shader.inputs["Base Color"].default_value = (*colour, 1)
    shader.inputs["Roughness"].default_value = rough
    shader.inputs["Metallic"].default_value = metal
    return made


def pictured(path: Path, glow: float, rough: float = 0.6) -> bpy.types.Material:
    """A photograph, printed (glow 0) or shining."""
    made = material((0, 0, 0), rough)
    tree = made.node_tree
    texture = tree.nodes.new("ShaderNodeTexImage")
    texture.image = bpy.data.images.load(str(path), check_existing=True)
    shader = tree.nodes["Principled BSDF"]
    if glow:
        tree.links.new(texture.outputs[0], shader.inputs["Emission Color"])
        shader.inputs["Emission Strength"].default_value = glow
    else:
        tree.links.new(texture.outputs[0], shader.inputs["Base Color"])
    return made


def any_colour(rng: Random, dull: float = 0.5) -> Triple:
    """Any colour; the share `dull` of them grey."""
    value = math.exp(rng.uniform(math.log(0.01), math.log(0.9)))
    tint = 0.05 if rng.random() < dull else 0.7
    return tuple(min(1.0, value * (1 + tint * rng.uniform(-1, 1))) for _ in range(3))  # type: ignore[return-value]


def body_colour(rng: Random) -> tuple[Triple, float]:
    """What laptops are made of: silver, space grey, black, white, now and then a colour; and how metallic."""
    kind = rng.random()
    if kind < 0.3:
        return (rng.uniform(0.5, 0.8),) * 3, rng.choice((0.0, 0.6, 0.9))
    if kind < 0.65:
        return (rng.uniform(0.008, 0.09),) * 3, rng.choice((0.0, 0.0, 0.7))
    if kind < 0.8:
        return (rng.uniform(0.12, 0.35),) * 3, rng.choice((0.0, 0.8))
    return any_colour(rng, 0.2), rng.choice((0.0, 0.3))


def mesh(
    points: Sequence[Triple],
    faces: Sequence[Sequence[int]],
    paint: bpy.types.Material,
    index: int,
    frame: Matrix,
    picture: bool = False,
) -> bpy.types.Object:
    """An object of these points in the given frame; `picture` maps the first face onto the whole texture."""
    data = bpy.data.meshes.new("mesh")
    data.from_pydata(points, [], faces)
    data.materials.append(paint)
    if picture:
        layer = data.uv_layers.new()
        for i, uv in enumerate(((0, 0), (1, 0), (1, 1), (0, 1))):
            layer.data[i].uv = uv
    made = bpy.data.objects.new("thing", data)
    made.matrix_world = frame
    made.pass_index = index
    bpy.context.scene.collection.objects.link(made)
    return made


CORNERS = [(x, y, z) for z in (0, 1) for y in (0, 1) for x in (0, 1)]
SIDES = [(0, 2, 3, 1), (4, 5, 7, 6), (0, 1, 5, 4), (2, 6, 7, 3), (0, 4, 6, 2), (1, 3, 7, 5)]


def blocks(boxes: Sequence[tuple[Triple, Triple]], paint: bpy.types.Material, index: int, frame: Matrix,
           bevel: float = 0.0) -> bpy.types.Object:  # fmt: skip
    """Boxes (lowest corner, size) as one object."""
    points: list[Triple] = []
    faces: list[list[int]] = []
    for corner, size in boxes:
        faces += [[len(points) + i for i in side] for side in SIDES]
        points += [tuple(corner[k] + c[k] * size[k] for k in range(3)) for c in CORNERS]  # type: ignore[misc]
    made = mesh(points, faces, paint, index, frame)
    if bevel:
        rounding = made.modifiers.new("bevel", "BEVEL")
        rounding.width, rounding.segments = bevel, 3
    return made


def sheet(
    corner: Triple, right: Triple, up: Triple, paint: bpy.types.Material, index: int, frame: Matrix
) -> None:
    """A rectangle that may carry a picture."""
    a, b, c = Vector(corner), Vector(right), Vector(up)
    mesh([tuple(v) for v in (a, a + b, a + b + c, a + c)], [(0, 1, 2, 3)], paint, index, frame, picture=True)


def tube(
    start: Vector, end: Vector, radius: float, paint: bpy.types.Material, index: int, taper: float = 1.0
) -> None:
    """A capped cylinder or cone between two points, smooth, with a ball at each end."""
    axis = end - start
    bpy.ops.mesh.primitive_cone_add(vertices=16, radius1=radius, radius2=radius * taper, depth=axis.length)
    made = bpy.context.object
    made.matrix_world = (
        Matrix.Translation((start + end) / 2) @ axis.to_track_quat("Z", "Y").to_matrix().to_4x4()
    )
    finish(made, paint, index)


def ball(centre: Vector, radii: Triple, paint: bpy.types.Material, index: int, turn: float = 0.0) -> None:
    """An ellipsoid."""
    bpy.ops.mesh.primitive_uv_sphere_add(segments=16, ring_count=10, location=centre, rotation=(0, 0, turn))
    bpy.context.object.scale = radii
    finish(bpy.context.object, paint, index)


def finish(made: bpy.types.Object, paint: bpy.types.Material, index: int) -> None:
    """Smooth, painted, labelled."""
    made.data.materials.append(paint)
    made.data.shade_smooth()
    made.pass_index = index


def at(spot: Vector, turn: float) -> Matrix:
    """The frame of a thing that stands at a spot."""
    return Matrix.Translation(spot) @ Matrix.Rotation(turn, 4, "Z")


def screen(
    rng: Random, photos: list[Path], width: float, height: float, index: int, frame: Matrix, lift: float
) -> None:
    """A display in the plane y = -lift of its frame: picture, windows on a desktop, plain colour, or off."""
    kind = rng.random()
    glow = math.exp(rng.uniform(math.log(0.4), math.log(2.5)))
    dark = material((0.004, 0.004, 0.005), rng.uniform(0.05, 0.4))
    lit = pictured(rng.choice(photos), glow) if kind < 0.4 else shining(any_colour(rng, 0.3), glow)
    ground = dark if kind > 0.75 else lit
    sheet((-width / 2, -lift, 0), (width, 0, 0), (0, 0, height), ground, index, frame)
    if kind > 0.75 and rng.random() < 0.6:
        return
    for i in range(rng.choice((0, 1, 2, 4))):
        w, h = rng.uniform(0.2, 0.8) * width, rng.uniform(0.2, 0.8) * height
        x, z, y = rng.uniform(-width / 2, width / 2 - w), rng.uniform(0, height - h), -lift - 0.0002 * (i + 1)
        tone = rng.choice(((0.9, 0.9, 0.9), (0.02, 0.02, 0.03), any_colour(rng, 0.2)))
        sheet((x, y, z), (w, 0, 0), (0, 0, h), shining(tone, glow), index, frame)
        ink = shining((0.1, 0.1, 0.1) if sum(tone) > 1 else (0.7, 0.7, 0.6), glow * 0.7)
        rows = [z + h * (0.1 + 0.1 * k) for k in range(rng.randint(0, 8))]
        size = [(w * rng.uniform(0.2, 0.85), 0.00005, h * 0.035) for _ in rows]
        lines = [((x + 0.05 * w, y - 0.0001, row), s) for row, s in zip(rows, size, strict=True)]
        if lines:
            blocks(lines, ink, index, frame)


def shining(colour: Triple, glow: float) -> bpy.types.Material:
    """A lit surface of one colour."""
    made = material((0, 0, 0), 0.4)
    shader = made.node_tree.nodes["Principled BSDF"]
    shader.inputs["Emission Color"].default_value = (*colour, 1)
    shader.inputs["Emission Strength"].default_value = glow
    return made


def keys(width: float, depth: float, z: float, rng: Random) -> list[tuple[Triple, Triple]]:
    """Rows of keys over a field centred in x that begins at y = 0."""
    rows, columns, rise = rng.choice((4, 5, 6)), rng.choice((11, 13, 15)), rng.uniform(0.0008, 0.003)
    dx, dy, gap = width / columns, depth / rows, rng.uniform(0.08, 0.22)
    boxes = []
    for r in range(rows):
        c = 0
        while c < columns:
            wide = 5 if r == 0 and c == columns // 2 - 2 else 1
            box = (
                (-width / 2 + dx * (c + gap / 2), dy * (r + gap / 2), z),
                (dx * (wide - gap), dy * (1 - gap), rise),
            )
            boxes.append(box)
            c += wide
    return boxes


def laptop(spot: Vector, turn: float, rng: Random, photos: list[Path]) -> None:
    """Base with keys and pad, lid at any angle with bezel, display, badge and stickers."""
    width, depth, thick = rng.uniform(0.27, 0.40), rng.uniform(0.19, 0.27), rng.uniform(0.008, 0.028)
    colour, metal = body_colour(rng)
    body = material(colour, rng.uniform(0.2, 0.6), metal)
    lift = rng.uniform(0.001, 0.1) if rng.random() < 0.12 else 0.001
    frame = at(spot + Vector((0, 0, lift)), turn)
    bevel = rng.uniform(0.001, 0.006)
    blocks([((-width / 2, -depth / 2, 0), (width, depth, thick))], body, LAPTOP, frame, bevel)
    inner = body if rng.random() < 0.6 else material(body_colour(rng)[0], 0.5)
    deck = Matrix.Translation((0, depth * rng.uniform(-0.12, 0.0), 0))
    ink = material(
        (rng.uniform(0.005, 0.05),) * 3 if rng.random() < 0.75 else (rng.uniform(0.3, 0.9),) * 3, 0.5
    )
    field = width * rng.uniform(0.78, 0.95)
    blocks(keys(field, depth * rng.uniform(0.38, 0.5), thick, rng), ink, LAPTOP, frame @ deck)
    pad, tall = rng.uniform(0.22, 0.42) * width, depth * rng.uniform(0.2, 0.3)
    tone = material(tuple(min(1, c * rng.uniform(0.7, 1.3)) for c in colour), 0.3)  # type: ignore[arg-type]
    sheet((-pad / 2, -depth * 0.46, thick + 0.0004), (pad, 0, 0), (0, tall, 0), tone, LAPTOP, frame)
    opened = math.radians(
        rng.choice((rng.gauss(105, 14), rng.gauss(105, 14), rng.gauss(110, 20), rng.uniform(1, 180)))
    )
    hinge = Matrix.Translation((0, depth / 2, thick)) @ Matrix.Rotation(math.pi / 2 - opened, 4, "X")
    lid(width, depth, body, inner, frame @ hinge, rng, photos)


def lid(
    width: float,
    depth: float,
    body: bpy.types.Material,
    inner: bpy.types.Material,
    frame: Matrix,
    rng: Random,
    photos: list[Path],
) -> None:
    """The lid stands up from the hinge along z; its display faces -y."""
    thick, height = rng.uniform(0.004, 0.012), depth * rng.uniform(0.94, 1.02)
    blocks([((-width / 2, 0, -0.004), (width, thick, height + 0.006))], body, LAPTOP, frame, 0.003)
    rim, chin = rng.uniform(0.004, 0.022), rng.uniform(0.006, 0.035)
    if rng.random() < 0.8:
        inner = material((rng.uniform(0.003, 0.03),) * 3, rng.uniform(0.1, 0.6))
    sheet(
        (-width / 2 + 0.002, -0.0004, 0.001),
        (width - 0.004, 0, 0),
        (0, 0, height - 0.002),
        inner,
        LAPTOP,
        frame,
    )
    shown = frame @ Matrix.Translation((0, 0, chin))
    screen(rng, photos, width - 2 * rim, height - rim - chin, LAPTOP, shown, 0.0008)
    if rng.random() < 0.7:
        size = rng.uniform(0.02, 0.06)
        badge = shining((1, 1, 1), 1.5) if rng.random() < 0.25 else material(any_colour(rng, 0.7), 0.2, 0.5)
        where = Vector((0, thick + 0.001, height * rng.uniform(0.45, 0.6)))
        ball(frame @ where, (size / 2, 0.001, size / 2), badge, LAPTOP)
        bpy.context.object.matrix_world = (
            frame @ Matrix.Translation(where) @ Matrix.Diagonal((size / 2, 0.0008, size / 2, 1))
        )
    for i in range(rng.choice((0, 0, 0, 3, 9))):
        w, h = rng.uniform(0.02, 0.09), rng.uniform(0.02, 0.07)
        x, z = rng.uniform(-width / 2, width / 2 - w), rng.uniform(0, height - h)
        paint = pictured(rng.choice(photos), 0) if rng.random() < 0.5 else material(any_colour(rng, 0.1), 0.4)
        sheet((x + w, thick + 0.0005 + 0.0001 * i, z), (-w, 0, 0), (0, 0, h), paint, LAPTOP, frame)


def hands(spot: Vector, turn: float, rng: Random) -> None:
    """Two forearms that come from the front, each with a palm and fingers over the keys."""
    shade = rng.uniform(0.08, 0.75)
    skin = material((shade, shade * rng.uniform(0.55, 0.75), shade * rng.uniform(0.35, 0.6)), 0.5)
    sleeve = material(any_colour(rng), 0.9) if rng.random() < 0.6 else skin
    frame = at(spot, turn)
    for side in (-1, 1) if rng.random() < 0.75 else (1,):
        palm = Vector((side * rng.uniform(0.03, 0.12), rng.uniform(-0.12, -0.02), rng.uniform(0.03, 0.06)))
        elbow = palm + Vector(
            (side * rng.uniform(0.02, 0.18), -rng.uniform(0.25, 0.35), rng.uniform(-0.01, 0.1))
        )
        wrist = palm + (elbow - palm).normalized() * 0.05
        ball(frame @ palm, (0.04, 0.048, 0.016), skin, PERSON, turn)
        tube(frame @ wrist, frame @ elbow, 0.026, sleeve, PERSON, 1.5)
        ball(frame @ wrist, (0.026, 0.03, 0.024), skin, PERSON, turn)
        for k in range(5):
            root = palm + Vector((0.016 * (k - 2), 0.035 - 0.03 * (k * side == 0 or k * side == -4), 0))
            tip = root + Vector((0.005 * (k - 2), rng.uniform(0.025, 0.05), -rng.uniform(0.005, 0.02)))
            tube(frame @ root, frame @ tip, 0.008, skin, PERSON, 0.8)
