# /// script
# requires-python = "==3.11.*"
# dependencies = ["bpy==5.0.1", "av>=18.1,<19", "numpy", "OpenEXR>=3.3"]
# ///
"""Render the sample clip and its exact truth: picture, laptop mask and motion, all from the same rays.

    uv run samples/render.py --scratch build/desk

Frames land in the scratch folder as PNG and NPZ and are kept, so a run that was stopped goes on where it
was. When the last one is there, `desk.mp4`, `desk_mask.mkv` and `desk_motion.npz` are written beside this
script (README.md has their formats).
"""

from __future__ import annotations

import argparse
import time
from pathlib import Path

import bpy
import numpy as np
import OpenEXR
import scene
from encode import write_clip
from materials import MASK_PASS

HERE = Path(__file__).resolve().parent
FPS = 25
SHOT = 75
"""Frames that the movements in the scene are laid out for."""


def prepare(samples: int, width: int) -> None:
    """An empty Blender with the scene in it, set to Cycles on the CPU."""
    bpy.ops.wm.read_factory_settings(use_empty=True)
    scene.build(SHOT)
    world = bpy.context.scene
    render, cycles = world.render, world.cycles
    render.engine, render.fps, render.use_persistent_data = "CYCLES", FPS, True
    render.resolution_x, render.resolution_y = width, width * 9 // 16
    cycles.samples, cycles.use_adaptive_sampling, cycles.seed = samples, False, 7
    cycles.max_bounces, cycles.diffuse_bounces, cycles.sample_clamp_indirect = 3, 2, 4.0
    cycles.caustics_reflective = cycles.caustics_refractive = False
    _denoise(cycles)
    world.view_layers[0].use_pass_vector = True
    world.view_settings.view_transform = "AgX"
    world.view_settings.look = "AgX - Medium High Contrast"
    world.view_settings.exposure = 0.3


def _denoise(cycles: bpy.types.PropertyGroup) -> None:
    """OpenImageDenoise, guided by the colour and the direction of the surfaces."""
    cycles.use_denoising, cycles.denoiser = True, "OPENIMAGEDENOISE"
    cycles.denoising_input_passes = "RGB_ALBEDO_NORMAL"
    cycles.denoising_prefilter, cycles.denoising_quality = "FAST", "BALANCED"


def render_frame(frame: int, folder: Path) -> None:
    """Render one frame to `NNNN.png` (display colours) and `NNNN.npz` (mask and motion); whole or absent."""
    passes = folder / f"{frame:04}.exr"
    bpy.context.scene.frame_set(frame)
    _file_format("MULTI_LAYER_IMAGE", "OPEN_EXR_MULTILAYER", "32")
    bpy.context.scene.render.filepath = str(passes)
    bpy.ops.render.render(write_still=True)
    _file_format("IMAGE", "PNG", "8")
    picture = folder / f"{frame:04}.part.png"
    bpy.data.images["Render Result"].save_render(str(picture), scene=bpy.context.scene)
    partial = folder / f"{frame:04}.part.npz"
    np.savez(partial, **read_truth(passes))
    passes.unlink()
    partial.replace(folder / f"{frame:04}.npz")
    picture.replace(folder / f"{frame:04}.png")


def _file_format(media: str, name: str, depth: str) -> None:
    settings = bpy.context.scene.render.image_settings
    settings.media_type = media
    settings.file_format, settings.color_depth = name, depth
    settings.exr_codec, settings.compression = "NONE", 5


def read_truth(path: Path) -> dict[str, np.ndarray]:
    """Mask and motion from Blender's passes, each a part of the file.

    Returns `mask` (H, W) uint8, 255 x the laptop's coverage of the pixel, and `back` and `ahead` (H, W, 2)
    float16: how many pixels right and down of here the surface lies in the frame before and the one after.
    Cycles stores (previous - here, here - next) with y up.
    """
    with OpenEXR.File(str(path), separate_channels=True) as image:
        channels = {k: c for part in range(len(image.parts)) for k, c in image.channels(part).items()}
        vector = {k.rsplit(".", 1)[1]: c.pixels for k, c in channels.items() if ".Vector." in k}
        mask = next(c.pixels for k, c in channels.items() if f".{MASK_PASS}." in k)
    back = np.stack([vector["X"], -vector["Y"]], -1).astype(np.float16)
    ahead = np.stack([-vector["Z"], vector["W"]], -1).astype(np.float16)
    return {"mask": np.rint(255 * mask.clip(0, 1)).astype(np.uint8), "back": back, "ahead": ahead}


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "--scratch", type=Path, required=True, help="folder for finished frames; kept, to resume from"
    )
    parser.add_argument(
        "--out", type=Path, default=HERE, help="folder for the clip and its truth (default: samples)"
    )
    parser.add_argument(
        "--frames", type=int, default=50, help="length of the clip, up to the whole shot of 75 (default: 50)"
    )
    parser.add_argument("--only", type=int, nargs="*", help="render just these frames and encode nothing")
    parser.add_argument("--samples", type=int, default=3, help="rays per pixel before denoising (default: 3)")
    parser.add_argument("--width", type=int, default=1280, help="width of the 16:9 picture (default: 1280)")
    return parser.parse_args()


def main() -> None:
    """Render what is missing, then encode."""
    args = _arguments()
    args.scratch.mkdir(parents=True, exist_ok=True)
    wanted = range(args.frames) if args.only is None else args.only
    missing = [frame for frame in wanted if not (args.scratch / f"{frame:04}.png").exists()]
    if missing:
        prepare(args.samples, args.width)
    for frame in missing:
        begun = time.monotonic()
        render_frame(frame, args.scratch)
        print(f"frame {frame}: {time.monotonic() - begun:.1f} s", flush=True)
    if args.only is None:
        write_clip(args.scratch, args.out, args.frames, FPS)


if __name__ == "__main__":
    main()
