"""What the worker calls the colour spaces that Blender offers."""

from __future__ import annotations

__all__ = ["LINEAR_REC709", "plate_space_of", "spaces_known"]

LINEAR_REC709 = "lin_rec709_scene"

# Blender's names that the worker's config has under another one; the config is OpenColorIO's
# studio config, and most names of Blender 5 are its own.
_RENAMED = {
    "sRGB": "srgb_rec709_scene",
    "Linear Rec.709": LINEAR_REC709,
    "Linear": LINEAR_REC709,
    "scene_linear": LINEAR_REC709,
    # The comp has these values as they are, and so shall what comes out.
    "Non-Color": LINEAR_REC709,
    "Raw": LINEAR_REC709,
    "Rec.1886": "g24_rec709_tx",
    "Rec.2020": "g24_rec2020_tx",
    "Display P3": "srgb_p3d65_scene",
    "Linear DCI-P3 D65": "lin_p3d65_scene",
    "Linear Adobe RGB": "lin_adobergb_scene",
}
_SAME = {
    *("ACES2065-1", "ACEScc", "ACEScct", "ACEScg", "ADX10", "ADX16", "Apple Log"),
    *("ARRI LogC3 (EI800)", "ARRI LogC4", "BMDFilm WideGamut Gen5"),
    *("CanonLog2 CinemaGamut D55", "CanonLog3 CinemaGamut D55", "D-Log D-Gamut"),
    *("DaVinci Intermediate WideGamut", "Log3G10 REDWideGamutRGB", "V-Log V-Gamut"),
    *("Gamma 1.8 Encoded Rec.709", "Gamma 2.2 Encoded AP1", "Gamma 2.2 Encoded AdobeRGB"),
    *("Gamma 2.2 Encoded Rec.709", "Gamma 2.4 Encoded Rec.709"),
    *("Linear ARRI Wide Gamut 3", "Linear ARRI Wide Gamut 4", "Linear BMD WideGamut Gen5"),
    *("Linear CinemaGamut D55", "Linear D-Gamut", "Linear DaVinci WideGamut"),
    *("Linear REDWideGamutRGB", "Linear Rec.2020", "Linear S-Gamut3", "Linear S-Gamut3.Cine"),
    *("Linear V-Gamut", "Linear Venice S-Gamut3", "Linear Venice S-Gamut3.Cine"),
    *("S-Log3 S-Gamut3", "S-Log3 S-Gamut3.Cine"),
    *("S-Log3 Venice S-Gamut3", "S-Log3 Venice S-Gamut3.Cine"),
    *("sRGB Encoded AP1", "sRGB Encoded P3-D65"),
}


def spaces_known() -> list[str]:
    """Return Blender's names of all spaces that the worker knows, in order."""
    return sorted({*_RENAMED, *_SAME}, key=str.lower)


def plate_space_of(name: str) -> str | None:
    """Return the worker's name of one of Blender's colour spaces.

    Args:
        name: As Blender's menus have it.

    Returns:
        None where the worker has none (AgX, Filmic, Apple Log 2, PQ and HLG, whose scale differs):
        such a plate is rendered by Blender first, which makes it scene-linear.

    Example:
        >>> plate_space_of("Linear Rec.709")
        'lin_rec709_scene'
    """
    return _RENAMED.get(name) or (name if name in _SAME else None)
