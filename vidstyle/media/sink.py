"""The way out: the painted frames encoded, everything else copied, the file whole or absent."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from vidstyle.media.codecs import choose_codec
from vidstyle.media.containers import muxer_for
from vidstyle.media.copying import VIDEO_ONLY, Copier, copy_labels
from vidstyle.media.decode import AnyPacket
from vidstyle.media.formats import has_alpha
from vidstyle.media.nowhere import Target
from vidstyle.media.pace import Pace
from vidstyle.media.segments import Segments
from vidstyle.media.settings import keeps_hdr_data, prompt, settings_for
from vidstyle.media.source import Source
from vidstyle.media.writer import Writer
from vidstyle.types import EncodeOptions, Frame


class Sink(Writer):
    """Writes a video like `source` to `target`: its frames encoded, its other streams copied.

    Open it before the first frame is taken from the source. container: a container's name or ending, None
    to go by the target's. realtime: no packet waits in the encoder. kept: where finished segments lie; then
    only `join` writes the file. fingerprint: what it is made from (see there). `notes` are lines that a user
    should read; `codec` is the encoder; `muxed` counts its packets that were written.
    Raises UsageError (codec, option or container that cannot be meant), OutputError (target is the input,
    exists, or cannot be written).
    """

    def __init__(
        self,
        target: Target,
        source: Source,
        options: EncodeOptions = EncodeOptions(),  # noqa: B008 - frozen
        *,
        overwrite: bool = False,
        container: str | None = None,
        kept: Segments | None = None,
        fingerprint: str | None = None,
        realtime: bool = False,
    ) -> None:
        muxer = muxer_for(target, container)
        super().__init__(target, source, muxer, overwrite=overwrite, kept=kept, fingerprint=fingerprint)
        try:
            self._configure(source, options, realtime)
            self._copier = Copier(source, self._output, self.muxer)
            self.notes += self._copier.notes
            self._write_header()
        except BaseException:
            self._abandon()
            raise

    def _configure(self, source: Source, options: EncodeOptions, realtime: bool) -> None:
        choice = choose_codec(options.codec, source.info, self.muxer)
        alpha = has_alpha(choice.pixel_format)
        settings = settings_for(choice.encoder, options, muxer=self.muxer, alpha=alpha)
        settings = (prompt(choice.encoder) if realtime else {}) | settings
        self._pace = Pace(source.info) if self.muxer in VIDEO_ONLY else None
        info = self._pace.info if self._pace else source.info
        self._first = 0 if self._pace else source.first
        self._add_track(info, source.tags, choice, settings)
        copy_labels(self.track.stream, source.stream, self.muxer)
        self._note_metadata(source, choice.encoder)
        if alpha and choice.encoder.startswith("libvpx"):
            self.track.stream.metadata["alpha_mode"] = "1"

    def _note_metadata(self, source: Source, encoder: str) -> None:
        tags = source.tags
        if tags.dynamic:
            self.notes.append("dynamic HDR metadata (HDR10+, Dolby Vision) is left out")
        if (tags.mastering or tags.light) and not keeps_hdr_data(encoder):
            self.notes.append(f"{encoder} does not write the mastering display metadata: it is left out")

    def write(self, frame: Frame) -> None:
        """Encodes one frame and muxes the packets that came with it. Raises OutputError."""
        if not self._started and self.kept is None:
            self._open_streams(frame.companions)
        elif not self._started:
            self._start()
        if self.kept is None:
            self._copy(frame.companions)
        self._encode(frame.native, self._pace(frame.pts) if self._pace else frame.pts)

    def _open_streams(self, beside: Sequence[AnyPacket]) -> None:
        shift = self.track.shift * self.track.info.time_base if self._started else self._start()
        self._mux(self._copier.start(shift))
        if self.muxer in ("matroska", "webm") and any((p.pts or 0) < 0 for p in beside):
            self.track.go_first()

    def _copy(self, packets: Sequence[AnyPacket]) -> None:
        for packet in packets:
            self._mux(self._copier.take(packet))

    def prepare(self, trailing: Sequence[Any] = ()) -> None:
        """Flushes, closes and checks; the file stays hidden. Raises OutputError.

        trailing: `Source.trailing()`.
        """
        self._copy(trailing)
        self._mux(self._copier.flush())
        self._close(self._copier.counts)
        if self._pace and self._pace.note:
            self.notes.append(self._pace.note)
