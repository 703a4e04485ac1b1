import json

from syrupy.assertion import SnapshotAssertion

from lacre.engine import Cleaned, Leftover
from lacre.report import evidence, ground, jsonout, leftovers, sealed, verified
from lacre.report import seal_view as view
from lacre.report.ground import Check, State
from lacre.report.text import Look
from lacre.report.verified import Standing, VerifiedReport
from lacre.seal.model import FileSystem, Grant, NamedVolume, Tmpfs
from tests.unit.report import samples

CHECKS = (
    Check(group="host", what="root", state=State.YES, why="the sensor watches the kernel", needed=True),
    Check(
        group="host",
        what="BTF",
        state=State.NO,
        why="there is no /sys/kernel/btf/vmlinux",
        do="use a kernel with CONFIG_DEBUG_INFO_BTF",
        needed=True,
    ),
    Check(group="engine", what="AppArmor", state=State.UNKNOWN, why="the engine does not tell"),
)

FAILS = VerifiedReport(
    works=False,
    changed=("image of web: nginx:1.27",),
    new={"web": (Grant(what="CHOWN", reason="changes the owner of /run/x"),)},
    unused={"db": (Grant(what="tmpfs /run", reason="creates /run/pid"),)},
    failures=("web: the exercise ended with 7 in first work",),
)


def test_the_report_of_seal(snapshot: SnapshotAssertion) -> None:
    assert sealed.render(samples.report(), Look()) == snapshot


def test_the_report_of_a_whole_seal_has_no_part_about_what_is_off(snapshot: SnapshotAssertion) -> None:
    assert sealed.render(samples.report(samples.WHOLE), Look()) == snapshot


def test_what_is_to_know_about_several_services_is_said_once() -> None:
    noted = {"notes": ("mind the gap",)}
    services = {name: one.model_copy(update=noted) for name, one in samples.SEAL.services.items()}
    text = sealed.render(samples.report(samples.SEAL.model_copy(update={"services": services})), Look())
    assert "db web  mind the gap" in text
    assert text.count("mind the gap") == 1


def test_the_report_of_a_dry_run_says_that_nothing_is_written() -> None:
    text = sealed.render(samples.report(written=False), Look())
    assert "nothing written (--dry-run); would write lacre.yaml" in text
    assert "next:" not in text


def test_the_report_of_seal_in_colour(snapshot: SnapshotAssertion) -> None:
    assert sealed.render(samples.report(), Look(width=80, color=True)) == snapshot


def test_the_report_of_seal_as_json(snapshot: SnapshotAssertion) -> None:
    text = jsonout.sealed(samples.report())
    text.encode("ascii")
    said = json.loads(text)
    assert said["whole"] is False
    assert [off["control"] for off in said["off"]] == ["file system"]
    assert said["seal"]["services"]["web"]["filesystem"]["left"][0]["what"] == samples.HOSTILE.replace(
        "\udcff", r"\xff"
    )
    assert text == snapshot


def test_the_evidence_of_a_seal(snapshot: SnapshotAssertion) -> None:
    assert evidence.render(samples.SEAL, ["web", "db"], Look()) == snapshot


def test_the_reports_of_verify(snapshot: SnapshotAssertion) -> None:
    assert verified.render(FAILS, Look()) == snapshot
    assert json.loads(jsonout.verified(FAILS))["verdict"] == "fails"


def test_a_seal_is_to_be_renewed_when_it_works_with_something_else_than_it_was_proved_with() -> None:
    nothing = VerifiedReport(works=True, changed=(), new={}, unused={}, failures=())
    changed = VerifiedReport(works=True, changed=("engine",), new={}, unused={}, failures=())
    more = VerifiedReport(works=True, changed=(), new=FAILS.new, unused={}, failures=())
    less = VerifiedReport(works=True, changed=(), new={"web": ()}, unused=FAILS.unused, failures=())
    assert [report.verdict for report in (nothing, changed, more, less, FAILS)] == [
        Standing.HOLDS,
        Standing.RENEW,
        Standing.RENEW,
        Standing.HOLDS,
        Standing.FAILS,
    ]


def test_the_report_of_doctor(snapshot: SnapshotAssertion) -> None:
    assert ground.render(CHECKS, Look()) == snapshot
    assert json.loads(jsonout.ground(CHECKS))["ready"] is False
    assert ground.ready(CHECKS[::2])


def test_the_report_of_clean() -> None:
    gone = Leftover(kind="network", id="1", name="a\x1b", twin="x", alive=False)
    alive = Leftover(kind="volume", id="2", name="b", twin="y", alive=True)
    assert leftovers.found(()) == "nothing was left behind\n"
    assert leftovers.found((gone, alive)) == (
        "would remove 1 leftover:\n  network a\\x1b\n"
        "would leave, because the lacre that made them may still run:\n  volume b\n"
    )
    done = Cleaned(removed=(gone,), kept=(alive,), failed=((gone, "in use"),))
    assert leftovers.cleaned(done).splitlines()[-2:] == [
        "could not remove 1 leftover:",
        "  network a\\x1b: in use",
    ]


def test_no_hostile_string_of_a_seal_reaches_the_terminal() -> None:
    for text in (
        sealed.render(samples.report(), Look()),
        evidence.render(samples.SEAL, ["web", "db"], Look()),
    ):
        assert not set(text) & {"\x1b", "\u202e", "\udcff"}


def test_the_capabilities_of_the_base_are_counted_as_docker_gives_them() -> None:
    web, db = samples.PROJECT.services["web"], samples.PROJECT.services["db"]
    assert view.base_capabilities(web) is not None
    assert len(view.base_capabilities(web) or ()) == 13
    assert view.base_capabilities(db) is None
    none = web.model_copy(update={"cap_drop": ("ALL",), "cap_add": ("CHOWN",)})
    assert view.base_capabilities(none) == frozenset({"CHOWN"})


def test_a_writable_root_and_the_mounts_that_stay_are_both_shown() -> None:
    setting = FileSystem(
        read_only=False,
        off="it must write everywhere",
        tmpfs=(Tmpfs(path="/run/x", size=1 << 20),),
        volumes=(NamedVolume(path="/var/lib/x", name="db-x"),),
    )
    sealed = samples.DB.model_copy(update={"filesystem": setting})
    assert view.writable(sealed, None) == ["everywhere (off)", "/run/x 1M", "/var/lib/x volume"]
