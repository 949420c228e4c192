# /// script
# requires-python = "==3.11.*"
# dependencies = ["bpy>=5.0", "numpy>=1.26,<2"]
# ///
"""Renders desks with laptops, and desks without, with exact label maps, by Cycles on the CPU.

`python render.py --photos DIR --out DIR --count 600` writes img/NAME.jpg and lab/NAME.png (label values
of `network.LABELS`) and goes on where it was stopped. Every scene follows from its number alone. The
photographs become backdrops, screen contents, pictures on walls and covers of books. A second render of
one sample paints each object in its label.
"""

from __future__ import annotations

import argparse
import math
import random
from pathlib import Path

import bpy
import clutter
import props
from mathutils import Vector
from props import Random

LAPTOP = 2


def reset(width: int, height: int, samples: int) -> bpy.types.Scene:
    """An empty scene with its render settings."""
    bpy.ops.wm.read_factory_settings(use_empty=True)
    scene = bpy.context.scene
    render = scene.render
    render.engine = "CYCLES"
    render.resolution_x, render.resolution_y, render.resolution_percentage = width, height, 100
    render.threads_mode, render.threads = "FIXED", 1
    cycles = scene.cycles
    cycles.samples, cycles.use_denoising, cycles.max_bounces = samples, True, 2
    cycles.denoising_quality, cycles.denoising_prefilter = "FAST", "NONE"
    cycles.use_adaptive_sampling = False
    cycles.caustics_reflective = cycles.caustics_refractive = False
    return scene


def light(scene: bpy.types.Scene, rng: Random) -> None:
    """A grey or coloured sky and one to three lamps, warm or cold, near or far."""
    world = bpy.data.worlds.new("world")
    scene.world = world
    world.use_nodes = True
    background = world.node_tree.nodes.get("Background") or world.node_tree.nodes.new("ShaderNodeBackground")
    background.inputs[0].default_value = (*[rng.uniform(0.6, 1.0) for _ in range(3)], 1)
    background.inputs[1].default_value = math.exp(rng.uniform(math.log(0.25), math.log(1.8)))
    for _ in range(rng.choice((1, 1, 2, 3))):
        lamp = bpy.data.lights.new("lamp", "AREA")
        lamp.energy = math.exp(rng.uniform(math.log(8), math.log(120)))
        lamp.size = rng.uniform(0.1, 1.5)
        warm = rng.uniform(-1, 1)
        lamp.color = (1 + min(warm, 0) * 0.4, 0.9, 1 - max(warm, 0) * 0.5)
        spot = bpy.data.objects.new("lamp", lamp)
        spot.location = (rng.uniform(-2, 2), rng.uniform(-2, 2), rng.uniform(0.8, 2.4))
        spot.rotation_euler = (-spot.location).to_track_quat("-Z", "Y").to_euler()
        scene.collection.objects.link(spot)


def aim(scene: bpy.types.Scene, target: Vector, rng: Random) -> bpy.types.Object:
    """A camera at eye height, low over the desk or above it, turned towards the target or just past it."""
    camera = bpy.data.cameras.new("camera")
    camera.lens = math.exp(rng.uniform(math.log(22), math.log(65)))
    eye = bpy.data.objects.new("camera", camera)
    distance = math.exp(rng.uniform(math.log(0.55), math.log(3.2))) * camera.lens / 36
    tilt = rng.uniform(1.2, 1.5) if rng.random() < 0.12 else math.radians(rng.triangular(3, 70, 24))
    around = math.radians(rng.gauss(-90, 45) if rng.random() < 0.75 else rng.uniform(0, 360))
    flat = distance * math.cos(tilt)
    eye.location = target + Vector(
        (flat * math.cos(around), flat * math.sin(around), distance * math.sin(tilt))
    )
    past = Vector([rng.gauss(0, 0.10 * distance) for _ in range(3)])
    gaze = (target + past - eye.location).to_track_quat("-Z", "Y").to_euler()
    gaze.rotate_axis("Z", rng.gauss(0, 0.06))
    eye.rotation_euler = gaze
    scene.collection.objects.link(eye)
    scene.camera = eye
    if rng.random() < 0.4:
        camera.dof.use_dof = True
        camera.dof.focus_distance = distance * rng.uniform(0.8, 1.4)
        camera.dof.aperture_fstop = rng.uniform(1.8, 8)
    return eye


def scatter(rng: Random, photos: list[Path], taken: list[Vector]) -> None:
    """Things that lie about, few or many, and things that are easily taken for a laptop."""
    kinds, weights = zip(*clutter.KINDS, strict=True)
    office = [clutter.monitor] * rng.randint(1, 3) + [clutter.keyboard] if rng.random() < 0.2 else []
    for kind in office + rng.choices(kinds, weights, k=round(16 * rng.random() ** 1.5)):
        for _ in range(8):
            spot = Vector((rng.uniform(-0.85, 0.85), rng.uniform(-0.4, 0.45), 0))
            if all((spot - other).length > 0.2 for other in taken):
                break
        taken.append(spot)
        kind(spot, rng.gauss(0, 0.5), rng, photos)


def compose(scene: bpy.types.Scene, rng: Random, photos: list[Path]) -> None:
    """Desk, laptops or none, clutter, hands, backdrop, lamps, camera."""
    light(scene, rng)
    laptops = rng.choices((0, 1, 2, 3), (3, 9, 3, 1))[0]
    taken: list[Vector] = []
    for i in range(laptops):
        spot = Vector((rng.gauss(0, 0.12) + 0.42 * i * rng.choice((-1, 1)), rng.gauss(0, 0.1), 0))
        taken.append(spot)
        turn = rng.gauss(0, 0.35) if rng.random() < 0.8 else rng.uniform(-math.pi, math.pi)
        props.laptop(spot, turn, rng, photos)
        if rng.random() < 0.3:
            props.hands(spot, turn, rng)
    scatter(rng, photos, taken)
    clutter.desk(rng, photos)
    target = (taken[0] if laptops else Vector((0, 0, 0))) + Vector((0, 0.05, rng.uniform(0.0, 0.15)))
    eye = aim(scene, target, rng)
    if rng.random() < 0.65:
        clutter.backdrop(eye, scene, rng, photos)
    else:
        clutter.room(eye, rng, photos)
    if rng.random() < 0.2:
        clutter.sitter(rng)


def label(scene: bpy.types.Scene, path: Path) -> None:
    """Render each object in its pass index as a grey value, without light, smoothing or colour management."""
    paint = bpy.data.materials.new("label")
    paint.use_nodes = True
    nodes, links = paint.node_tree.nodes, paint.node_tree.links
    nodes.clear()
    source, scale = nodes.new("ShaderNodeObjectInfo"), nodes.new("ShaderNodeMath")
    scale.operation, scale.inputs[1].default_value = "DIVIDE", 255.0
    glow, out = nodes.new("ShaderNodeEmission"), nodes.new("ShaderNodeOutputMaterial")
    links.new(source.outputs["Object Index"], scale.inputs[0])
    links.new(scale.outputs[0], glow.inputs[0])
    links.new(glow.outputs[0], out.inputs[0])
    scene.view_layers[0].material_override = paint
    scene.world.node_tree.nodes["Background"].inputs[1].default_value = 0
    for lamp in bpy.data.lights:
        lamp.energy = 0
    scene.camera.data.dof.use_dof = False
    cycles = scene.cycles
    cycles.samples, cycles.use_denoising, cycles.max_bounces = 1, False, 0
    cycles.pixel_filter_type = "BOX"
    cycles.filter_width = 0.01
    scene.view_settings.view_transform, scene.view_settings.exposure = "Raw", 0.0
    scene.render.image_settings.file_format, scene.render.image_settings.color_mode = "PNG", "BW"
    scene.render.dither_intensity = 0
    scene.render.filepath = str(path)
    bpy.ops.render.render(write_still=True)


def shoot(number: int, photos: list[Path], out: Path, size: tuple[int, int], samples: int) -> None:
    """One scene to two files; the label map comes first, so that a picture never lacks one."""
    rng = random.Random(number)
    scene = reset(*size, samples)
    compose(scene, rng, photos)
    scene.view_settings.view_transform = rng.choice(("Standard", "AgX", "Filmic"))
    scene.view_settings.exposure = rng.gauss(0.5, 0.5)
    scene.render.image_settings.file_format, scene.render.image_settings.quality = "JPEG", 92
    picture, part = out / "img" / f"{number:05d}.jpg", out / f"{number:05d}.part.jpg"
    scene.render.filepath = str(part)
    bpy.ops.render.render(write_still=True)
    label(scene, out / "lab" / f"{number:05d}.png")
    part.replace(picture)


def main() -> None:
    """Render the scenes that are not there yet."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--photos", type=Path, required=True, help="folder of photographs without laptops")
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--first", type=int, default=0)
    parser.add_argument("--count", type=int, default=600)
    parser.add_argument("--samples", type=int, default=5)
    parser.add_argument("--size", type=int, nargs=2, default=(320, 240), metavar=("WIDTH", "HEIGHT"))
    options = parser.parse_args()
    for folder in ("img", "lab"):
        (options.out / folder).mkdir(parents=True, exist_ok=True)
    photos = sorted(options.photos.glob("*.jpg"))
    for number in range(options.first, options.first + options.count):
        if not (options.out / "img" / f"{number:05d}.jpg").exists():
            shoot(number, photos, options.out, tuple(options.size), options.samples)


if __name__ == "__main__":
    main()
