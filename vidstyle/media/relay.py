"""`python -m vidstyle.media.relay ADDRESS SECONDS`: a live source's packets, copied to stdout as NUT.

NUT keeps every stream's own clock. Times that are missing are filled in, and those that run backwards moved,
as NUT takes neither. One line on standard error, and exit code 1, where the source cannot be opened or stops
giving packets for SECONDS.
"""

from __future__ import annotations

import os
import sys
from typing import Any, Final

import av
from av.container import InputContainer, OutputContainer

from vidstyle.media.containers import can_hold, copy_stream
from vidstyle.media.opening import OPEN_FAILURES, demuxed

_OPTIONS: Final = {
    "rtsp": {"rtsp_flags": "prefer_tcp"},
    "rtsps": {"rtsp_flags": "prefer_tcp"},
    "udp": {"overrun_nonfatal": "1", "fifo_size": "100000"},
}
"""What FFmpeg is told beyond its defaults: a lost packet costs more than a late one, a full buffer more than
a lost packet."""
_NUT: Final = {"flush_packets": "1"}


def relay(address: str, seconds: float, descriptor: int) -> None:
    """Copies packets until the source ends. Raises what PyAV raises."""
    with open_live(address, seconds) as source:
        output = av.open(f"pipe:{descriptor}", "w", format="nut", container_options=_NUT)
        with output:
            _copy(source, output)


def open_live(address: str, seconds: float) -> InputContainer:
    """Opens a device or an address; `seconds` is the longest wait for it and for each packet."""
    format = "v4l2" if address.startswith("/dev/") else None
    options = _OPTIONS.get(address.partition("://")[0].lower(), {})
    return av.open(
        address, "r", format=format, options=options, timeout=(seconds, seconds), metadata_errors="replace"
    )


def _copy(source: InputContainer, output: OutputContainer) -> None:
    copies = {s.index: copy_stream(output, s) for s in source.streams if can_hold("nut", s)}
    for index, copy in copies.items():
        copy.metadata.update(source.streams[index].metadata)
    last: dict[int, int] = {}
    for packet in demuxed(source):
        if packet.stream_index in copies:
            _retime(packet, last)
            packet.stream = copies[packet.stream_index]
            output.mux_one(packet)


def _retime(packet: Any, last: dict[int, int]) -> None:
    before = last.get(packet.stream_index)
    if packet.dts is None:
        packet.dts = packet.pts if packet.pts is not None else _after(packet, before)
    if before is not None and packet.dts <= before:
        packet.dts = before + 1
    if packet.pts is None or packet.pts < packet.dts:
        packet.pts = packet.dts
    last[packet.stream_index] = packet.dts


def _after(packet: Any, before: int | None) -> int:
    """A time for a packet without one: raw streams over TCP have none."""
    return 0 if before is None else before + int(packet.duration or 1)


def _main() -> int:
    descriptor = os.dup(1)
    os.dup2(2, 1)  # whatever a library prints stays out of the stream
    try:
        relay(sys.argv[1], float(sys.argv[2]), descriptor)
    except OPEN_FAILURES as error:
        print(_reason(error, sys.argv[2]), file=sys.stderr, flush=True)
        return 1
    return 0


def _reason(error: Exception, seconds: str) -> str:
    if isinstance(error, (av.error.ExitError, TimeoutError)):
        return f"nothing came for {float(seconds):g} s"
    if isinstance(error, av.error.ProtocolNotFoundError):
        return "this build of PyAV does not speak that protocol"
    return str(getattr(error, "strerror", None) or error).lower()


if __name__ == "__main__":
    os._exit(_main())  # at once: a library may still wait for the network
