"""Attacks on the project of `samples`, invented, with every kind of result and with hostile names."""

from __future__ import annotations

from collections.abc import Sequence

from lacre.attacks.model import (
    Answering,
    Attack,
    Attacked,
    Comparison,
    Group,
    Result,
    Scene,
    Step,
    StepTaken,
    Verdict,
    attack,
)

HOSTILE = "<script>alert(1)</script>\x1b[2J\u202egpj.exe\udcff\n'\"&amp;{{7*7}}"
LONG = "/var/lib/" + "an-application-with-a-very-long-name/" * 4 + "cache/objects/0f/ab.tmp"


def _made(
    id: str, title: str, group: Group, control: str = "", *, technique: str = "T1611", by_design: str = ""
) -> Attack:
    def plan(scene: Scene) -> Sequence[Step]:
        """Invented."""
        del scene
        return [Step(id)]

    return attack(
        id,
        title,
        group=group,
        technique=technique,
        control=control,
        sign="EPERM",
        mend=f"give the service the control that stops {id}: {control or 'none'}",
        by_design=by_design,
    )(plan)


ATTACKS = (
    _made("image-file", "Change a file of the image", Group.WRITING, "filesystem", technique="T1525"),
    _made("web-root", "Write into the web root", Group.WRITING, "filesystem", technique="T1505.003"),
    _made(
        "hide", "Hide a file in a tmpfs", Group.WRITING, by_design="the application needs a place to write"
    ),
    _made("drop-tmp", "Execute a dropped program from a writable place", Group.EXECUTING, "filesystem"),
    _made(
        "interpreter",
        "Run a script through an interpreter of the image",
        Group.EXECUTING,
        by_design="the interpreter is the application's own; only Landlock inside can tell scripts apart",
        technique="T1059.004",
    ),
    _made("setuid", "Become root through a set-uid file", Group.EXECUTING, "privileges", technique="T1548"),
    _made("fork", "Fork bomb", Group.EXHAUSTING, "limits", technique="T1499"),
    _made("log", "Flood the log", Group.EXHAUSTING, "logging", technique="T1499"),
    _made("mount", "Mount a file system", Group.ESCAPING, "syscalls"),
    _made("shocker", "Open a file of the host by its handle", Group.ESCAPING, "capabilities"),
    _made("sysrq", "Write to /proc/sysrq-trigger", Group.ESCAPING, "user"),
    _made("bpf", "Load a BPF program", Group.KERNEL, "syscalls", technique="T1068"),
    _made("ptrace", "Trace another process", Group.SPYING, "syscalls", technique="T1055.008"),
    _made("raw", "Open a raw socket", Group.SPYING, "capabilities", technique="T1040"),
)

WORKED, STOPPED, NOTHING, ERROR = Result.WORKED, Result.STOPPED, Result.NOT_APPLICABLE, Result.ERROR


def _verdict(
    attack: Attack, result: Result, errno: str = "", by: tuple[str, ...] = (), reason: str = ""
) -> Verdict:
    step = StepTaken(
        step=Step(attack.id, (LONG,)), result=result, errno=errno, by=by[0] if by else "", detail=reason
    )
    return Verdict(
        attack=attack,
        result=result,
        errno=errno,
        by=by,
        reason=reason,
        steps=() if result is NOTHING else (step,),
    )


def _all(**changed: tuple[object, ...]) -> tuple[Verdict, ...]:
    """Everything worked, but for what is named (`_` for `-`)."""
    return tuple(
        _verdict(attack, *changed.get(attack.id.replace("-", "_"), (WORKED,)))  # type: ignore[arg-type]
        for attack in ATTACKS
    )


_NO_SETUID = (NOTHING, "", (), "no set-uid file in the image")
_ALONE = (NOTHING, "", (), "no other process runs as the same uid")

BEFORE = Attacked(
    verdicts={
        "web": _all(
            mount=(STOPPED, "EPERM", ("capabilities", "syscalls")),
            shocker=(STOPPED, "EPERM", ("capabilities",)),
            sysrq=(STOPPED, "EROFS", ("engine",)),
            bpf=(STOPPED, "EPERM", ("syscalls",)),
            ptrace=_ALONE,
        ),
        "db": _all(
            bpf=(STOPPED, "EPERM", ("kernel",)),
            setuid=_NO_SETUID,
            fork=(ERROR, "", (), "the container ended before the attack began"),
        ),
    },
    answering={"fork": Answering(host=0.21, neighbour=0.34), "log": Answering(host=0.02, neighbour=0.03)},
    seconds={"web": 14.2, "db": 11.0},
)

AFTER = Attacked(
    verdicts={
        "web": _all(
            image_file=(STOPPED, "EROFS", ("filesystem",)),
            web_root=(STOPPED, "EACCES", ("user", "filesystem")),
            drop_tmp=(STOPPED, "EACCES", ("filesystem",)),
            interpreter=(STOPPED, "ENOENT", (), ""),
            setuid=(STOPPED, "", ("privileges",)),
            fork=(STOPPED, "EAGAIN", ("limits",)),
            log=(STOPPED, "", ("logging",)),
            mount=(STOPPED, "EPERM", ("syscalls",)),
            shocker=(STOPPED, "EPERM", ("syscalls",)),
            sysrq=(STOPPED, "EACCES", ("apparmor",)),
            bpf=(STOPPED, "EPERM", ("syscalls",)),
            ptrace=_ALONE,
            raw=(STOPPED, "EPERM", ()),
        ),
        "db": _all(
            setuid=_NO_SETUID,
            fork=(STOPPED, "EAGAIN", ("limits",)),
            mount=(STOPPED, "EPERM", ("syscalls",)),
            shocker=(STOPPED, "EPERM", ("capabilities",)),
            sysrq=(NOTHING, "", (), "sysrq is switched off in this kernel"),
            ptrace=(ERROR, "", (), "the native program was killed by signal 9"),
            hide=(ERROR, "", (), "the native program was killed by signal 9"),
            raw=(STOPPED, "EPERM", ("capabilities",)),
        ),
    },
    answering={"fork": Answering(host=0.05, neighbour=None)},
    seconds={"web": 12.9, "db": 10.1},
)

COMPARISON = Comparison(before=BEFORE, after=AFTER)


def hostile(text: str = HOSTILE) -> Comparison:
    """Attacks in which everything that comes out of a container is `text`."""
    made = _made("odd", text, Group.WRITING, "filesystem")
    open_ = _made("odder", text, Group.WRITING, by_design=text)
    verdicts = (
        _verdict(made, ERROR, text, (text,), text),
        _verdict(made, STOPPED, text, (text,), text),
        _verdict(made, NOTHING, text, (text,), text),
        _verdict(open_, WORKED, text, (text,), text),
    )
    services = {f"{text}{number}": (verdict,) for number, verdict in enumerate(verdicts)}
    attacked = Attacked(verdicts=services, answering={text: Answering(host=1.0, neighbour=2.0, lost=1)})
    return Comparison(before=attacked, after=attacked)
