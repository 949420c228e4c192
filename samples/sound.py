"""The sound of the sample clip, made from nothing: a soft pad, someone typing, the wheels of the toy car."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
RATE = 48_000


def sound_track(seconds: float, seed: int = 9) -> NDArray[np.float32]:
    """Stereo sound in -1..1, shape (2, samples), that fades in and out."""
    rng = np.random.default_rng(seed)
    count = round(seconds * RATE)
    t = np.arange(count) / RATE
    sound = _pad(t) + _typing(rng, t) + _wheels(rng, t)
    fade = np.clip(np.minimum(t / 0.15, (seconds - t) / 0.35), 0.0, 1.0)
    sound *= fade
    return (0.7 * sound / np.abs(sound).max()).astype(np.float32)


def _pad(t: Array) -> Array:
    """A slow A major ninth: two slightly detuned sines with a few harmonics per note, one per ear."""
    left, right = np.zeros_like(t), np.zeros_like(t)
    for index, note in enumerate([110.0, 164.81, 220.0, 277.18, 415.30, 493.88]):
        swell = 0.5 * (1 + 0.4 * np.sin(2 * np.pi * (0.21 + 0.05 * index) * t + index)) / (1 + 0.35 * index)
        for harmonic, weight in enumerate([1.0, 0.35, 0.12, 0.05], 1):
            left += weight * swell * np.sin(2 * np.pi * note * harmonic * 0.9985 * t + index)
            right += weight * swell * np.sin(2 * np.pi * note * harmonic * 1.0015 * t + 2 * index)
    return 0.09 * np.stack([left, right])


def _typing(rng: np.random.Generator, t: Array) -> Array:
    """Bursts of key presses: a click, a knock of the board, and a quieter release."""
    sound = np.zeros((2, t.size))
    at = 0.25
    while at < t[-1] - 0.3:
        loud, side = rng.uniform(0.5, 1.0), rng.uniform(0.3, 0.7)
        for delay, level in [(0.0, loud), (rng.uniform(0.06, 0.09), 0.4 * loud)]:
            begin = round((at + delay) * RATE)
            click = _click(rng)[: t.size - begin]
            sound[:, begin : begin + click.size] += 0.5 * level * np.array([[1 - side], [side]]) * click
        at += rng.choice([rng.uniform(0.09, 0.16), rng.uniform(0.25, 0.4)], p=[0.82, 0.18])
    return sound


def _click(rng: np.random.Generator) -> Array:
    t = np.arange(round(0.05 * RATE)) / RATE
    hiss = np.diff(rng.standard_normal(t.size), prepend=0.0) * np.exp(-t / 0.0025)
    knock = np.sin(2 * np.pi * rng.uniform(320, 420) * t) * np.exp(-t / 0.008)
    return 0.35 * hiss + 0.6 * knock


def _wheels(rng: np.random.Generator, t: Array) -> Array:
    """Low rumble that travels from left to right as the car does."""
    kernel = np.hanning(260)
    rumble = np.convolve(rng.standard_normal(t.size), kernel / np.sqrt((kernel**2).sum()), "same")
    level = 0.05 * (0.4 + np.sin(np.pi * np.clip(t / t[-1], 0, 1)))
    place = np.clip(t / t[-1], 0, 1)
    return np.stack([(1 - place) * rumble, place * rumble]) * level
