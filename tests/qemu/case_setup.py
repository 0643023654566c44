"""Two machines with blank partitions become a cluster: by `setup`, and a paste of what the other's `setup` printed."""
import shutil
import tempfile

from appliance import PATHS, PROMPT_S, Appliance, wait_for
from cases import case
from vm import Hub

KEYSTROKES_MAX = 150
QUESTIONS = (r"NIC of the way to the others \(eth0\): \Z", r"its ADDRESS/LENGTH: \Z", r"its gateway, Enter: none: \Z",
             r"VPN address of this instance: \Z", r"its name, Enter: none: \Z")


class Box:
    def __init__(self, image, work, n, port):
        disk = "%s/data-%d.img" % (work, n)
        shutil.copy(image + "/data.img", disk)
        self.machine = Appliance("setup-%d" % n, image, None, [port], disk=disk)
        self.console = self.machine.vm.console
        self.answers = ("", "192.0.2.%d/24" % n, "", "10.8.3.%d" % n, "box%d" % n)
        self.typed = 0

    def type(self, line):
        self.typed += len(line) + 1
        self.console.send(line)

    def begin(self):
        """Its section, as it is on the screen."""
        self.console.expect("gateway> ", PROMPT_S)
        wait_for("the services", lambda: all("not clustered" in self.machine.run("/sbin/%s status" % path)[1] for path in PATHS), PROMPT_S)
        self.start = len(self.console.text)
        self.type("setup")
        for question, answer in zip(QUESTIONS, self.answers):
            self.console.wait_for(question, 60, self.start)
            self.type(answer)
        self.console.wait_for(r"conf> \Z", 60, self.start)
        said = self.console.text[self.start:]
        return said.split("the others need this section:\n\n")[1].split("\n\n")[0]

    def end(self, others):
        self.console.write((others + "\n").encode())
        self.type(".")
        self.console.wait_for(r"gateway-dataplane: 1 added, 0 updated, 0 removed, 0 kept\n(.*\n)*%s> \Z" % self.answers[4], 120, self.start)


@case
def two_blank_machines_become_a_cluster_by_setup(image):
    with tempfile.TemporaryDirectory() as work:
        hub = Hub(2)
        boxes = []
        try:
            for n in (1, 2):
                boxes.append(Box(image, work, n, hub.port(n - 1)))
            sections = [box.begin() for box in boxes]
            for box, others in zip(boxes, reversed(sections)):
                box.end(others)
            for box, other in zip(boxes, reversed(boxes)):
                for path in PATHS:
                    wait_for("an answer by " + path, lambda: " 3 received" in box.machine.say(
                        "ping %s %s -c 3 -i 0.2 -q" % (other.answers[3], path), 60), 120, 1)
                key = box.machine.output("sed -n 's/^PrivateKey = //p' /srv/mitigator/vpn-private.conf").strip()
                assert len(key) == 44 and key not in box.console.text, "the private key was on the screen"
                print("  FIGURE  %d keystrokes of %s beyond the paste" % (box.typed, box.answers[4]))
                assert box.typed <= KEYSTROKES_MAX, box.typed
        finally:
            for box in boxes:
                box.machine.close()
            hub.close()
