"""What a file of namespace cases needs: @case or @soak on its functions, expect() in them, run_cases() at the end."""
import argparse
import os
import signal
import time
import traceback

from lab import Lab, isolate

cases = []


def case(function):
    """A case is named by what it shows, in words_with_underscores; it takes the lab."""
    cases.append((function, False))
    return function


def soak(function):
    """A case that repeats or waits for long: `make soak` runs it, `make test` does not."""
    cases.append((function, True))
    return function


def expect(condition, *seen):
    if not condition:
        raise AssertionError("saw %r" % (seen,))


def run_cases(suite):
    """Options: BINARY WIREGUARD_GO, --soak, and words of which one must be in a case's name. The exit status."""
    parser = argparse.ArgumentParser()
    parser.add_argument("binary")
    parser.add_argument("wireguard_go")
    parser.add_argument("--soak", action="store_true", help="run the long cases, and only them")
    parser.add_argument("words", nargs="*")
    args = parser.parse_args()
    if os.geteuid() != 0:
        print("not ok %s: needs root for namespaces" % suite)
        return 1
    signal.signal(signal.SIGINT, signal.default_int_handler)    # a shell's job in the background hands on that it is ignored
    isolate()
    failed = 0
    for function, long in cases:
        name = function.__name__
        if long != args.soak and not args.words or args.words and not any(word in name for word in args.words):
            continue
        started = time.monotonic()
        try:
            with Lab(args.binary, args.wireguard_go) as lab:
                function(lab)
            print("ok %s %s (%.1f s)" % (suite, name, time.monotonic() - started), flush=True)
        except Exception as err:        # a case may fail in any way
            failed = 1
            traceback.print_exc()
            print("not ok %s %s: %s" % (suite, name, str(err).replace("\n", " | ")), flush=True)
    return failed
