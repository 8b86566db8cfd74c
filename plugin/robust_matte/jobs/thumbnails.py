"""Small pictures for a page: shrunk, shown as contact sheet and review show them, and as JPEG."""

import base64
from collections.abc import Sequence
from fractions import Fraction
from typing import Final

import av
import numpy as np
from av.video.codeccontext import VideoCodecContext
from numpy.typing import NDArray

from robust_matte.colour.primaries import Chromaticities, are_usable, matrix_to_ap0
from robust_matte.jobs.showing import backdrop_light, composite, display_codes
from robust_matte.media.frames import FloatImage
from robust_matte.media.windows import Size
from robust_matte.settings.backdrop import Backdrop
from robust_matte.settings.choices import PlateSpace

__all__ = ["Codes", "data_address", "fitted", "jpeg", "shown_alpha", "shown_comp", "shown_light"]

Codes = NDArray[np.uint8]

_REC709: Final[Chromaticities] = (0.64, 0.33, 0.3, 0.6, 0.15, 0.06, 0.3127, 0.329)
_SQUARE = 10  # pixels of the checker's squares
_FORMAT = "yuvj420p"
_FINEST, _COARSEST = 3, 31  # of MPEG's scale of quantisers


def fitted(image: FloatImage, side: int, aspect: float = 1.0) -> FloatImage:
    """Shrink an image by averaging, to square pixels; it is never enlarged.

    Args:
        image: (H, W, C) float32, light or alpha.
        side: The longer side at most, in pixels.
        aspect: Width of its pixels over their height.

    Returns:
        (h, w, C) float32, each pixel the mean of those that it stands for.
    """
    height, width = image.shape[:2]
    scale = min(1.0, side / max(height, width * aspect))
    rows = _starts(height, max(1, round(height * scale)))
    columns = _starts(width, max(1, min(width, round(width * aspect * scale))))
    if len(rows) == height and len(columns) == width:
        return image
    sums: FloatImage = np.add.reduceat(np.add.reduceat(image, rows, axis=0), columns, axis=1)
    counts = np.diff([*rows, height])[:, None] * np.diff([*columns, width])
    sums /= counts[..., None].astype(np.float32)
    return sums


def shown_light(light: FloatImage, primaries: Sequence[float]) -> Codes:
    """Encode scene-linear light for a page.

    Args:
        light: (H, W, 3) float32, any range.
        primaries: Its chromaticities.
    """
    return _codes(display_codes(_to_rec709(light, primaries)))


def shown_comp(rgb: FloatImage, alpha: FloatImage, primaries: Sequence[float]) -> Codes:
    """Put premultiplied light over a checker.

    Args:
        rgb: Premultiplied, (H, W, 3) float32, scene-linear.
        alpha: (H, W, 1) float32, [0, 1].
        primaries: The light's chromaticities.
    """
    size = Size(rgb.shape[1], rgb.shape[0])
    below = backdrop_light(Backdrop(None), size, square=_SQUARE, encoding=PlateSpace.SRGB)
    return _codes(display_codes(composite(_to_rec709(rgb, primaries), alpha, below)))


def shown_alpha(alpha: FloatImage) -> Codes:
    """Show alpha (H, W, 1) float32 as grey codes, linear as viewers show it."""
    return _codes(np.repeat(np.nan_to_num(alpha), 3, axis=2))


def jpeg(codes: Codes, most_bytes: int) -> bytes:
    """Encode a picture, as finely as a number of bytes allows.

    Args:
        codes: (H, W, 3), sRGB.
        most_bytes: The size to keep to; noise may need more at the coarsest.
    """
    picture = av.VideoFrame.from_ndarray(np.ascontiguousarray(codes), format="rgb24")
    ready = picture.reformat(format=_FORMAT, dst_color_range="JPEG")
    quantiser = _FINEST
    while True:
        content = _encoded(ready, quantiser)
        if len(content) <= most_bytes or quantiser == _COARSEST:
            return content
        quantiser = min(quantiser * 2, _COARSEST)


def data_address(content: bytes) -> str:
    """Return a JPEG as an address that a page holds in itself."""
    return f"data:image/jpeg;base64,{base64.b64encode(content).decode('ascii')}"


def _starts(length: int, parts: int) -> NDArray[np.intp]:
    return np.arange(parts) * length // parts


def _to_rec709(light: FloatImage, primaries: Sequence[float]) -> FloatImage:
    if not are_usable(primaries):
        return light
    matrix = np.linalg.inv(matrix_to_ap0(_REC709)) @ matrix_to_ap0(tuple(primaries))
    turned: FloatImage = light @ matrix.T.astype(np.float32)
    return turned


def _codes(image: FloatImage) -> Codes:
    codes: Codes = np.rint(image.clip(0.0, 1.0) * 255.0).astype(np.uint8)
    return codes


def _encoded(picture: av.VideoFrame, quantiser: int) -> bytes:
    """Encode by FFmpeg: OpenImageIO writes JPEG to files alone."""
    context = VideoCodecContext.create("mjpeg", "w")
    context.width, context.height = picture.width, picture.height
    context.pix_fmt, context.time_base = _FORMAT, Fraction(1, 25)
    context.options = {"qmin": str(quantiser), "qmax": str(quantiser)}
    return b"".join(bytes(packet) for packet in [*context.encode(picture), *context.encode(None)])
