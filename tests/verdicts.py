"""What each suite of cases in Python needs: @case or @soak on its functions, Skip and expect() in them, and a verdict of each."""
import sys
import time
import traceback

cases = []


class Skip(Exception):
    """What cannot be shown here, and why."""


def case(function):
    """A case is named by what it shows, in words_with_underscores."""
    cases.append((function, False))
    return function


def soak(function):
    """A case that repeats or waits for long: `make soak` runs it, `make test` does not."""
    cases.append((function, True))
    return function


def expect(condition, *seen):
    if not condition:
        raise AssertionError("saw %r" % (seen,))


def run_all(suite, parser, call):
    """Options: the parser's, --soak, and words of which one must be in a case's name. call(function, args) for each; the exit status."""
    parser.add_argument("--soak", action="store_true", help="run the long cases, and only them")
    parser.add_argument("words", nargs="*")
    args = parser.parse_intermixed_args()
    failed = 0
    for function, long in cases:
        if long != args.soak or args.words and not any(word in function.__name__ for word in args.words):
            continue
        name = "%s %s" % (suite, function.__name__)
        started = time.monotonic()
        try:
            try:
                call(function, args)
            except Exception as why:
                if not getattr(why, "again", False):    # what the case stands on broke before the product had its turn
                    raise
                print("  again %s: %s" % (name, why), flush=True)
                call(function, args)
            print("ok %s (%.1f s)" % (name, time.monotonic() - started), flush=True)
        except Skip as why:
            print("skip %s: %s" % (name, why), flush=True)
        except Exception as err:        # a case may fail in any way
            failed = 1
            traceback.print_exc(file=sys.stdout)
            print("not ok %s: %s" % (name, (str(err).splitlines() or [repr(err)])[0]), flush=True)
    return failed
