"""The weights that are known by name: where they come from, and how they are recognised."""

from dataclasses import dataclass
from typing import Final

from robust_matte.errors import SettingsError

__all__ = [
    "AUTO",
    "DOWNLOADS",
    "DRAFT",
    "KNOWN",
    "LICENCE",
    "RELEASE",
    "KnownWeights",
    "get_known",
    "tell_how_to_get",
    "tell_other_ways",
]

RELEASE: Final = "https://github.com/PeterL1n/RobustVideoMatting/releases/tag/v1.0.0"
DOWNLOADS: Final = "https://github.com/PeterL1n/RobustVideoMatting/releases/download/v1.0.0"
LICENCE: Final = (
    "RVM's code is under GPL-3.0; the licence of its weights was never stated separately. draft is "
    "under this program's licence, GPL-3.0-or-later, but learnt from RVM's weights: what is open "
    "of theirs is open of it."
)
AUTO: Final = "mobilenetv3"
"""What `--model auto` takes where it is present."""
DRAFT: Final = "draft"
"""What `--model auto` takes elsewhere."""


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownWeights:
    """Weights with a name.

    Attributes:
        name: What `--model` calls them; also the network they are for.
        file: The file's name.
        usual_side: Longest side of the view that the network was made for, in pixels: what
            `robust_matte_rvm.USUAL_SIDES` says, for who has not loaded torch.
        git_blob: Git's id of the published file, sha1 of `blob SIZE`, a zero byte and the bytes;
            None where no identity was ever published.
        is_packaged: It is part of this program: always here, never fetched or imported.
    """

    name: str
    file: str
    usual_side: int
    git_blob: str | None = None
    is_packaged: bool = False


# The release page states neither checksums nor sizes, and GitHub computes none for files of 2021.
# mobilenetv3: the id under which git itself stores the file. For resnet50 no identity was found in
# any public place, so its structure is checked, and the file that came first is held on to.
KNOWN: Final = {
    one.name: one
    for one in (
        KnownWeights(name=DRAFT, file="draft.safetensors", usual_side=256, is_packaged=True),
        KnownWeights(
            name="mobilenetv3",
            file="rvm_mobilenetv3.pth",
            usual_side=512,
            git_blob="e48fdb015c78045f7995f2e6ff6ffd4c9722b5d8",
        ),
        KnownWeights(name="resnet50", file="rvm_resnet50.pth", usual_side=512),
    )
}


def get_known(name: str) -> KnownWeights:
    """Return the weights of a name.

    Raises:
        SettingsError: There are none.
    """
    if name not in KNOWN:
        raise SettingsError(
            f"There are no weights called {name!r}.", hint=f"Choose from {', '.join(KNOWN)}."
        )
    return KNOWN[name]


def tell_how_to_get(known: KnownWeights) -> str:
    """Say in one sentence how to get weights."""
    return (
        f"Run robust-matte weights fetch {known.name}; or, without a network, "
        f"{tell_other_ways(known.file)}."
    )


def tell_other_ways(file: str) -> str:
    """Say, as the end of a sentence, how to get along where `file` cannot be fetched."""
    return (
        f"take {file} from {RELEASE} on another machine, and run robust-matte weights import FILE "
        "here; a file that you have is used by its path, --model FILE"
    )
