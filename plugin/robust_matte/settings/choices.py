"""The choices a job offers; each value is spelled as on the command line."""

from enum import StrEnum

__all__ = [
    "Compression",
    "Depth",
    "Despill",
    "Framing",
    "HintDepth",
    "ImageFormat",
    "Layers",
    "Missing",
    "Nonfinite",
    "PlateSpace",
    "Refiner",
    "SourceAlpha",
    "WorkArea",
]


class Layers(StrEnum):
    """How the layers of a frame are spread over files."""

    COMBINED = "combined"
    MULTIPART = "multipart"
    SEPARATE = "separate"


class Depth(StrEnum):
    """Bits of a written channel."""

    HALF = "half"
    FLOAT = "float"


class ImageFormat(StrEnum):
    """The format of a frame's files; the value is also their suffix."""

    EXR = "exr"
    PNG = "png"


class Missing(StrEnum):
    """What to do about frames the plate lacks."""

    FAIL = "fail"
    HOLD = "hold"
    BLACK = "black"


class Nonfinite(StrEnum):
    """What to do about NaN and infinite plate pixels."""

    KEEP = "keep"
    ZERO = "zero"


class WorkArea(StrEnum):
    """Which window the network works on."""

    DATA = "data"
    DISPLAY = "display"


class HintDepth(StrEnum):
    """Bits of an alpha hint's codes."""

    EIGHT = "8"
    SIXTEEN = "16"


class SourceAlpha(StrEnum):
    """What a plate's own alpha is taken for."""

    IGNORE = "ignore"
    GARBAGE = "garbage"


class Framing(StrEnum):
    """How much of people is seen; a whole body needs a larger view than a head."""

    PORTRAIT = "portrait"
    FULL_BODY = "full-body"


class Despill(StrEnum):
    """Whose colour is taken out of the foreground's soft edge."""

    NONE = "none"
    GREEN = "green"
    BLUE = "blue"
    BACKGROUND = "background"


class Refiner(StrEnum):
    """What lifts the matte to full size; `auto` takes the one the weights were trained with."""

    AUTO = "auto"
    DEEP_GUIDED_FILTER = "deep_guided_filter"
    FAST_GUIDED_FILTER = "fast_guided_filter"


class Compression(StrEnum):
    """Lossless EXR compressions."""

    NONE = "none"
    RLE = "rle"
    ZIPS = "zips"
    ZIP = "zip"
    PIZ = "piz"


class PlateSpace(StrEnum):
    """The plate spaces with Rec.709 primaries, which need no config; all others are its names.

    PNG files, reviews and contact sheets are encoded as one of these. Values are names that the
    OpenColorIO studio config resolves.
    """

    LINEAR_REC709 = "lin_rec709_scene"
    SRGB = "srgb_rec709_scene"
    GAMMA24_REC709 = "g24_rec709_tx"

    @classmethod
    def named(cls, name: str) -> "PlateSpace | None":
        """Return the space of a name, or None where it is not one of these."""
        return next((space for space in cls if space == name), None)

    @property
    def is_scene_referred(self) -> bool:
        """Whether values are light of any range, rather than the code values of a picture."""
        return self is PlateSpace.LINEAR_REC709

    @property
    def spoken(self) -> str:
        """The name an artist knows."""
        return {
            PlateSpace.LINEAR_REC709: "scene-linear Rec.709",
            PlateSpace.SRGB: "sRGB",
            PlateSpace.GAMMA24_REC709: "Rec.709 gamma 2.4 (Rec.1886)",
        }[self]
