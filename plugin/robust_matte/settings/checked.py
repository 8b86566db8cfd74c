"""What all settings share: they do not change, know their fields, and complain in our words."""

from typing import Any

from pydantic import BaseModel, ConfigDict, ValidationError

from robust_matte.settings.complaints import refused

__all__ = ["CheckedSettings"]


class CheckedSettings(BaseModel):
    """Settings that are checked when they are made."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    def __init__(self, **values: Any) -> None:
        """Check what a user wrote.

        Raises:
            SettingsError: A value is out of range, or a name unknown.
        """
        try:
            super().__init__(**values)
        except ValidationError as error:
            raise refused(error) from None  # pydantic's words are in it already
