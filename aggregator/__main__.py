"""The door of the program: ``aggregator``, and ``python -m aggregator``."""

import gc

#: A run makes hundreds of thousands of values that last and next to no circles, 100,000 of them before it begins:
#: looking for some after each 700 new ones, as Python does, takes a sixth of a short run.
_YOUNG = 200_000


def main() -> None:
    """Run the command line."""
    gc.set_threshold(_YOUNG)
    from aggregator import cli  # now that its many imports are not searched for garbage again and again
    from aggregator.cli import streams

    streams.secure()
    try:
        cli.main()
    finally:
        # Ending, Python looks for circles three times among all that is left, which the system takes back anyway.
        gc.freeze()


if __name__ == "__main__":
    main()
