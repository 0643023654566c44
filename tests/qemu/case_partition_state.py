"""What `show` says of a partition on which ext4 found an error, until e2fsck has mended it."""
import re
import tempfile

from appliance import DATA, Appliance, wait_for
from case_partition import boot_line, paths_are_up
from cases import case
from cluster import make_instances
from vm import make_data_image


@case
def error_on_the_partition_is_in_show_until_e2fsck_has_been_there(image):
    """A superblock that counts errors of an earlier time, and one that happens now."""
    one, two = make_instances(2, image + "/gateway")
    with tempfile.TemporaryDirectory() as work:
        disk = work + "/disk"
        make_data_image(disk, one.files([one, two]))
        with Appliance("errors", image, None, disk=disk, instance=one, no_reboot=False) as a:
            a.prompt()
            paths_are_up(a)
            said = a.say("show")
            assert re.search(r"^persistent partition: /dev/vda, \d+ MiB, \d+% used\n", said, re.M), said
            a.output("sync; echo a test > /sys/fs/ext4/vda/trigger_fs_error")
            words = r"persistent partition: /dev/vda, \d+ MiB, \d+% used, READ-ONLY: nothing can be kept, 1 error: `reboot` has e2fsck mend it"
            wait_for("the error", lambda: re.search(words, a.screen()))
            assert a.run("touch %snew" % DATA)[0] != 0, "ext4 still takes what is written: this case shows nothing"
            paths_are_up(a)
            a.reboot()
            assert re.search(r"ok: /dev/vda was not clean: e2fsck -\w said [01]\n", boot_line(a)), boot_line(a)
            paths_are_up(a)
            said = a.say("show")
            assert re.search(r"^persistent partition: /dev/vda, \d+ MiB, \d+% used\n", said, re.M), said
            assert "rw," in a.output("grep %s /proc/mounts" % DATA.rstrip("/"))
            a.vm.console.begin("poweroff")
            a.vm.wait(60)
