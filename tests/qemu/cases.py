"""What a file of QEMU cases needs: @case or @soak on its functions, and run_cases() at its end."""
import argparse
import os
import signal
import sys

sys.path.append(os.path.join(os.path.dirname(os.path.abspath(__file__)), os.pardir))

from verdicts import case, run_all, soak  # noqa: E402,F401


def run_cases(suite):
    parser = argparse.ArgumentParser()
    parser.add_argument("--image", default="build/qemu", help="its directory: what a case takes")
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    sys.exit(run_all(suite, parser, lambda function, args: function(args.image)))


def log_dir(image, suite):
    return os.path.join(os.path.dirname(os.path.abspath(image)), "test", suite)
