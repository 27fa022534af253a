"""`org-analytics` and `python -m org_analytics.push`, which an installed hook runs, whatever the agent's PATH."""

import sys

_NEEDED = {"filelock", "platformdirs"}


def main() -> int:
    """Run the command line; explain how to install what is missing."""
    try:
        from .cli import main as run
    except ModuleNotFoundError as error:
        if error.name not in _NEEDED:
            raise
        print(
            f"org-analytics: The package {error.name} is missing. Install this package with its extra 'ingest'.",
            file=sys.stderr,
        )
        return 2
    return run()


if __name__ == "__main__":
    sys.exit(main())
