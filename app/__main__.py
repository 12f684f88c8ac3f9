"""Make `python -m kerastui` the same as `kerastui`."""

from kerastui.cli import main

main()
