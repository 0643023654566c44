"""The power goes while `import` replaces the files."""
import tempfile

from appliance import Appliance, wait_for
from case_disk import paths_are_up
from case_export import export, files_of, paste
from cases import case, soak
from cluster import make_instances
from disk import Disk
from vm import make_data_image

ENDS = r"(nothing was replaced|nothing runs before `reconfigure`|none between)\n(?:.*\n)*gateway> \Z"


def import_on_a_disk_that_is_cut_off(image, name, good):
    """(what import said, the files before, those that were to be, those after the next boot, writes and flushes that it took) when
    nothing reaches the disk any more after so many of them; None: all does."""
    one, other, third = make_instances(3, image + "/gateway")
    with tempfile.TemporaryDirectory() as work:
        path = work + "/disk"
        files = one.files([one, other])
        make_data_image(path, files)
        with Disk(path) as disk, Appliance(name, image, None, instance=one, extra_args=disk.args()) as a:
            a.prompt()
            paths_are_up(a)
            a.files = dict(files)
            before = files_of(a)
            changed = one.files([one, other, third])
            changed[".env"] += "ANOTHER_PROGRAMS=1\n"
            a.write(changed)
            wanted, text = files_of(a), export(a)
            a.write(files)
            a.output("sync")
            stores, disk.good = disk.stores, good
            said = paste(a, text, ENDS)
            took = disk.stores - stores
            disk.good = 0
            a.vm.kill()
        with Appliance(name + "-after", image, None, disk=path, instance=one) as a:
            a.prompt()
            paths_are_up(a)
            return said, before, wanted, files_of(a), took


def check(image, choose):
    said, before, wanted, after, took = import_on_a_disk_that_is_cut_off(image, "import-whole", None)
    assert before != wanted and "nothing runs before `reconfigure`" in said and after == wanted and took > 4, (took, said, after)
    old = 0
    for good in choose(took):
        said, before, wanted, after, _ = import_on_a_disk_that_is_cut_off(image, "import-%d" % good, good)
        assert after in (before, wanted), "a mixture after %d of %d writes:\n%s\n%s" % (good, took, said, after)
        assert "nothing runs before `reconfigure`" not in said or after == wanted, "import said that it was done after %d writes:\n%s" % (good, said)
        old += after == before
    assert old, "each import was whole: this case shows nothing"


@case
def power_cut_of_an_import_leaves_the_old_files_or_the_new(image):
    check(image, lambda took: [took // 2])


@soak
def power_cut_of_an_import_leaves_the_old_files_or_the_new_whenever_it_comes(image):
    check(image, range)
