"""Meshes for the sample scene: boxes, turned bodies, tubes, leaves and pictures, all in metres."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

import bmesh
import bpy
import numpy as np

Vector = tuple[float, float, float]
Transform = tuple[Vector, Vector]
"""Location in metres and XYZ Euler rotation in radians."""


def add_object(name: str, mesh: bpy.types.Mesh, material: bpy.types.Material | None) -> bpy.types.Object:
    """Put a mesh into the scene."""
    if material is not None:
        mesh.materials.append(material)
    thing = bpy.data.objects.new(name, mesh)
    bpy.context.scene.collection.objects.link(thing)
    return thing


def _smooth(mesh: bpy.types.Mesh) -> None:
    mesh.polygons.foreach_set("use_smooth", [True] * len(mesh.polygons))


def _bevel(thing: bpy.types.Object, width: float, segments: int = 3) -> None:
    modifier = thing.modifiers.new("bevel", "BEVEL")
    modifier.width = width
    modifier.segments = segments
    modifier.limit_method = "ANGLE"
    modifier.harden_normals = True
    _smooth(thing.data)


def box(
    name: str,
    size: Vector,
    at: Vector,
    material: bpy.types.Material,
    bevel: float = 0.0,
    rotation: Vector = (0.0, 0.0, 0.0),
    parent: bpy.types.Object | None = None,
) -> bpy.types.Object:
    """A box of `size` with its centre at `at`, its edges rounded by `bevel`."""
    return boxes(name, [(size, (0.0, 0.0, 0.0))], material, bevel, at, rotation, parent)


def boxes(
    name: str,
    parts: Sequence[tuple[Vector, Vector]],
    material: bpy.types.Material,
    bevel: float = 0.0,
    at: Vector = (0.0, 0.0, 0.0),
    rotation: Vector = (0.0, 0.0, 0.0),
    parent: bpy.types.Object | None = None,
) -> bpy.types.Object:
    """Many boxes, each (size, centre), as one mesh: a keyboard is one object and not eighty."""
    shape = bmesh.new()
    for size, centre in parts:
        corners = bmesh.ops.create_cube(shape, size=1.0)["verts"]
        bmesh.ops.scale(shape, vec=size, verts=corners)
        bmesh.ops.translate(shape, vec=centre, verts=corners)
    mesh = bpy.data.meshes.new(name)
    shape.to_mesh(mesh)
    shape.free()
    thing = add_object(name, mesh, material)
    if bevel > 0:
        _bevel(thing, bevel)
    thing.location, thing.rotation_euler, thing.parent = at, rotation, parent
    return thing


def lathe(
    name: str,
    profile: Sequence[tuple[float, float]],
    at: Vector,
    material: bpy.types.Material,
    rotation: Vector = (0.0, 0.0, 0.0),
    parent: bpy.types.Object | None = None,
    steps: int = 64,
) -> bpy.types.Object:
    """A turned body: `profile` holds (radius, height) pairs, swept around the z axis."""
    angles = np.linspace(0.0, math.tau, steps, endpoint=False)
    points = [(r * math.cos(a), r * math.sin(a), z) for r, z in profile for a in angles]
    faces = [
        (
            row * steps + i,
            row * steps + (i + 1) % steps,
            (row + 1) * steps + (i + 1) % steps,
            (row + 1) * steps + i,
        )
        for row in range(len(profile) - 1)
        for i in range(steps)
    ]
    mesh = bpy.data.meshes.new(name)
    mesh.from_pydata(points, [], faces)
    thing = add_object(name, mesh, material)
    _bevel(thing, 0.0008, 2)
    thing.location, thing.rotation_euler, thing.parent = at, rotation, parent
    return thing


def tube(
    name: str,
    points: Sequence[Vector],
    radius: float,
    material: bpy.types.Material,
    at: Vector = (0.0, 0.0, 0.0),
    rotation: Vector = (0.0, 0.0, 0.0),
    parent: bpy.types.Object | None = None,
) -> bpy.types.Object:
    """A round bar of `radius` along a smooth curve through `points`."""
    curve = bpy.data.curves.new(name, "CURVE")
    curve.dimensions, curve.bevel_depth, curve.bevel_resolution = "3D", radius, 4
    curve.use_fill_caps = True
    spline = curve.splines.new("BEZIER")
    spline.bezier_points.add(len(points) - 1)
    for knot, point in zip(spline.bezier_points, points, strict=True):
        knot.co = point
        knot.handle_left_type = knot.handle_right_type = "AUTO"
    curve.materials.append(material)
    thing = bpy.data.objects.new(name, curve)
    bpy.context.scene.collection.objects.link(thing)
    thing.location, thing.rotation_euler, thing.parent = at, rotation, parent
    return thing


def leaf(
    name: str,
    length: float,
    width: float,
    droop: float,
    material: bpy.types.Material,
    parent: bpy.types.Object | None = None,
) -> bpy.types.Object:
    """A pointed leaf along +x that starts at its own origin and bends down by `droop` metres at the tip."""
    rows, columns = 14, 7
    points = []
    for t in np.linspace(0.0, 1.0, rows):
        half = width / 2 * math.sin(math.pi * t**0.75) ** 0.8
        for s in np.linspace(-1.0, 1.0, columns):
            lift = 0.25 * abs(s) * half + 0.003 * math.sin(9 * t) * s
            points.append((length * t, half * s, 0.35 * length * t - droop * t**2.2 + lift))
    faces = [
        (r * columns + c, r * columns + c + 1, (r + 1) * columns + c + 1, (r + 1) * columns + c)
        for r in range(rows - 1)
        for c in range(columns - 1)
    ]
    mesh = bpy.data.meshes.new(name)
    mesh.from_pydata(points, [], faces)
    _smooth(mesh)
    thing = add_object(name, mesh, material)
    thing.parent = parent
    return thing


def picture_plane(
    name: str,
    size: tuple[float, float],
    at: Vector,
    material: bpy.types.Material,
    rotation: Vector = (0.0, 0.0, 0.0),
    parent: bpy.types.Object | None = None,
) -> bpy.types.Object:
    """An upright rectangle in the xz plane that faces -y and shows an image the right way up."""
    w, h = size[0] / 2, size[1] / 2
    mesh = bpy.data.meshes.new(name)
    mesh.from_pydata([(-w, 0, -h), (w, 0, -h), (w, 0, h), (-w, 0, h)], [], [(0, 1, 2, 3)])
    uv = mesh.uv_layers.new(name="UVMap")
    uv.data.foreach_set("uv", [0, 0, 1, 0, 1, 1, 0, 1])
    thing = add_object(name, mesh, material)
    thing.location, thing.rotation_euler, thing.parent = at, rotation, parent
    return thing


def pivot(
    name: str, at: Vector, rotation: Vector = (0.0, 0.0, 0.0), parent: bpy.types.Object | None = None
) -> bpy.types.Object:
    """An empty that other things hang on."""
    thing = bpy.data.objects.new(name, None)
    bpy.context.scene.collection.objects.link(thing)
    thing.location, thing.rotation_euler, thing.parent = at, rotation, parent
    return thing


def animate(thing: bpy.types.Object, path: Callable[[float], Transform], frames: int) -> None:
    """Key location and rotation on every frame, and one on either side so that motion is exact at both ends.

    `path` gets the time as 0 at the first frame and 1 at the last.
    """
    for frame in range(-1, frames + 1):
        thing.location, thing.rotation_euler = path(frame / max(1, frames - 1))
        thing.keyframe_insert("location", frame=frame)
        thing.keyframe_insert("rotation_euler", frame=frame)
