"""`python -m watchfloor` is the `watchfloor` command."""

from watchfloor.config.command import main

if __name__ == "__main__":
    main()
