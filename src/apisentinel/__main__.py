"""``python -m apisentinel``: the same as the command ``apisentinel``."""

from apisentinel.cli import main

if __name__ == "__main__":
    main()
