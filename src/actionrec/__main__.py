"""``python -m actionrec``."""

from actionrec.cli import main

if __name__ == "__main__":
    main()
