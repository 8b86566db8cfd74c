"""A teacher that remembers its mattes of stills, so that a run that goes on need not wait."""

from hashlib import sha256
from pathlib import Path

import safetensors.torch
import torch
from safetensors import SafetensorError
from torch import Tensor

from robust_matte_rvm.tensor_files import pack_tensors
from robust_matte_rvm.training.clips import Clip
from robust_matte_rvm.training.identity import file_sha256
from robust_matte_rvm.training.run_folder import unwritten
from robust_matte_rvm.training.teacher import Teacher
from robust_matte_rvm.training.writing import write_atomically

__all__ = ["RememberingTeacher"]


class RememberingTeacher(Teacher):
    """A teacher whose mattes of stills are kept in a folder, one file each, as they are.

    A file is named by the teacher's weights and the still's pixels, so that a changed teacher or
    picture never meets an old matte. A damaged file is made anew.

    Args:
        weights: A file that `load_network` reads.
        device: Where it runs.
        folder: For the mattes; made if need be.

    Raises:
        CheckpointError: See `load_network`.
    """

    def __init__(self, weights: Path, device: torch.device, folder: Path) -> None:
        super().__init__(weights, device)
        self._sha256 = file_sha256(weights)
        self._folder = folder

    def matte_still(self, picture: Tensor) -> Clip:
        """Matte a photograph, or remember its matte; see `Teacher`.

        Raises:
            RunFolderError: The matte cannot be kept.
        """
        words = f"{self._sha256} {tuple(picture.shape)} ".encode()
        name = sha256(words + picture.contiguous().numpy().tobytes()).hexdigest()
        file = self._folder / f"{name}.safetensors"
        try:
            kept = safetensors.torch.load(file.read_bytes())
            return Clip(src=picture[None], fgr=kept["fgr"], pha=kept["pha"])
        except (FileNotFoundError, SafetensorError, KeyError):
            clip = super().matte_still(picture)
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            write_atomically(file, pack_tensors({"fgr": clip.fgr, "pha": clip.pha}))
        except OSError as error:
            raise unwritten(file, error) from error
        return clip
