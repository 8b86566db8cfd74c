"""What the files of a plate state of their colour space, as names of the built-in config."""

from collections.abc import Mapping
from dataclasses import dataclass
from struct import unpack

from robust_matte.colour.configs import ColourConfig, find_space
from robust_matte.colour.own_spaces import custom_name
from robust_matte.colour.primaries import are_usable, same_primaries
from robust_matte.colour.spaces import GAMUTS
from robust_matte.errors import SettingsError
from robust_matte.media.exr_header import RawAttribute, read_header
from robust_matte.media.exr_layers import choose_layer
from robust_matte.media.movie_tags import PRIMARIES, TRANSFERS
from robust_matte.media.plates import Plate
from robust_matte.media.still_facts import read_still_facts
from robust_matte.settings.choices import PlateSpace

__all__ = ["StatedSpace", "movie_space", "still_space"]

_LINEAR, _SRGB, _GAMMA24 = (space.value for space in PlateSpace)
_REC709 = next(iter(GAMUTS))
_STATES_NOTHING = {"", "unknown", "data", "linear", "raw"}  # OpenImageIO writes `Linear` on its own

# Transfers whose pictures are made for a Rec.1886 display; None is a movie that does not say.
_GAMMA24_TRANSFERS = frozenset(
    (
        *(None, "bt709", "bt470m", "bt470bg", "smpte170m", "smpte240m"),
        *("iec61966-2-4", "bt1361e", "bt2020-10", "bt2020-12"),
    )
)
_WIDE = {"bt2020": "rec2020", "smpte432": "p3d65", "smpte431": "p3dci"}
_MOVIE_SPACES = {
    ("bt1886", "rec709"): _GAMMA24,
    ("bt1886", "rec2020"): "g24_rec2020_tx",
    ("bt1886", "p3d65"): "g24_p3d65_tx",
    ("iec61966-2-1", "rec709"): _SRGB,
    ("iec61966-2-1", "rec2020"): "srgb_rec2020_tx",
    ("iec61966-2-1", "p3d65"): "srgb_p3d65_scene",
    ("smpte428", "p3d65"): "g26_p3d65_tx",
    ("smpte428", "p3dci"): "g26_p3dci_tx",
    ("smpte2084", "rec2020"): "pq_rec2020_display",
    ("smpte2084", "p3d65"): "pq_p3d65_display",
    ("arib-std-b67", "rec2020"): "hlg_rec2020_display",
    ("linear", "rec709"): _LINEAR,
    ("linear", "rec2020"): "lin_rec2020_scene",
    ("linear", "p3d65"): "lin_p3d65_scene",
}
_HDR = frozenset({"smpte2084", "arib-std-b67"})
# SMPTE ST 268-1:2014, table 5, in OpenImageIO's words; video is made for a Rec.1886 display.
_DPX_SPACES = {
    "Printing density": "cineon",
    "Logarithmic": "cineon",
    "Linear": _LINEAR,
    "SMPTE 274M": _GAMMA24,
    "ITU-R 709-4": _GAMMA24,
    "ITU-R 601-5 system B or G": _GAMMA24,
    "ITU-R 601-5 system M": _GAMMA24,
    "ADX": "ADX10",
}
_PROFILES = {
    "Display P3": "srgb_p3d65_scene",
    "Adobe RGB (1998)": "g22_adobergb_scene",
    "sRGB IEC61966-2.1": _SRGB,
}


@dataclass(frozen=True, slots=True)
class StatedSpace:
    """A space, and where it is stated.

    Attributes:
        space: A name of the config or the built-in one, or None where what is stated is not known.
        source: What states it, such as `the file's chromaticities`.
        note: What is odd about it, or nothing.
    """

    space: str | None
    source: str
    note: str = ""


def movie_space(transfer: str | None, primaries: str | None) -> StatedSpace:
    """Return the space of a movie's tags, in FFmpeg's words."""
    curve = "bt1886" if transfer in _GAMMA24_TRANSFERS else str(transfer)
    unstated = "rec2020" if transfer in _HDR else "rec709"
    gamut = unstated if primaries is None else _WIDE.get(primaries, "rec709")
    note = ", its primaries assumed" if primaries is None and transfer in _HDR else ""
    return StatedSpace(_MOVIE_SPACES.get((curve, gamut)), "the movie's tags", note)


def still_space(plate: Plate, config: ColourConfig) -> StatedSpace | None:
    """Return what a plate's first file states, or None where it states nothing that is known.

    Of an EXR that is what the keyed part says, else the first part, which may speak for all.
    """
    path = plate.pattern.path(plate.numbers[0])
    if path.suffix.lower() == ".exr":
        header = read_header(path)
        chosen = choose_layer(header, plate.choice, path).part
        shared, own = header.parts[0].attributes, header.parts[chosen].attributes
        return _exr_space(own, config) or _exr_space(shared, config)
    facts = read_still_facts(path)
    return _tagged_space(facts.colour_tags, facts.parts[0].channels[0].depth)


def _exr_space(attributes: Mapping[str, RawAttribute], config: ColourConfig) -> StatedSpace | None:
    """Take the most explicit statement: an ID, the ACES flag, primaries, OpenImageIO's guess."""
    named = _named_space(_text(attributes.get("colorInteropID")), config)
    if named is not None:
        return StatedSpace(named, "the files' colorInteropID")
    flag = attributes.get("acesImageContainerFlag")
    if flag is not None and flag.value == b"\x01\0\0\0":
        return StatedSpace("ACES2065-1", "the files' acesImageContainerFlag")
    stored = attributes.get("chromaticities")
    if stored is not None and len(stored.value) == 32:
        return _primaries_space(unpack("<8f", stored.value))
    named = _named_space(_text(attributes.get("oiio:ColorSpace")), config)
    return StatedSpace(named, "the files' oiio:ColorSpace") if named else None


def _primaries_space(chromaticities: tuple[float, ...]) -> StatedSpace | None:
    source = "the files' chromaticities"
    for name, known in GAMUTS.items():
        if same_primaries(chromaticities, known):
            return StatedSpace(_LINEAR if name == _REC709 else name, source)
    return StatedSpace(custom_name(chromaticities), source) if are_usable(chromaticities) else None


def _named_space(name: str, config: ColourConfig) -> str | None:
    if name.lower() in _STATES_NOTHING:
        return None
    try:
        find_space(config, name)
    except SettingsError:
        return None
    return name


def _text(attribute: RawAttribute | None) -> str:
    return "" if attribute is None else attribute.value.decode(errors="replace").strip("\0 ")


def _tagged_space(tags: Mapping[str, str], depth: str) -> StatedSpace | None:
    """Return what a PNG, DPX, TIFF or JPEG states; `depth` is that of its channels."""
    if "CICP" in tags:
        codes = [int(word) for word in tags["CICP"].strip("()").split(",")[:2]]
        found = movie_space(TRANSFERS.get(codes[1]), PRIMARIES.get(codes[0]))
        return StatedSpace(found.space, "the files' cICP") if found.space else None
    profile = _PROFILES.get(tags.get("ICCProfile:profile_description", ""))
    if profile is not None:
        return StatedSpace(profile, "the files' ICC profile")
    transfer = tags.get("dpx:Transfer")
    space = _DPX_SPACES.get(transfer or "")
    if space == "ADX10" and depth == "16-bit":
        space = "ADX16"
    said = f'the DPX header, which says "{transfer}"'
    return StatedSpace(space, said) if space else None
