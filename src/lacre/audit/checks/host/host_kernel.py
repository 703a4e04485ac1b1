"""The kernel under all containers is hardened.

Containers share the host's kernel, and what of it is open to each of them is decided by its settings, once for
all. `lacre host` says what each setting stops, who here needs it open, and sets them with a way back.

Mend: `lacre host plan` shows the changes, and what each may break on this very host; `lacre host apply` makes
them.

Example:

    $ lacre host plan
"""

from collections.abc import Iterator

from lacre.audit.check import Check
from lacre.audit.facts.host import Host
from lacre.audit.model import Finding, Severity, Unknown, Word

_SEVERITIES = {"high": Severity.HIGH, "medium": Severity.MEDIUM, "low": Severity.LOW}


def host(host: Host) -> Iterator[Word]:
    from lacre.host.model import Kind, Verdict  # noqa: PLC0415 - only a host with settings needs it

    if host.settings is None:
        yield Unknown("the settings of the kernel were not read")
        return
    for state in host.settings:
        setting = state.setting
        if setting.kind is Kind.ENGINE or state.needed:
            continue  # the engine has a section of its own; what somebody here needs is no fault
        if state.now is Verdict.BAD:
            now = next(key for key in state.keys if key.now_verdict is Verdict.BAD)
            yield Finding(
                what=f"{setting.name} is {now.now}, not {state.wanted.write}: {setting.title}",
                path=setting.id,
                severity=_SEVERITIES[setting.severity.value],
            )
        elif state.later is Verdict.BAD:
            yield Finding(what=f"{setting.name} is set, but not after a restart", path=setting.id)
        elif state.now is Verdict.UNKNOWN:
            yield Unknown(f"{setting.name} cannot be read")


CHECK = Check(
    id="LC121",
    name="host-kernel",
    doc=__doc__,
    severity=Severity.LOW,
    cis="1.2.1",
    peers=("docker-bench:1.2.1",),
    aside=True,
    host=host,
)
