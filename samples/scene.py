"""The desk of the sample clip: what stands on it, how it is lit and what moves. Metres; the camera looks along +y."""

from __future__ import annotations

import math

import bpy
from mathutils import Matrix
from mathutils import Vector as Vec

from materials import MASK_PASS, image_surface, landscape, speckled, surface, video_editor, wood
from shapes import Transform, Vector, animate, box, boxes, lathe, leaf, picture_plane, pivot, tube

LID_OPEN = math.radians(-16)
"""Lean of the open lid behind the upright."""


def build(frames: int) -> None:
    """Fill an empty scene with the desk, its lights and its camera, keyed for `frames` frames from 0 on."""
    scene = bpy.context.scene
    scene.view_layers[0].aovs.add().name = MASK_PASS
    scene.view_layers[0].aovs[MASK_PASS].type = "VALUE"
    _room()
    _laptop(frames)
    _mug((0.275, -0.06, 0.0))
    _books((0.40, 0.17, 0.0))
    _plant((0.42, 0.17, 0.071), frames)
    _lamp((-0.36, 0.16, 0.0))
    _notebook((-0.365, -0.07, 0.0))
    _pictures()
    _car(frames)
    _lights()
    _camera(frames)


def _room() -> None:
    oak = wood("oak", (0.16, 0.065, 0.022), (0.46, 0.235, 0.095))
    for row in range(6):
        plank = box(f"plank {row}", (2.6, 0.178, 0.04), (0.31 * (row % 3) - 0.3, -0.55 + 0.18 * row, -0.02), oak, 0.0015)
        plank.rotation_euler = (0.0, 0.0, math.pi * (row % 2))
    wall = speckled("plaster", (0.10, 0.22, 0.23), (0.085, 0.19, 0.205), 9.0, 0.9)
    box("wall", (4.0, 0.05, 2.4), (0.0, 0.62, 0.6), wall)
    trim = surface("trim", (0.62, 0.58, 0.50), 0.5)
    box("rail", (4.0, 0.02, 0.018), (0.0, 0.585, 0.42), trim, 0.003)


def _laptop(frames: int) -> None:
    """A 13-inch laptop: every one of its materials writes 1 into the mask pass."""
    shell = surface("aluminium", (0.60, 0.61, 0.64), 0.28, 0.9, laptop=True)
    dark = surface("bezel", (0.012, 0.012, 0.014), 0.25, laptop=True)
    well = surface("key well", (0.035, 0.035, 0.04), 0.6, laptop=True)
    keys = surface("keys", (0.028, 0.029, 0.033), 0.42, laptop=True)
    pad = surface("trackpad", (0.46, 0.47, 0.50), 0.36, 0.5, laptop=True)
    body = pivot("laptop", (-0.01, 0.0, 0.0), (0.0, 0.0, math.radians(5)))
    box("base", (0.335, 0.232, 0.013), (0.0, 0.0, 0.0095), shell, 0.004, parent=body)
    box("keyboard well", (0.292, 0.110, 0.001), (0.0, 0.040, 0.0160), well, 0.0003, parent=body)
    boxes("keys", _key_rows(), keys, 0.0011, (0.0, 0.040, 0.0175), parent=body)
    box("trackpad", (0.112, 0.068, 0.0008), (0.0, -0.066, 0.0161), pad, 0.0003, parent=body)
    for side in (-1, 1):
        lathe(f"foot {side}", [(0, 0), (0.008, 0), (0.008, 0.004), (0, 0.004)], (0.14 * side, -0.09, 0), dark, parent=body)
    boxes("hinge", [((0.23, 0.011, 0.009), (0, 0, 0))], dark, 0.003, (0.0, 0.114, 0.016), parent=body)
    lid = pivot("lid", (0.0, 0.116, 0.018), parent=body)
    box("lid shell", (0.335, 0.006, 0.222), (0.0, 0.0, 0.112), shell, 0.0025, parent=lid)
    box("lid glass", (0.329, 0.001, 0.216), (0.0, -0.0032, 0.112), dark, 0.0004, parent=lid)
    screen = image_surface("screen", video_editor(), 1.5, laptop=True)
    picture_plane("screen", (0.314, 0.196), (0.0, -0.0039, 0.1145), screen, parent=lid)
    lens = surface("camera lens", (0.02, 0.03, 0.06), 0.1, laptop=True)
    box("camera", (0.004, 0.0004, 0.002), (0.0, -0.0039, 0.2165), lens, parent=lid)
    animate(lid, _lid_path, frames)


def _lid_path(t: float) -> Transform:
    """The lid swings open by ten degrees and comes to rest after two thirds of the clip."""
    u = min(1.0, max(0.0, t / 0.65))
    swing = math.radians(11) * (1 - u * u * (3 - 2 * u))
    return (0.0, 0.116, 0.018), (LID_OPEN + swing, 0.0, 0.0)


def _key_rows() -> list[tuple[Vector, Vector]]:
    """Six rows of keys, each row as wide as the others: (key widths in units) per row, one unit 19 mm."""
    rows = [
        [1.5, *[1.5] * 7, 1.5, 1.5],
        [1.0] * 13 + [2.0],
        [1.5] + [1.0] * 12 + [1.5],
        [1.8] + [1.0] * 11 + [2.2],
        [2.3] + [1.0] * 10 + [2.7],
        [1.0, 1.0, 1.25, 1.25, 5.0, 1.25, 1.25, 1.0, 1.0, 1.0],
    ]
    parts: list[tuple[Vector, Vector]] = []
    unit, gap = 0.0191, 0.0028
    y = 0.0485
    for index, row in enumerate(rows):
        depth = 0.009 if index == 0 else 0.0155
        scale, x = 15.0 * unit / sum(row), -7.5 * unit
        for width in row:
            parts.append(((width * scale - gap, depth, 0.0022), (x + width * scale / 2, y - depth / 2, 0.0)))
            x += width * scale
        y -= depth + gap
    return parts


def _mug(at: Vector) -> None:
    glaze = speckled("glaze", (0.80, 0.30, 0.10), (0.70, 0.22, 0.07), 60.0, 0.22)
    coffee = surface("coffee", (0.035, 0.014, 0.006), 0.08)
    profile = [
        (0.0, 0.002), (0.030, 0.0), (0.036, 0.004), (0.0395, 0.02), (0.041, 0.05), (0.0415, 0.088), (0.0400, 0.0905),
        (0.0385, 0.088), (0.0375, 0.05), (0.035, 0.012), (0.0, 0.009),
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
    parts = [((w, d, board), (0, 0, board / 2)), ((w, d, board), (0, 0, h - board / 2)), ((w, board, h), (0, -d / 2, h / 2))]
    boxes(f"{name} cover", parts, cover, 0.001, parent=book)
    box(f"{name} pages", (w - 0.008, d - 0.006, h - 2 * board), (0, 0.0, h / 2), paper, parent=book)
    bands = [((0.004, 0.001, h * 0.8), (x * w, -d / 2 - 0.0016, h / 2)) for x in (-0.4, -0.36, 0.36, 0.4)]
    bands.append(((0.34 * w, 0.001, 0.2 * h), (0, -d / 2 - 0.0016, h / 2)))
    boxes(f"{name} lettering", bands, gold, parent=book)


def _books(at: Vector) -> None:
    x, y, _ = at
    _book("atlas", (0.23, 0.165, 0.030), (x, y, 0.0), (0.42, 0.06, 0.05), math.radians(-4))
    _book("novel", (0.20, 0.145, 0.022), (x + 0.01, y, 0.030), (0.72, 0.46, 0.10), math.radians(5))
    _book("poems", (0.175, 0.125, 0.019), (x - 0.005, y, 0.052), (0.06, 0.14, 0.32), math.radians(-9))


def _plant(at: Vector, frames: int) -> None:
    clay = speckled("clay", (0.60, 0.27, 0.15), (0.50, 0.21, 0.11), 40.0, 0.8)
    soil = speckled("soil", (0.05, 0.03, 0.02), (0.02, 0.012, 0.008), 150.0, 1.0)
    rim = [(0.0, 0.0), (0.034, 0.0), (0.046, 0.062), (0.051, 0.062), (0.052, 0.078), (0.047, 0.078), (0.044, 0.066)]
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
    tube(f"stem {i}", [(0, 0, 0), (reach * 0.4, 0, height * 0.7), (reach, 0, height)], 0.0016, stem, parent=foot)
    blade = leaf(f"blade {i}", 0.085 + 0.004 * (i % 5), 0.046, 0.045 + 0.002 * i, green, parent=foot)
    blade.location = (reach, 0, height)

    def sway(t: float) -> Transform:
        wave = math.sin(math.tau * (1.1 * t + 0.17 * i))
        return at, (0.04 * wave, 0.05 * math.cos(math.tau * (0.9 * t + 0.3 * i)), turn + 0.03 * wave)

    animate(foot, sway, frames)


def _lamp(at: Vector) -> None:
    brass = surface("brass", (0.75, 0.48, 0.18), 0.25, 1.0)
    enamel = surface("enamel", (0.055, 0.20, 0.15), 0.25, Coat_Weight=0.6)
    glow = surface("bulb", (1.0, 0.8, 0.5), 0.5, Emission_Color=(1.0, 0.66, 0.32), Emission_Strength=28.0)
    base = [(0, 0), (0.062, 0), (0.064, 0.004), (0.060, 0.012), (0.02, 0.018), (0.009, 0.022), (0, 0.022)]
    lathe("lamp base", base, at, enamel)
    arm = [(0, 0, 0.02), (-0.03, 0.0, 0.18), (0.0, 0.0, 0.33), (0.07, -0.01, 0.365), (0.12, -0.02, 0.33)]
    tube("lamp arm", arm, 0.0045, brass, at)
    head = pivot("lamp head", (at[0] + 0.122, at[1] - 0.021, at[2] + 0.325), (math.radians(-12), math.radians(-24), 0))
    shade = [(0.010, 0.012), (0.017, 0.008), (0.026, -0.005), (0.062, -0.062), (0.066, -0.074), (0.063, -0.073), (0.024, -0.008)]
    lathe("shade", shade, (0, 0, 0), enamel, parent=head)
    lining = surface("lining", (0.9, 0.85, 0.7), 0.7, Emission_Color=(1.0, 0.62, 0.28), Emission_Strength=1.6)
    lining.cycles.emission_sampling = "NONE"
    inside = [(0.016, 0.004), (0.0245, -0.0095), (0.0605, -0.0625), (0.0640, -0.073)]
    lathe("lining", inside, (0, 0, 0), lining, parent=head)
    lathe("shade knob", [(0, 0.030), (0.006, 0.026), (0.007, 0.014), (0.010, 0.010)], (0, 0, 0), brass, parent=head)
    bulb = [(0.0, -0.060), (0.012, -0.056), (0.018, -0.044), (0.014, -0.028), (0.008, -0.014)]
    lathe("bulb", bulb, (0, 0, 0), glow, parent=head)


def _notebook(at: Vector) -> None:
    cover = speckled("notebook", (0.055, 0.06, 0.075), (0.04, 0.045, 0.055), 200.0, 0.6)
    paper = surface("notebook paper", (0.80, 0.76, 0.66), 0.9)
    band = surface("elastic", (0.75, 0.20, 0.08), 0.7)
    book = pivot("notebook", at, (0, 0, math.radians(17)))
    boxes("notebook cover", [((0.13, 0.19, 0.002), (0, 0, z)) for z in (0.001, 0.014)], cover, 0.0008, parent=book)
    box("notebook pages", (0.127, 0.186, 0.011), (0, 0, 0.0075), paper, parent=book)
    box("elastic", (0.006, 0.192, 0.0165), (0.048, 0, 0.0075), band, 0.0006, parent=book)
    yellow = surface("pencil", (0.85, 0.52, 0.05), 0.35)
    tip = surface("pencil wood", (0.75, 0.52, 0.32), 0.7)
    rod = pivot("pencil", (at[0] - 0.01, at[1] - 0.02, 0.0190), (math.radians(90), 0, math.radians(-38)))
    lathe("pencil body", [(0, -0.08), (0.0038, -0.08), (0.0038, 0.07)], (0, 0, 0), yellow, parent=rod, steps=6)
    lathe("pencil tip", [(0.0038, 0.07), (0.0008, 0.088), (0, 0.088)], (0, 0, 0), tip, parent=rod, steps=12)


def _pictures() -> None:
    walnut = surface("frame", (0.13, 0.06, 0.03), 0.4)
    mat = surface("mat", (0.80, 0.77, 0.70), 0.8)
    view = image_surface("print", landscape(300, 220, seed=11), 0.0)
    frame = pivot("picture", (0.235, 0.43, 0.12), (math.radians(-10), 0, math.radians(-6)))
    box("picture frame", (0.20, 0.016, 0.25), (0, 0.004, 0.0), walnut, 0.003, parent=frame)
    box("picture mat", (0.176, 0.002, 0.226), (0, -0.005, 0.0), mat, parent=frame)
    picture_plane("print", (0.13, 0.178), (0, -0.0065, 0.0), view, parent=frame)
    glass = surface("vase", (0.78, 0.72, 0.62), 0.25, Coat_Weight=0.5)
    vase = [(0, 0), (0.026, 0), (0.046, 0.03), (0.050, 0.06), (0.036, 0.10), (0.018, 0.13), (0.016, 0.15), (0.022, 0.165)]
    lathe("vase", vase, (-0.245, 0.42, 0.0), glass)


def _car(frames: int) -> None:
    """A wooden toy car that drives past the front of the laptop and hides a part of it for a while."""
    red = surface("car paint", (0.62, 0.045, 0.035), 0.22, Coat_Weight=0.7)
    cream = surface("car cabin", (0.85, 0.74, 0.52), 0.4)
    beech = surface("wheel", (0.60, 0.38, 0.20), 0.5)
    tyre = surface("tyre", (0.03, 0.03, 0.03), 0.6)
    car = pivot("car", (0, 0, 0))
    box("car body", (0.082, 0.036, 0.020), (0, 0, 0.020), red, 0.007, parent=car)
    box("car cabin", (0.042, 0.031, 0.019), (-0.005, 0, 0.037), cream, 0.003, parent=car)
    panes = [((0.014, 0.0325, 0.010), (x, 0, 0.038)) for x in (-0.0145, 0.0045)]
    panes.append(((0.0435, 0.023, 0.010), (-0.005, 0, 0.038)))
    boxes("car windows", panes, surface("car glass", (0.05, 0.09, 0.12), 0.15), 0.0015, parent=car)
    radius = 0.0115
    for x in (-0.025, 0.026):
        for side in (-1, 1):
            wheel = pivot(f"wheel {x} {side}", (x, 0.0185 * side, radius), parent=car)
            disc = [(0, -0.004), (0.0115, -0.004), (0.0115, 0.004), (0, 0.004)]
            lathe("tyre", disc, (0, 0, 0), tyre, (math.radians(90), 0, 0), wheel)
            boxes("spokes", [((0.013, 0.0095, 0.0035), (0, 0, 0)), ((0.0035, 0.0095, 0.013), (0, 0, 0))], beech, parent=wheel)
            animate(wheel, lambda t, at=(x, 0.0185 * side, radius): (at, (0.0, _car_travel(t) / radius, 0.0)), frames)
    heading = math.radians(7)
    start = Vec((-0.20, -0.19, 0.0))

    def drive(t: float) -> Transform:
        step = Vec((math.cos(heading), math.sin(heading), 0.0)) * _car_travel(t)
        return tuple(start + step), (0.0, 0.0, heading)  # type: ignore[return-value]

    animate(car, drive, frames)


def _car_travel(t: float) -> float:
    """Metres driven: a start from rest and a gentle stop."""
    u = min(1.0, max(0.0, t))
    return 0.36 * (0.35 * t + 0.65 * u * u * (3 - 2 * u))


def _lights() -> None:
    """A low sun through a window outside the picture, the sky in that window, and a warm fill from the room."""
    scene = bpy.context.scene
    world = bpy.data.worlds.new("room")
    scene.world = world
    background = world.node_tree.nodes["Background"]
    background.inputs["Color"].default_value = (0.55, 0.68, 0.85, 1.0)
    background.inputs["Strength"].default_value = 0.22
    _lamp_object("sun", "SUN", (0, 0, 0), (-1.5, -0.75, 1.35), 4.2, (1.0, 0.80, 0.55), angle=0.012)
    _lamp_object("sky", "AREA", (0.05, 0.1, 0.1), (-1.3, -0.5, 0.9), 12.0, (0.70, 0.84, 1.0), size=0.9)
    _lamp_object("fill", "AREA", (0.0, 0.1, 0.1), (1.0, -1.3, 1.0), 7.0, (1.0, 0.82, 0.66), size=1.2)
    shutter = surface("shutter", (0.3, 0.3, 0.3), 0.9)
    bars = [((0.02, 2.0, 0.045), (0, 0, 0.30 * i)) for i in range(-1, 3)]
    bars += [((0.02, 0.045, 1.6), (0, 0.33 * i, 0.2)) for i in range(-3, 4)]
    bars += [((0.02, 3.0, 1.0), (0, 0, 1.12)), ((0.02, 3.0, 1.0), (0, 0, -0.80))]
    window = boxes("window bars", bars, shutter, at=(-1.35, -0.65, 1.0), rotation=(0, 0, math.radians(25)))
    window.visible_camera = window.visible_glossy = window.visible_diffuse = False


def _lamp_object(
    name: str, kind: str, target: Vector, at: Vector, energy: float, color: Vector, size: float = 0.0, angle: float = 0.0
) -> None:
    light = bpy.data.lights.new(name, kind)
    light.energy, light.color = energy, color
    if kind == "AREA":
        light.size = size
    if kind == "SUN":
        light.angle = angle
    thing = bpy.data.objects.new(name, light)
    thing.matrix_world = _look(Vec(at), Vec(target))
    bpy.context.scene.collection.objects.link(thing)


def _look(at: Vec, target: Vec) -> Matrix:
    """The pose of a camera or lamp at `at` that looks at `target`."""
    return Matrix.Translation(at) @ (target - at).to_track_quat("-Z", "Y").to_matrix().to_4x4()


def _camera(frames: int) -> None:
    """A slow dolly from the left towards the laptop."""
    scene = bpy.context.scene
    data = bpy.data.cameras.new("camera")
    data.lens, data.sensor_width, data.clip_start = 36.0, 36.0, 0.02
    camera = bpy.data.objects.new("camera", data)
    scene.collection.objects.link(camera)
    scene.camera = camera

    def dolly(t: float) -> Transform:
        at = Vec((-0.20, -0.80, 0.40)).lerp(Vec((0.12, -0.70, 0.34)), t)
        pose = _look(at, Vec((0.015, 0.02, 0.09)))
        return tuple(at), tuple(pose.to_euler())  # type: ignore[return-value]

    animate(camera, dolly, frames)
