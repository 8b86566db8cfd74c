"""`python -m robust_matte`."""

from robust_matte.cli.app import main

if __name__ == "__main__":
    main()
