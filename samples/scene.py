"""The desk of the sample clip: the laptop, the light and what moves. Metres; the camera looks along +y."""

from __future__ import annotations

import math

import bpy
import props
from materials import MASK_PASS, image_surface, speckled, surface, video_editor, wood
from mathutils import Matrix
from mathutils import Vector as Vec
from shapes import Transform, Vector, animate, box, boxes, lathe, picture_plane, pivot

LID_OPEN = math.radians(-16)
"""Lean of the open lid behind the upright."""


def build(frames: int) -> None:
    """Fill an empty scene with the desk, its lights and its camera, keyed for `frames` frames from 0 on."""
    scene = bpy.context.scene
    scene.view_layers[0].aovs.add().name = MASK_PASS
    scene.view_layers[0].aovs[MASK_PASS].type = "VALUE"
    _room()
    _laptop(frames)
    props.mug((0.275, -0.06, 0.0))
    props.books((0.40, 0.17, 0.0))
    props.plant((0.42, 0.17, 0.071), frames)
    props.lamp((-0.36, 0.16, 0.0))
    props.notebook((-0.365, -0.07, 0.0))
    props.pictures()
    _car(frames)
    _lights()
    _camera(frames)


def _room() -> None:
    oak = wood("oak", (0.16, 0.065, 0.022), (0.46, 0.235, 0.095))
    for row in range(6):
        plank = box(
            f"plank {row}",
            (2.6, 0.178, 0.04),
            (0.31 * (row % 3) - 0.3, -0.55 + 0.18 * row, -0.02),
            oak,
            0.0015,
        )
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
        lathe(
            f"foot {side}",
            [(0, 0), (0.008, 0), (0.008, 0.004), (0, 0.004)],
            (0.14 * side, -0.09, 0),
            dark,
            parent=body,
        )
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
            boxes(
                "spokes",
                [((0.013, 0.0095, 0.0035), (0, 0, 0)), ((0.0035, 0.0095, 0.013), (0, 0, 0))],
                beech,
                parent=wheel,
            )
            animate(
                wheel,
                lambda t, at=(x, 0.0185 * side, radius): (at, (0.0, _car_travel(t) / radius, 0.0)),
                frames,
            )
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
    """A low sun through a window outside the picture, the sky in it, and a warm fill from the room."""
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
    name: str,
    kind: str,
    target: Vector,
    at: Vector,
    energy: float,
    color: Vector,
    size: float = 0.0,
    angle: float = 0.0,
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
