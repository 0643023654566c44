"""A partition that is full: what was changed is undone all the same."""
from appliance import DATA, PATHS, cluster
from cases import case


@case
def full_partition_stops_no_undo(image):
    c = cluster(image)
    a = c.all[0]
    one, two, _ = c.instances
    said = a.say("reconfigure", 60)
    assert said.count("2 kept") == 2, said
    before = dict(a.files)
    said = a.reconfigure("--force", files={"vpn-public.conf": "\n".join([one.section(), two.section()])})
    assert said.count("1 removed") == 2, said
    a.run("dd if=/dev/zero of=%sfull bs=1k; i=0; while echo > %sfull.$i; do i=$((i + 1)); done" % (DATA, DATA), 120)
    try:
        assert "No space left" in a.run("echo > %smore" % DATA)[1], "the partition is not full: this case shows nothing"
        said = a.say("undo", 60)
        assert "No space left on device: it runs, and they stay as they are" in said and "is put back\n" in said, said
        for path in PATHS:
            assert len(a.peers(path)) == 2, said
    finally:
        a.run("rm -f %sfull*" % DATA, 60)
    said = a.reconfigure(files=before)
    assert said.count("2 kept") == 2, said
