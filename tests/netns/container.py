"""A service as the first process of a container: namespaces of its own but that of the network, which a host of the lab lends,
and of the machine's files but /run and /srv."""
import os
import signal
import subprocess
import time

from cases import expect
from lab import wait_until

NAMES = "reconfigure", "check", "show", "health", "metrics", "wg"


class Container:
    """conf is mounted at /srv/mitigator: whole, or file by file."""

    def __init__(self, lab, host, files, name="gateway", environment=(), singly=False, read_only=False, prefix=(), before="true", options=()):
        self.lab, self.host, self.name = lab, host, name
        self.dir = lab.dir + "/container-%s-%s" % (host.name, name)
        os.makedirs(self.dir + "/conf", exist_ok=True)
        os.makedirs(self.dir + "/state", exist_ok=True)
        self.conf = self.dir + "/conf/"
        for file, text in files.items():
            self.put(file, text)
        for verb in NAMES:
            if not os.path.lexists(lab.applet(verb)):
                os.symlink(lab.binary, lab.applet(verb))
        self.environment = {"PATH": lab.dir + "/bin:" + os.environ["PATH"], "container": "test", "ASAN_OPTIONS": "detect_leaks=0",
                            **dict(environment)}
        mounts = ["mount -t tmpfs none /run", "mount -t tmpfs none /srv", "mkdir /srv/mitigator"]
        if singly:
            mounts += ["touch /srv/mitigator/%s && mount --bind %s%s /srv/mitigator/%s" % (file, self.conf, file, file) for file in files]
        else:
            mounts += ["mount --bind %s /srv/mitigator" % self.conf]
        if read_only:
            mounts += ["mount -o remount,bind,ro /srv/mitigator"]
        script = " && ".join([*mounts, before, "exec %s %s run %s" % (" ".join(prefix), name, " ".join(options))])
        self.log = open(self.dir + "/log", "a+")
        self.process = host.start("unshare", "--pid", "--fork", "--mount", "--mount-proc", "--kill-child", "sh", "-c", script,
                                  env=self.environment, stdin=subprocess.DEVNULL, stdout=self.log, stderr=self.log)
        self.poll, self.kill = self.process.poll, self.process.kill
        lab.processes[-1] = self

    def put(self, name, text):
        """In place, as no editor does."""
        with open(os.open(self.conf + name, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as f:
            f.write(text)

    def said(self):
        with open(self.dir + "/log") as f:
            return f.read()

    def first(self):
        """The number of its first process, out here; 0 before there is one."""
        with open("/proc/%d/task/%d/children" % (self.process.pid, self.process.pid)) as f:
            found = f.read().split()
        return int(found[0]) if found else 0

    def inside(self, *words):
        """(status, what it said), as `docker-compose exec` would."""
        done = subprocess.run(["nsenter", "-t", str(self.first()), "-m", "-p", "-n", *words], env=self.environment, text=True,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL, timeout=60)
        return done.returncode, done.stdout

    def terminate(self):
        """unshare(1) would not."""
        os.kill(self.first(), signal.SIGTERM)

    def wait(self, timeout=None):
        """For its end."""
        return self.process.wait(timeout)

    def until(self, status=0):
        """`health` says that."""
        def is_so():
            expect(self.process.poll() is None, self.said())
            got, said = self.inside("health")
            return got == status and said.startswith(self.name + ": ") and ".sock" not in said
        wait_until("health says %d: %s" % (status, self.said()), is_so)

    def stop(self):
        """As `docker stop` does; the status, and the seconds it took."""
        started = time.monotonic()
        self.terminate()
        return self.wait(30), time.monotonic() - started
