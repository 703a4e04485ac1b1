"""What holds now and later, who decides, who needs what, and what a plan makes of it: on a made-up host."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from lacre.engine.daemon import Contained, DaemonFacts
from lacre.errors import GroundError
from lacre.host import facts, needs, plan, states
from lacre.host.dockerd import flags
from lacre.host.files import Root
from lacre.host.model import Change, Kind, Need, Plan, Profile, Risk, State, Verdict
from lacre.host.settings import BY_ID, SETTINGS
from lacre.report import host as report
from lacre.report.text import Look
from tests.unit.host import trees

HOST = Profile.CONTAINER_HOST
PTRACE = "kernel.yama.ptrace_scope"
CONTAINER = "f" * 64


def read(root: Root, daemon: DaemonFacts | None = None) -> facts.Facts:
    return facts.read(root, SETTINGS, None if daemon is None else lambda: daemon)


def state(root: Root, id: str, profile: Profile = HOST, daemon: DaemonFacts | None = None) -> State:
    setting = BY_ID[id]
    return states.state(read(root, daemon), setting, setting.wanted[profile])


def planned(root: Root, *accepted: str, profile: Profile = HOST, daemon: DaemonFacts | None = None) -> Plan:
    told = read(root, daemon)
    return plan.plan(told, profile, states.states(told, profile, SETTINGS), accepted)


def change(made: Plan, id: str) -> Change:
    return next(c for c in (*made.changes, *made.held) if c.setting.id == id)


def contained(name: str, **more: object) -> Contained:
    told: dict[str, object] = {
        "id": CONTAINER, "name": name, "networks": ("bridge",), "privileged": False, "host_users": False,
        "host_namespaces": (), "no_new_privileges": False, "published": False,
    }  # fmt: skip
    return Contained(**{**told, **more})  # type: ignore[arg-type]


def test_in_force_now_and_lost_later_is_found_with_file_and_line(tmp_path: Path) -> None:
    files = {"/usr/lib/sysctl.d/99-x.conf": "# a\nkernel.kptr_restrict = 0\n"}
    root = trees.make(tmp_path, sysctls={**trees.SYSCTLS, "kernel/kptr_restrict": "2"}, files=files)
    found = state(root, "kernel.kptr_restrict")
    assert (found.now, found.later) == (Verdict.GOOD, Verdict.BAD)
    assert str(found.keys[0].decides) == "/usr/lib/sysctl.d/99-x.conf:2"


def test_written_and_not_in_force_is_found_with_file_and_line(tmp_path: Path) -> None:
    root = trees.make(tmp_path, files={"/etc/sysctl.d/50-x.conf": "kernel/kptr_restrict=2\n"})
    found = state(root, "kernel.kptr_restrict")
    assert (found.now, found.later) == (Verdict.BAD, Verdict.GOOD)
    assert str(found.keys[0].decides) == "/etc/sysctl.d/50-x.conf:1"
    made = change(planned(root), "kernel.kptr_restrict")
    assert made.values and not made.line


def test_what_nobody_sets_has_the_default_of_the_kernels_configuration(tmp_path: Path) -> None:
    with_it = trees.make(tmp_path / "a", configuration="CONFIG_SECURITY_DMESG_RESTRICT=y\n")
    assert state(with_it, "kernel.dmesg_restrict").keys[0].later == "1"
    without = trees.make(tmp_path / "b")
    assert state(without, "kernel.dmesg_restrict").keys[0].later == "0"
    unknown = trees.make(tmp_path / "c")
    unknown.at("/boot/config-6.12.1-test").unlink()
    assert state(unknown, "kernel.dmesg_restrict").later is Verdict.UNKNOWN


def test_without_systemd_sysctl_it_is_not_known_what_a_file_does(tmp_path: Path) -> None:
    root = trees.make(tmp_path, files={"/etc/sysctl.d/50-x.conf": "kernel/kptr_restrict=2\n"})
    root.at("/usr/lib/systemd/systemd-sysctl").unlink()
    found = state(root, "kernel.kptr_restrict")
    assert found.later is Verdict.UNKNOWN
    assert str(found.keys[0].decides) == "/etc/sysctl.d/50-x.conf:1"


def test_a_key_that_this_kernel_has_not_is_neither_good_nor_bad(tmp_path: Path) -> None:
    found = state(trees.make(tmp_path), "kernel.io_uring_disabled")
    assert (found.now, found.later) == (Verdict.ABSENT, Verdict.ABSENT)
    assert all(
        c.setting.id != "kernel.io_uring_disabled" for c in planned(trees.make(tmp_path / "x")).changes
    )


def test_a_later_file_that_wins_is_named_and_left(tmp_path: Path) -> None:
    root = trees.make(tmp_path, files={"/etc/sysctl.d/99-mine.conf": "\nkernel.kptr_restrict = 1\n"})
    made = change(planned(root), "kernel.kptr_restrict")
    assert any("/etc/sysctl.d/99-mine.conf:2 decides with 1" in note for note in made.notes)


def test_a_glob_setting_is_told_by_interface_and_beats_earlier_exact_lines_of_all_and_default(
    tmp_path: Path,
) -> None:
    interfaces = {f"net/ipv4/conf/{name}/send_redirects": "1" for name in ("all", "default", "eth0")}
    files = {
        "/etc/sysctl.d/10-old.conf": "net.ipv4.conf.all.send_redirects = 1\nnet.ipv4.conf.eth0.send_redirects=1\n"
    }
    root = trees.make(tmp_path, sysctls={**trees.SYSCTLS, **interfaces}, files=files)
    made = change(planned(root), "net.ipv4.conf.send_redirects")
    assert {key for key, _, _ in made.values} == set(interfaces)
    assert [note for note in made.notes if "10-old.conf" in note] == [
        n for n in made.notes if "/etc/sysctl.d/10-old.conf:2" in n
    ]


def test_an_interface_that_nobody_names_takes_what_default_had_when_it_came(tmp_path: Path) -> None:
    interfaces = {f"net/ipv4/conf/{name}/send_redirects": "0" for name in ("all", "default", "eth0")}
    files = {
        "/etc/sysctl.d/10-cis.conf": "net.ipv4.conf.all.send_redirects=0\nnet.ipv4.conf.default.send_redirects=0\n"
    }
    root = trees.make(tmp_path, sysctls={**trees.SYSCTLS, **interfaces}, files=files)
    keys = {key.key.split("/")[3]: key for key in state(root, "net.ipv4.conf.send_redirects").keys}
    assert keys["all"].later_verdict is keys["default"].later_verdict is Verdict.GOOD
    assert keys["eth0"].later_verdict is Verdict.UNKNOWN
    assert str(keys["eth0"].decides) == "/etc/sysctl.d/10-cis.conf:2"


def test_a_value_that_is_good_enough_is_kept_when_its_line_is_written(tmp_path: Path) -> None:
    root = trees.make(tmp_path, sysctls={**trees.SYSCTLS, "kernel/threads-max": "192731"})
    assert b"kernel.threads-max = 192731\n" in dict(planned(root).texts)["/etc/sysctl.d/90-lacre.conf"]


def test_a_line_of_an_earlier_apply_stays_when_the_next_leaves_its_setting_out(tmp_path: Path) -> None:
    ours = "kernel.kptr_restrict = 2\n"
    root = trees.make(tmp_path, files={"/etc/sysctl.d/90-lacre.conf": ours})
    told = read(root)
    chosen = [setting for setting in SETTINGS if setting.id != "kernel.kptr_restrict"]
    made = plan.plan(told, HOST, states.states(told, HOST, chosen))
    text = dict(made.texts)["/etc/sysctl.d/90-lacre.conf"].decode()
    assert "kernel.yama.ptrace_scope = 2\n" in text and ours in text


def test_what_the_kernel_does_not_take_back_is_only_written(tmp_path: Path) -> None:
    root = trees.make(tmp_path, sysctls={**trees.SYSCTLS, "kernel/kexec_load_disabled": "0"})
    made = change(planned(root), "kernel.kexec_load_disabled")
    assert made.line and not made.values
    assert "next start only" in made.notes[0]


def test_a_read_only_proc_sys_is_said_and_held_back(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    root = trees.make(tmp_path)
    monkeypatch.setattr(
        "lacre.host.facts.os.access", lambda *_: False
    )  # root passes every mode, so: as EROFS answers
    made = change(planned(root), "kernel.kptr_restrict")
    assert "cannot be written here" in made.held


@pytest.mark.parametrize(
    ("setting", "arrange", "named"),
    [
        (PTRACE, {"name": "app", "tracer": 40}, "gdb (pid 40) traces app (pid 41"),
        ("kernel.io_uring_disabled", {"name": "db", "descriptors": ("anon_inode:[io_uring]",)}, "db (pid 41"),
        (
            "kernel.unprivileged_bpf_disabled",
            {"name": "agent", "descriptors": ("anon_inode:bpf-map",)},
            "agent (pid 41",
        ),
        (
            "kernel.perf_event_paranoid",
            {"name": "prof", "descriptors": ("anon_inode:[perf_event]",)},
            "prof (pid 41",
        ),
        (
            "vm.unprivileged_userfaultfd",
            {"name": "criu", "descriptors": ("anon_inode:[userfaultfd]",)},
            "criu (pid 41",
        ),
        (
            "kernel.unprivileged_userns_clone",
            {"name": "chromium", "user_namespace": "user:[4026532001]"},
            "chromium (",
        ),
    ],
)
def test_a_process_that_needs_what_a_setting_takes_away_holds_it_back(
    setting: str, arrange: dict[str, object], named: str, tmp_path: Path
) -> None:
    key = BY_ID[setting].key
    root = trees.make(
        tmp_path, sysctls={**trees.SYSCTLS, key: "1" if "userns" in key or "userfault" in key else "0"}
    )
    free = change(planned(root), setting)
    assert free.risk is Risk.POSSIBLE and not free.held
    trees.process(root, 40, "gdb", capabilities=0)
    trees.process(root, 41, cgroup=f"0::/system.slice/docker-{CONTAINER}.scope", parent=40, **arrange)  # type: ignore[arg-type]
    daemon = trees.engine(contained("shop-db-1"))
    held = change(planned(root, daemon=daemon), setting)
    assert held.risk is Risk.BREAKS and named in held.held and "container shop-db-1" in held.held
    assert not change(planned(root, setting, daemon=daemon), setting).held


def test_a_collector_of_core_dumps_is_named_and_holds_nothing_back(tmp_path: Path) -> None:
    more = {"fs/suid_dumpable": "2", "kernel/core_pattern": "|/usr/lib/systemd/systemd-coredump %P"}
    made = change(planned(trees.make(tmp_path, sysctls={**trees.SYSCTLS, **more})), "fs.suid_dumpable")
    assert not made.held
    assert made.state.users[0].who == "/usr/lib/systemd/systemd-coredump (kernel.core_pattern)"


def test_with_the_capability_nobody_is_in_the_way(tmp_path: Path) -> None:
    root = trees.make(tmp_path)
    trees.process(root, 40, "gdb", capabilities=1 << 19)
    trees.process(root, 41, "app", tracer=40)
    assert not change(planned(root), PTRACE).held


def test_tracing_what_one_started_is_free_at_one(tmp_path: Path) -> None:
    root = trees.make(tmp_path)
    trees.process(root, 40, "strace")
    trees.process(root, 41, "app", parent=40, tracer=40)
    assert not change(planned(root, profile=Profile.BUILD_HOST), PTRACE).held
    trees.process(root, 42, "other", parent=1, tracer=40)
    assert "which it did not start" in change(planned(root, profile=Profile.BUILD_HOST), PTRACE).held


def test_forwarding_is_held_back_by_bridges_and_by_dockerd(tmp_path: Path) -> None:
    root = trees.make(tmp_path)
    trees.put(root, "/sys/class/net/docker0/bridge/forward_delay", "0")
    trees.put(root, "/sys/class/net/docker0/brif/veth1", "")
    trees.process(root, 50, "dockerd", command=("dockerd",))
    held = change(planned(root), "net.ipv4.ip_forward").held
    assert "network bridge docker0 forwards for 1 port" in held
    assert "dockerd (pid 50) turns forwarding on itself" in held


def test_several_ways_outside_hold_the_filter_of_answers_back(tmp_path: Path) -> None:
    root = trees.make(tmp_path, sysctls={**trees.SYSCTLS, "net/ipv4/conf/all/rp_filter": "0"})
    row = "{}\t00000000\t010200C0\t0003\t0\t0\t0\t00000000\t0\t0\t0\n"
    trees.put(root, "/proc/net/route", "Iface\n" + row.format("eth0") + row.format("wan1"))
    assert "several ways lead outside" in change(planned(root), "net.ipv4.conf.all.rp_filter").held


def test_an_overlay_holds_forwarding_and_the_filter_of_answers_back(tmp_path: Path) -> None:
    root = trees.make(tmp_path, sysctls={**trees.SYSCTLS, "net/ipv4/conf/all/rp_filter": "0"})
    trees.put(root, "/sys/class/net/wg0/mtu", "1420")
    made = planned(root)
    assert "interface wg0" in change(made, "net.ipv4.ip_forward").held
    assert "interface wg0" in change(made, "net.ipv4.conf.all.rp_filter").held


def test_a_way_outside_from_a_router_holds_accept_ra_back(tmp_path: Path) -> None:
    root = trees.make(tmp_path, sysctls={**trees.SYSCTLS, "net/ipv6/conf/all/accept_ra": "1"})
    zeros = "0" * 32
    trees.put(
        root, "/proc/net/ipv6_route", f"{zeros} 00 {zeros} 00 fe80{'0' * 28} 00000400 1 0 00450003 eth0\n"
    )
    assert "interface eth0" in change(planned(root), "net.ipv6.conf.accept_ra").held


def test_containers_on_the_default_bridge_hold_icc_back(tmp_path: Path) -> None:
    root = trees.make(tmp_path)
    trees.process(root, 50, "dockerd", command=("dockerd",))
    alone = trees.engine(contained("a"))
    assert not change(planned(root, daemon=alone), "engine.icc").held
    two = trees.engine(contained("a"), contained("b", id="e" * 64))
    held = change(planned(root, daemon=two), "engine.icc").held
    assert "container a" in held and "container b" in held


def test_what_only_the_engine_knows_is_held_back_while_it_does_not_answer(tmp_path: Path) -> None:
    root = trees.make(tmp_path)
    trees.process(root, 50, "dockerd", command=("dockerd",))

    def silent() -> DaemonFacts:
        raise GroundError("asking the engine", "it does not answer", "start it")

    told = facts.read(root, SETTINGS, silent)
    made = plan.plan(told, HOST, states.states(told, HOST, SETTINGS))
    for id in ("engine.icc", "engine.live-restore", "engine.userland-proxy"):
        assert "could not be asked: it does not answer" in change(made, id).held, id
    assert not change(made, "engine.no-new-privileges").held
    accepted = plan.plan(told, HOST, states.states(told, HOST, SETTINGS), ["engine.icc"])
    assert not change(accepted, "engine.icc").held


def test_what_may_break_something_names_who_or_says_that_it_cannot(tmp_path: Path) -> None:
    keys = {setting.key.replace("*", "all"): "77777" for setting in SETTINGS if setting.kind is Kind.SYSCTL}
    made = planned(trees.make(tmp_path, sysctls={**keys, "kernel/osrelease": "6.12.1-test"}))
    assert len(made.changes) > 30
    for each in (*made.changes, *made.held):
        cannot = any("nobody can be named" in note for note in each.notes)
        assert cannot == (bool(each.setting.breaks) and not each.state.needs), each.setting.id


def test_remapped_users_are_always_held_back_and_swarm_holds_live_restore_back(tmp_path: Path) -> None:
    root = trees.make(tmp_path)
    trees.process(root, 50, "dockerd", command=("dockerd",))
    daemon = trees.engine(contained("agent", host_namespaces=("pid",)), swarm=True)
    made = planned(root, daemon=daemon)
    assert "container agent has the host's pid" in change(made, "engine.userns-remap").held
    assert "in /var/lib/docker" in change(made, "engine.userns-remap").held
    assert "Swarm" in change(made, "engine.live-restore").held


def test_a_set_uid_program_in_a_container_holds_no_new_privileges_back(tmp_path: Path) -> None:
    root = trees.make(tmp_path)
    inside = {"cgroup": f"0::/docker/{CONTAINER}"}
    trees.process(root, 60, "app", uid=1000, **inside)  # type: ignore[arg-type]
    trees.process(root, 61, "sudo", uid=0, parent=60, **inside)  # type: ignore[arg-type]
    assert "sudo (pid 61" in change(planned(root), "engine.no-new-privileges").held


def test_a_set_uid_program_that_is_the_containers_own_first_process_is_found_too(tmp_path: Path) -> None:
    root = trees.make(tmp_path)
    trees.process(root, 60, "su", uid=1000, effective=0, cgroup=f"0::/docker/{CONTAINER}")
    assert "su (pid 60" in change(planned(root), "engine.no-new-privileges").held


def test_a_key_on_the_command_line_decides_and_is_not_written_a_second_time(tmp_path: Path) -> None:
    root = trees.make(tmp_path)
    trees.process(
        root, 50, "dockerd", command=("dockerd", "-H", "fd://", "--icc=true", "--log-opt", "max-size=1m")
    )
    made = planned(root)
    assert "dockerd refuses a key that stands in both" in change(made, "engine.icc").held
    assert str(state(root, "engine.icc").keys[0].decides) == "dockerd's command line"
    assert "dockerd refuses" in change(made, "engine.log-opts.max-file").held
    assert b"icc" not in dict(made.texts)["/etc/docker/daemon.json"]


@pytest.mark.parametrize(
    ("words", "found"),
    [
        (("--ip-forward-no-drop", "--iptables=false"), {"ip-forward-no-drop": "true", "iptables": "false"}),
        (("--new-switch", "--iptables=false"), {"new-switch": "true", "iptables": "false"}),
        (("-Htcp://[::]:2375", "--icc=0"), {"hosts": '["tcp://[::]:2375"]', "icc": "false"}),
        (("-lerror",), {"log-level": '"error"'}),
        (("-l=error",), {"log-level": '"error"'}),
        (("-Dlwarn",), {"debug": "true", "log-level": '"warn"'}),
        (("--debug=1",), {"debug": "true"}),
        (("--debug=T",), {"debug": "true"}),
        (("--storage-opt", "a=1", "--storage-opt=b=2"), {"storage-opts": '["a=1","b=2"]'}),
        (("--", "--debug"), {}),
    ],
)
def test_flags_are_read_in_every_spelling(words: tuple[str, ...], found: dict[str, str]) -> None:
    assert flags(("dockerd", *words)) == found


def test_flags_are_read_as_keys_of_the_file() -> None:
    assert flags(
        ("dockerd", "-H", "fd://", "--host=tcp://0.0.0.0:2375", "--live-restore", "--userland-proxy=false", "-D",
         "--default-ulimit", "nofile=1:2", "--data-root", "/d", "--log-opt=max-size=1m")
    ) == {
        "hosts": '["fd://","tcp://0.0.0.0:2375"]',
        "live-restore": "true",
        "userland-proxy": "false",
        "debug": "true",
        "default-ulimits/nofile": '"1:2"',
        "data-root": '"/d"',
        "log-opts/max-size": '"1m"',
    }  # fmt: skip


@pytest.mark.parametrize(
    ("hosts", "more", "verdict"),
    [
        ('["fd://"]', "", Verdict.GOOD),
        ('["tcp://127.0.0.1:2375"]', "", Verdict.GOOD),
        ('["unix:///a", "tcp://0.0.0.0:2375"]', "", Verdict.BAD),
        ('["tcp://:2376"]', ', "tlsverify": true', Verdict.GOOD),
        ('["tcp://:2376"]', ', "tls": true', Verdict.BAD),
    ],
)
def test_an_engine_open_to_the_network_is_found_and_only_told(
    hosts: str, more: str, verdict: Verdict, tmp_path: Path
) -> None:
    root = trees.make(tmp_path, daemon=f'{{\n"hosts": {hosts}{more}}}')
    found = state(root, "engine.hosts")
    assert found.later is verdict
    assert str(found.keys[0].decides) == "/etc/docker/daemon.json:2"
    assert all(c.setting.id != "engine.hosts" for c in planned(root).changes)


def test_the_engines_own_word_counts_for_now_and_the_file_for_later(tmp_path: Path) -> None:
    root = trees.make(tmp_path, daemon='{"live-restore": false}')
    trees.process(root, 50, "dockerd", command=("dockerd",))
    found = state(root, "engine.live-restore", daemon=trees.engine(live_restore=True))
    assert (found.now, found.later) == (Verdict.GOOD, Verdict.BAD)
    assert str(found.keys[0].decides) == "/etc/docker/daemon.json:1"


def test_rotation_is_asked_only_of_the_driver_that_has_none(tmp_path: Path) -> None:
    root = trees.make(tmp_path, daemon='{"log-driver": "journald"}')
    assert state(root, "engine.log-opts.max-size").later is Verdict.ABSENT


def test_a_plan_shows_no_other_line_of_daemon_json(tmp_path: Path) -> None:
    root = trees.make(tmp_path, daemon='{\n  "log-opts": {"splunk-token": "s3cr3t"}\n}\n')
    made = planned(root)
    assert "s3cr3t" not in report.plan(made, Look()) + report.plan_json(made)
    assert json.loads(dict(made.texts)["/etc/docker/daemon.json"])["log-opts"]["splunk-token"] == "s3cr3t"


def test_hostile_names_are_made_visible(tmp_path: Path) -> None:
    root = trees.make(tmp_path)
    trees.process(root, 40, "gdb\x1b[2J")
    trees.process(root, 41, "app", tracer=40)
    assert "\x1b" not in report.plan(planned(root), Look())


def test_boot_parameters_are_told_with_the_line_of_grub(tmp_path: Path) -> None:
    grub = "menuentry {\n\tlinux /vmlinuz root=/dev/vda mitigations=off\n}\n"
    root = trees.make(tmp_path, files={"/boot/grub/grub.cfg": grub, "/proc/cmdline": "root=/dev/vda quiet\n"})
    found = state(root, "boot.mitigations")
    assert (found.now, found.later) == (Verdict.GOOD, Verdict.BAD)
    assert str(found.keys[0].decides) == "/boot/grub/grub.cfg:2"
    assert all(c.setting.kind is not Kind.BOOT for c in planned(root).changes)


def test_every_need_has_a_finder_and_every_row_of_the_table_its_reason() -> None:
    assert set(needs._FINDERS) == set(Need)
    assert len(BY_ID) == len(SETTINGS)
    for setting in SETTINGS:
        assert setting.why and setting.sources and setting.title and setting.wanted, setting.id
        assert not setting.needs or setting.breaks, setting.id
        for wanted in setting.wanted.values():
            assert wanted.accepts(wanted.write), setting.id
            if setting.kind is Kind.ENGINE:
                json.loads(wanted.write)
