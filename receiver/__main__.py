"""`python -m receiver`: the command line without its script. Must not know: any command."""

from receiver.cli import main

if __name__ == "__main__":
    main()
