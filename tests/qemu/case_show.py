"""What is wrong is on the screen of `show`, or the command that it names tells it."""
import re

from appliance import cluster, wait_for
from cases import case


@case
def a_service_that_does_not_run_is_told_with_what_became_of_it(image):
    c = cluster(image)
    first = c.all[0]
    found = "ps -o pid,args | awk '/[n]etwork run|[g]ateway-dataplane run/ { print $1 }'"
    killer = first.output("(while :; do kill -9 $(%s); usleep 50000; done) > /dev/null 2>&1 & echo $!" % found).strip()
    try:
        for command, name in (("show", "dataplane"), ("network", "network")):
            said = wait_for("%s is told by %s to have been killed" % (name, command), lambda: (it := first.screen(command)) and re.search(
                r"%s: the service does not run: it was killed by signal 9 \(\d+ times? by now\), and is started again in \d+ s" % name, it), 120)
            print("          " + said[0])
    finally:
        first.output("kill " + killer)
    wait_for("all services answer", lambda: "does not run" not in first.screen() + first.screen("network"), 120)
