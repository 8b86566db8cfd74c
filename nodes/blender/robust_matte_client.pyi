from robust_matte_client import *  # noqa: F403 - the zip carries the client inside
