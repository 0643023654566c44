"""What a file of QEMU cases needs: @case or @soak on its functions, and run_cases() at its end."""
import argparse
import os
import signal
import sys
import time
import traceback

cases = []


def case(function):
    """A case is named by what it shows, in words_with_underscores; it takes the image's directory."""
    cases.append((function, False))
    return function


def soak(function):
    """A case that repeats or waits for long: `make soak` runs it, `make test` does not."""
    cases.append((function, True))
    return function


def run_cases(suite):
    """Options: --image DIR, and words of which one must be in a case's name."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--image", default="build/qemu")
    parser.add_argument("--soak", action="store_true", help="run the long cases, and only them")
    parser.add_argument("words", nargs="*")
    args = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    failed = 0
    for function, long in cases:
        name = function.__name__
        if long != args.soak and not args.words or args.words and not any(word in name for word in args.words):
            continue
        started = time.monotonic()
        try:
            function(args.image)
            print("ok %s %s (%.1f s)" % (suite, name, time.monotonic() - started), flush=True)
        except Exception as err:        # a case may fail in any way
            failed += 1
            traceback.print_exc(file=sys.stdout)
            print("not ok %s %s: %s" % (suite, name, (str(err).splitlines() or [repr(err)])[0]), flush=True)
    sys.exit(1 if failed else 0)


def log_dir(image, suite):
    return os.path.join(os.path.dirname(os.path.abspath(image)), "test", suite)
