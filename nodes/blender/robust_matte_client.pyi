from robust_matte_client import *
