"""The pictures in an EXR file: layers, views and parts, and which of them is keyed.

A layer is colour under one name. The name is what stands before the last dot of its channels
(`beauty.R`), or else its part's. A view is an eye of a stereo plate: a part says its own in `view`;
a file without parts lists its views in `multiView`, and channels of all but the first one carry
the view's name before the last dot (`right.R`, `beauty.right.R`).

Source:
    OpenEXR, "Storing Multi-View Images in OpenEXR Files", and `ImfMultiView.h`
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from struct import unpack_from

from robust_matte.errors import InputError
from robust_matte.media.exr_header import Channel, ExrHeader, ExrPart

__all__ = [
    "ANY_LAYER",
    "ExrLayer",
    "LayerChoice",
    "Offers",
    "choose_layer",
    "colour_layers",
    "offers_of",
    "views_of",
]

_COLOURS = (("r", "g", "b"), ("red", "green", "blue"))
_LUMINANCES = ("y", "l", "luminance", "gray", "grey")
_CHROMA = ("ry", "by")
_NAMES_TOLD = 12


@dataclass(frozen=True, slots=True)
class LayerChoice:
    """What a user asked for; None leaves it to the file.

    Attributes:
        layer: A layer's name, or a part's.
        view: A view's name.
    """

    layer: str | None = None
    view: str | None = None


ANY_LAYER = LayerChoice()


@dataclass(frozen=True, slots=True)
class Offers:
    """What a file has to choose from, by name and in its order.

    Attributes:
        layers: Layers and parts with colour; what has no name is not among them.
        views: Views; the first one is taken where none is named.
    """

    layers: tuple[str, ...] = ()
    views: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ExrLayer:
    """Colour that can be keyed.

    Attributes:
        part: Which part of the file has it.
        names: What it is called, the first one first: by its channels, by its part; may be none.
        view: The view it is of, or None.
        channels: R, G and B; or Y alone; or Y, RY and BY; as the file spells them.
        is_plain: Whether it is its part's own colour, rather than one layer of several in it.
    """

    part: int
    names: tuple[str, ...]
    view: str | None
    channels: tuple[str, ...]
    is_plain: bool

    @property
    def is_rgb(self) -> bool:
        """Whether it has red, green and blue, rather than luminance."""
        return len(self.channels) == 3 and not self.has_chroma

    @property
    def has_chroma(self) -> bool:
        """Whether it is luminance with two differences of colour."""
        return len(self.channels) == 3 and _last(self.channels[1]) == _CHROMA[0]

    @property
    def name(self) -> str:
        """What it is called in lists; empty if it has no name."""
        return self.names[0] if self.names else ""


def views_of(header: ExrHeader) -> tuple[str, ...]:
    """Return the names of a file's views, in its order; the first is the one shown by default."""
    views: list[str] = []
    for part in header.parts:
        views += _listed_views(part)
        if (own := _text(part, "view")) is not None:
            views.append(own)
    return tuple(dict.fromkeys(views))


def colour_layers(header: ExrHeader) -> list[ExrLayer]:
    """Return all that could be keyed, in the file's order."""
    return [layer for index, part in enumerate(header.parts) for layer in _part_layers(index, part)]


def offers_of(header: ExrHeader) -> Offers:
    """Return the names of what could be keyed of a file."""
    names = (layer.name for layer in colour_layers(header) if layer.name)
    return Offers(tuple(dict.fromkeys(names)), views_of(header))


def choose_layer(
    header: ExrHeader, choice: LayerChoice, path: Path, number: int | None = None
) -> ExrLayer:
    """Return what is keyed of a file.

    Without a name it is the first part's own RGB that there is, else the only layer with RGB, else
    a part's own luminance. Without a view it is that of the first one that fits.

    Args:
        header: The file's.
        choice: What was asked for.
        path: The file, for messages.
        number: Its frame number.

    Raises:
        InputError: It has no such layer or view, or several layers and none that is meant, or no
            colour but in deep samples, or none at all.
    """
    flat = [one for one in colour_layers(header) if not header.parts[one.part].is_deep]
    deep = [one for one in colour_layers(header) if header.parts[one.part].is_deep]
    seen = _of_view(flat, header, choice.view, path, number)
    if choice.layer is not None:
        found = _named(seen, choice.layer)
        if not found and _named(deep, choice.layer):
            raise _deep(path, number)
        if not found:
            raise _no_such_layer(choice.layer, seen, path, number)
        return found[0]
    chosen = _by_default(seen, path, number)
    if chosen is None:
        raise _deep(path, number) if _is_deep(header) else _no_colour(header, path, number)
    return chosen


def _by_default(layers: Sequence[ExrLayer], path: Path, number: int | None) -> ExrLayer | None:
    """Return what is keyed if nothing was named; None where there is no colour."""
    own = [one for one in layers if one.is_rgb and one.is_plain]
    named = [one for one in layers if one.is_rgb]
    if not own and len({one.name for one in named}) > 1:
        raise _several(named, path, number)
    grey = [one for one in layers if one.is_plain]
    return next(iter(own or named or grey), None)


def _of_view(
    layers: Sequence[ExrLayer], header: ExrHeader, view: str | None, path: Path, number: int | None
) -> list[ExrLayer]:
    """Return the layers of a view, then those of none; of no view, all, the first view's first."""
    views = views_of(header)
    if view is None:
        return sorted(layers, key=lambda one: views.index(one.view) if one.view in views else 0)
    if view not in views:
        raise _no_such_view(view, views, path, number)
    return [one for one in layers if one.view == view] + [one for one in layers if not one.view]


def _named(layers: Sequence[ExrLayer], name: str) -> list[ExrLayer]:
    """Return the layers of a name, of the same case if there are; RGB comes first."""
    exact = [one for one in layers if name in one.names]
    alike = [one for one in layers if name.casefold() in map(str.casefold, one.names)]
    return sorted(exact or alike, key=lambda one: not one.is_rgb)


def _part_layers(index: int, part: ExrPart) -> list[ExrLayer]:
    """Group a part's channels by layer and view, and keep the groups that hold colour."""
    views, own_view = _listed_views(part), _text(part, "view")
    groups: dict[tuple[str, str | None], dict[str, str]] = {}
    for channel in part.channels:
        layer, view = _split(channel, views)
        group = groups.setdefault((layer, own_view if view is None else view), {})
        group.setdefault(_last(channel.name), channel.name)  # of `R` and `r`, the first
    base = _base_name(part.name or "", own_view)
    named = {key: found for key, group in groups.items() if (found := _colour_of(group))}
    is_alone = len({layer for layer, _ in named}) == 1
    return [
        ExrLayer(
            part=index,
            names=_names(layer, base if is_alone or not layer else ""),
            view=view,
            channels=channels,
            is_plain=not layer or layer == base,
        )
        for (layer, view), channels in named.items()
    ]


def _names(layer: str, base: str) -> tuple[str, ...]:
    return tuple(dict.fromkeys(name for name in (layer, base) if name))


def _split(channel: Channel, views: Sequence[str]) -> tuple[str, str | None]:
    """Return a channel's layer and, in a file that lists views, its view."""
    layer = channel.name.rpartition(".")[0]
    if not views:
        return layer, None
    before, _, last = layer.rpartition(".")
    if last in views:
        return before, last
    return layer, None if layer else views[0]


def _colour_of(group: dict[str, str]) -> tuple[str, ...]:
    """Return the channels of a group that are keyed, or nothing."""
    for wanted in _COLOURS:
        if all(name in group for name in wanted):
            return tuple(group[name] for name in wanted)
    for name in _LUMINANCES:
        if name in group:
            chroma = tuple(group[one] for one in _CHROMA if one in group)
            return (group[name], *chroma) if name == "y" and len(chroma) == 2 else (group[name],)
    return ()


def _last(channel: str) -> str:
    return channel.rpartition(".")[2].lower()


def _base_name(name: str, view: str | None) -> str:
    """Return a part's name without its view: `rgba` of `rgba.left`, nothing of `left`."""
    if not view or name == view:
        return "" if name == view else name
    return name.removesuffix(f".{view}").removeprefix(f"{view}.")


def _text(part: ExrPart, name: str) -> str | None:
    attribute = part.attributes.get(name)
    if attribute is None or attribute.type != "string" or not attribute.value:
        return None
    return attribute.value.decode(errors="replace")


def _listed_views(part: ExrPart) -> list[str]:
    """Return what `multiView` lists; a list that is torn counts as far as it goes."""
    attribute = part.attributes.get("multiView")
    if attribute is None or attribute.type != "stringvector":
        return []
    stored, at, views = attribute.value, 0, []
    while at + 4 <= len(stored):
        size = unpack_from("<i", stored, at)[0]
        text = stored[at + 4 : at + 4 + max(size, 0)]
        if size <= 0 or len(text) < size:
            break
        views.append(text.decode(errors="replace"))
        at += 4 + size
    return views


def _is_deep(header: ExrHeader) -> bool:
    return any(part.is_deep for part in header.parts)


def _told(names: Sequence[str]) -> str:
    """List names, the first ones of many."""
    listed = [name for name in dict.fromkeys(names) if name]
    more = ", ..." if len(listed) > _NAMES_TOLD else ""
    return ", ".join(listed[:_NAMES_TOLD]) + more


def _deep(path: Path, number: int | None) -> InputError:
    return InputError(
        f"{path} holds deep samples.",
        hint="Flatten the plate to ordinary pixels before keying.",
        frame=number,
        path=path,
    )


def _no_colour(header: ExrHeader, path: Path, number: int | None) -> InputError:
    channels = _told([one.name for part in header.parts for one in part.channels])
    return InputError(
        f"{path} has no colour to key; its channels are {channels}.",
        hint="Name a plate with the channels R, G and B, or Y.",
        frame=number,
        path=path,
    )


def _several(layers: Sequence[ExrLayer], path: Path, number: int | None) -> InputError:
    return InputError(
        f"{path} has no R, G and B of its own, but the layers {_told([x.name for x in layers])}.",
        hint=f"Choose the one to key, such as --layer {layers[0].name}.",
        frame=number,
        path=path,
    )


def _no_such_layer(
    name: str, layers: Sequence[ExrLayer], path: Path, number: int | None
) -> InputError:
    told = _told([one.name for one in layers])
    return InputError(
        f"{path} has no layer {name} with colour; {f'it has {told}' if told else 'it has none'}.",
        hint=f"Choose one that it has, such as --layer {told.partition(',')[0]}."
        if told
        else "Leave --layer out: its colour has no layer's name.",
        frame=number,
        path=path,
    )


def _no_such_view(view: str, views: Sequence[str], path: Path, number: int | None) -> InputError:
    return InputError(
        f"{path} has no view {view}; {f'it has {_told(views)}' if views else 'it has none'}.",
        hint=f"Choose one that it has, such as --view {views[0]}."
        if views
        else "Leave --view out: the plate is not stereo.",
        frame=number,
        path=path,
    )
