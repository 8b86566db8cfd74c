"""From a finished frame to the codes of a movie's picture."""

from dataclasses import dataclass

import numpy as np

from robust_matte.colour.renderings import Rendering
from robust_matte.jobs.movie_source import SourceFrame
from robust_matte.media.edge_fill import carry_outwards
from robust_matte.media.frames import FloatImage
from robust_matte.media.prores_write import ALPHA_CODES, Codes, alpha_codes, colour_codes
from robust_matte.media.stills import read_channels
from robust_matte.media.yuv import Matrix
from robust_matte.settings.assemble_settings import MovieAlpha

__all__ = ["MoviePictures"]


@dataclass(frozen=True, slots=True)
class MoviePictures:
    """Makes the pictures of one movie; safe on several threads.

    Attributes:
        rendering: How light becomes codes.
        alpha: What becomes of the alpha.
        matrix: The movie's matrix.
    """

    rendering: Rendering
    alpha: MovieAlpha
    matrix: Matrix

    def picture(self, frame: SourceFrame) -> tuple[Codes, ...]:
        """Return luma, Cb, Cr, and alpha if the movie has it, over the display window.

        Raises:
            FrameReadError: The file is gone, damaged, or another by now.
        """
        light, alpha = _over_display(frame)
        frame.check_unchanged()
        if self.alpha is MovieAlpha.NONE:
            return colour_codes(self.rendering.codes(light), self.matrix)
        coverage = alpha_codes(alpha)
        codes = self.rendering.codes(_straight(light, alpha))
        if self.alpha is MovieAlpha.PREMULTIPLIED:
            codes *= coverage[..., None] / np.float32(ALPHA_CODES)
        else:
            codes = carry_outwards(codes, coverage > 0)
        return (*colour_codes(codes, self.matrix), coverage)


def _over_display(frame: SourceFrame) -> tuple[FloatImage, FloatImage]:
    """Read premultiplied colour (H, W, 3) and alpha (H, W); beyond the data window both are 0."""
    data, display = frame.facts.data_window, frame.facts.display_window
    whole = read_channels(frame.path, tuple("RGBA"))
    if data != display:
        shown = np.zeros((display.height, display.width, 4), np.float32)
        window = data.intersected(display)
        if not window.is_empty:
            shown[window.slices_in(display)] = whole[window.slices_in(data)]
        whole = shown
    return np.ascontiguousarray(whole[..., :3]), np.ascontiguousarray(whole[..., 3])


def _straight(light: FloatImage, alpha: FloatImage) -> FloatImage:
    """Divide colour by alpha; where that is 1, colour stays as it is, and where it is 0, black."""
    covered = np.where(alpha > 0.0, alpha, np.float32(1.0))[..., None]
    straight: FloatImage = np.where(alpha[..., None] > 0.0, light / covered, np.float32(0.0))
    return straight
