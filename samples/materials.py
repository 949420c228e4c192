"""Surfaces of the sample scene, and the two pictures in it, painted with numpy."""

from __future__ import annotations

import bpy
import numpy as np
from numpy.typing import NDArray

Color = tuple[float, float, float]
Image = NDArray[np.float32]
"""Height x width x 3, sRGB-encoded in 0..1, top row first."""

MASK_PASS = "laptop"
"""Name of the render pass (AOV) that is 1 on the laptop and 0 elsewhere."""


def surface(
    name: str,
    color: Color,
    roughness: float = 0.5,
    metallic: float = 0.0,
    laptop: bool = False,
    **inputs: float | Color,
) -> bpy.types.Material:
    """A Principled surface; `inputs` are further sockets with underscores for spaces (`Coat_Weight=1.0`)."""
    material = bpy.data.materials.new(name)
    shader = material.node_tree.nodes["Principled BSDF"]
    shader.inputs["Base Color"].default_value = (*color, 1.0)
    shader.inputs["Roughness"].default_value = roughness
    shader.inputs["Metallic"].default_value = metallic
    for key, value in inputs.items():
        socket = shader.inputs[key.replace("_", " ")]
        socket.default_value = (*value, 1.0) if isinstance(value, tuple) else value
    if laptop:
        mark = material.node_tree.nodes.new("ShaderNodeOutputAOV")
        mark.aov_name = MASK_PASS
        mark.inputs["Value"].default_value = 1.0
    return material


def wood(name: str, dark: Color, light: Color, roughness: float = 0.35) -> bpy.types.Material:
    """Long-grained wood along x: stretched noise for the grain, a wave for the rings."""
    material = surface(name, light, roughness, Coat_Weight=0.15, Coat_Roughness=0.25)
    nodes, links = material.node_tree.nodes, material.node_tree.links
    place = nodes.new("ShaderNodeTexCoord")
    stretch = nodes.new("ShaderNodeMapping")
    stretch.inputs["Scale"].default_value = (0.9, 9.0, 9.0)
    links.new(place.outputs["Object"], stretch.inputs["Vector"])
    rings = nodes.new("ShaderNodeTexWave")
    rings.bands_direction = "Y"
    for socket, value in {"Scale": 0.55, "Distortion": 7.0, "Detail": 2.0, "Detail Scale": 1.4}.items():
        rings.inputs[socket].default_value = value
    grain = nodes.new("ShaderNodeTexNoise")
    for socket, value in {"Scale": 22.0, "Detail": 4.0, "Roughness": 0.65}.items():
        grain.inputs[socket].default_value = value
    links.new(stretch.outputs["Vector"], rings.inputs["Vector"])
    links.new(stretch.outputs["Vector"], grain.inputs["Vector"])
    mix = nodes.new("ShaderNodeMath")
    mix.operation = "MULTIPLY_ADD"
    mix.inputs[1].default_value = 0.45
    links.new(rings.outputs["Fac"], mix.inputs[0])
    scaled = nodes.new("ShaderNodeMath")
    scaled.operation = "MULTIPLY"
    scaled.inputs[1].default_value = 0.6
    links.new(grain.outputs["Fac"], scaled.inputs[0])
    links.new(scaled.outputs[0], mix.inputs[2])
    ramp = nodes.new("ShaderNodeValToRGB")
    ramp.color_ramp.elements[0].position, ramp.color_ramp.elements[0].color = 0.2, (*dark, 1.0)
    ramp.color_ramp.elements[1].position, ramp.color_ramp.elements[1].color = 0.8, (*light, 1.0)
    links.new(mix.outputs[0], ramp.inputs["Fac"])
    shader = nodes["Principled BSDF"]
    links.new(ramp.outputs["Color"], shader.inputs["Base Color"])
    return material


def speckled(
    name: str, color: Color, spots: Color, scale: float, roughness: float = 0.5
) -> bpy.types.Material:
    """A surface mottled between two colours: plaster, glaze, the cloth of a book."""
    material = surface(name, color, roughness)
    nodes, links = material.node_tree.nodes, material.node_tree.links
    place = nodes.new("ShaderNodeTexCoord")
    noise = nodes.new("ShaderNodeTexNoise")
    noise.inputs["Scale"].default_value = scale
    noise.inputs["Detail"].default_value = 2.0
    ramp = nodes.new("ShaderNodeValToRGB")
    ramp.color_ramp.elements[0].position, ramp.color_ramp.elements[0].color = 0.35, (*spots, 1.0)
    ramp.color_ramp.elements[1].position, ramp.color_ramp.elements[1].color = 0.65, (*color, 1.0)
    links.new(place.outputs["Object"], noise.inputs["Vector"])
    links.new(noise.outputs["Fac"], ramp.inputs["Fac"])
    links.new(ramp.outputs["Color"], nodes["Principled BSDF"].inputs["Base Color"])
    return material


def image_surface(name: str, image: Image, glow: float, laptop: bool = False) -> bpy.types.Material:
    """A surface that shows `image`: printed when `glow` is 0, a lit screen above that."""
    height, width, _ = image.shape
    texture = bpy.data.images.new(name, width, height)
    pixels = np.ones((height, width, 4), np.float32)
    pixels[..., :3] = image[::-1]
    texture.pixels.foreach_set(pixels.ravel())
    texture.update()
    texture.pack()
    dark = (0.01, 0.01, 0.01)
    material = surface(name, dark, 0.5, laptop=laptop, Emission_Strength=glow, Specular_IOR_Level=0.1)
    nodes, links = material.node_tree.nodes, material.node_tree.links
    sample = nodes.new("ShaderNodeTexImage")
    sample.image = texture
    socket = "Emission Color" if glow else "Base Color"
    links.new(sample.outputs["Color"], nodes["Principled BSDF"].inputs[socket])
    return material


def landscape(height: int, width: int, seed: int = 3) -> Image:
    """Ranges of hills under a low sun."""
    rng = np.random.default_rng(seed)
    y, x = np.mgrid[0 : 1 : height * 1j, 0 : width / height : width * 1j].astype(np.float32)
    top, bottom = np.array([0.18, 0.34, 0.62]), np.array([1.0, 0.72, 0.42])
    image = top + (bottom - top) * np.clip(y / 0.6, 0, 1)[..., None]
    sun = np.hypot(x - 0.68 * width / height, y - 0.36)
    image = image + np.exp(-((sun / 0.16) ** 2))[..., None] * np.array([0.6, 0.45, 0.2])
    image[sun < 0.06] = (1.0, 0.95, 0.8)
    near, far = np.array([0.05, 0.16, 0.18]), np.array([0.62, 0.45, 0.55])
    for layer in range(6):
        depth = layer / 5
        ridge = 0.42 + 0.1 * layer + np.zeros(width)
        for octave in range(1, 6):
            ridge += 0.055 / octave * np.sin(octave * 4.1 * x[0] + rng.uniform(0, 6.3)) * (1.2 - 0.5 * depth)
        inside = y > ridge[None, :]
        image[inside] = far + (near - far) * depth
    return np.clip(image, 0, 1).astype(np.float32)


def _fill(image: Image, left: float, top: float, right: float, bottom: float, color: Color) -> None:
    height, width, _ = image.shape
    image[round(top * height) : round(bottom * height), round(left * width) : round(right * width)] = color


def video_editor(height: int = 640, width: int = 1024, seed: int = 5) -> Image:
    """The laptop's screen: a video editor with a bin of clips, a preview and a timeline."""
    rng = np.random.default_rng(seed)
    image = np.full((height, width, 3), (0.09, 0.10, 0.13), np.float32)
    _fill(image, 0, 0, 1, 0.045, (0.16, 0.17, 0.21))
    for i, color in enumerate([(0.93, 0.36, 0.33), (0.96, 0.75, 0.28), (0.35, 0.78, 0.40)]):
        _fill(image, 0.012 + 0.02 * i, 0.014, 0.022 + 0.02 * i, 0.032, color)
    _preview(image)
    _clip_bin(image, rng)
    _inspector(image, rng)
    _timeline(image, rng)
    return image


def _preview(image: Image) -> None:
    height, width, _ = image.shape
    rows, columns = (
        slice(round(0.075 * height), round(0.575 * height)),
        slice(round(0.25 * width), round(0.77 * width)),
    )
    image[rows, columns] = landscape(rows.stop - rows.start, columns.stop - columns.start)
    _fill(image, 0.25, 0.588, 0.77, 0.598, (0.30, 0.31, 0.36))
    _fill(image, 0.25, 0.588, 0.47, 0.598, (0.98, 0.62, 0.20))


def _clip_bin(image: Image, rng: np.random.Generator) -> None:
    for row in range(4):
        for column in range(2):
            left, top = 0.018 + 0.11 * column, 0.075 + 0.135 * row
            picture = landscape(64, 104, seed=int(rng.integers(1000))) * rng.uniform(0.6, 1.1, 3)
            height, width, _ = image.shape
            y, x = round(top * height), round(left * width)
            image[y : y + 64, x : x + 104] = np.clip(picture, 0, 1)


def _inspector(image: Image, rng: np.random.Generator) -> None:
    _fill(image, 0.79, 0.075, 0.985, 0.60, (0.13, 0.14, 0.18))
    for row in range(8):
        top = 0.10 + 0.062 * row
        _fill(image, 0.805, top, 0.805 + rng.uniform(0.04, 0.08), top + 0.016, (0.62, 0.64, 0.70))
        _fill(image, 0.90, top + 0.004, 0.972, top + 0.012, (0.28, 0.29, 0.35))
        _fill(image, 0.90, top + 0.004, 0.90 + rng.uniform(0.01, 0.07), top + 0.012, (0.30, 0.66, 0.95))


def _timeline(image: Image, rng: np.random.Generator) -> None:
    tracks = [
        (0.45, 0.36, 0.85),
        (0.22, 0.55, 0.86),
        (0.16, 0.68, 0.60),
        (0.93, 0.55, 0.25),
        (0.85, 0.35, 0.50),
    ]
    _fill(image, 0, 0.625, 1, 1, (0.07, 0.075, 0.10))
    for row, color in enumerate(tracks):
        top, left = 0.66 + 0.066 * row, 0.06
        _fill(image, 0.012, top + 0.015, 0.045, top + 0.035, (0.45, 0.47, 0.53))
        while left < 0.95:
            right = min(0.985, left + rng.uniform(0.06, 0.24))
            shade = rng.uniform(0.75, 1.1)
            _fill(image, left, top, right - 0.005, top + 0.054, tuple(min(1.0, c * shade) for c in color))  # type: ignore[arg-type]
            left = right + (rng.uniform(0.02, 0.1) if rng.random() < 0.3 else 0.0)
    for x in np.arange(0.065, 0.98, 0.004):
        tall = 0.022 * abs(np.sin(40 * x) * np.sin(7 * x)) + 0.003
        _fill(
            image,
            x,
            0.66 + 0.066 * 3 + 0.027 - tall,
            x + 0.002,
            0.66 + 0.066 * 3 + 0.027 + tall,
            (1.0, 0.86, 0.65),
        )
    _fill(image, 0.43, 0.63, 0.433, 1.0, (0.98, 0.98, 1.0))
