"""What a file of namespace cases needs: @case or @soak on its functions, expect() in them, run_cases() at the end."""
import argparse
import functools
import os
import signal
import sys

sys.path.append(os.path.join(os.path.dirname(os.path.abspath(__file__)), os.pardir))

from lab import Lab, isolate  # noqa: E402
from verdicts import Skip, case, expect, run_all, soak  # noqa: E402,F401


def of_the_service(function):
    """A case for which wireguard-lwip alone is not enough."""
    @functools.wraps(function)
    def only(lab):
        if lab.program:
            raise Skip("it is of the service")
        function(lab)
    return only


def in_lab(function, args):
    """A case takes the lab."""
    with Lab(args.binary, args.wireguard_go, args.program) as lab:
        function(lab)


def run_cases(suite):
    """The exit status."""
    parser = argparse.ArgumentParser()
    parser.add_argument("binary")
    parser.add_argument("wireguard_go")
    parser.add_argument("--program", action="store_true", help="wireguard-lwip alone in place of our service")
    if os.geteuid() != 0:
        print("not ok %s: needs root for namespaces" % suite)
        return 1
    signal.signal(signal.SIGINT, signal.default_int_handler)    # a shell's job in the background hands on that it is ignored
    isolate()
    return run_all(suite, parser, in_lab)
