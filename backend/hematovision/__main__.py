"""`python -m hematovision` is `hematovision`."""

from hematovision.cli import main

main()
