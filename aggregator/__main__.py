"""The door of the program: ``aggregator``, and ``python -m aggregator``."""

import gc

#: A run makes hundreds of thousands of values that last and next to no circles: looking for some after each 700 new
#: ones, as Python does, takes a sixth of a short run.
_YOUNG = 50_000


def main() -> None:
    """Run the command line."""
    gc.set_threshold(_YOUNG)
    from aggregator import cli  # now that its many imports are not searched for garbage again and again

    cli.main()


if __name__ == "__main__":
    main()
