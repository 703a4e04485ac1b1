"""All attacks, in the order in which they are tried and shown: the harmless first, the exhausting last."""

from __future__ import annotations

from lacre.attacks.escaping.chroot import chroot
from lacre.attacks.escaping.control_groups import control_groups
from lacre.attacks.escaping.core_pattern import core_pattern
from lacre.attacks.escaping.device_node import device_node
from lacre.attacks.escaping.engine_socket import engine_socket
from lacre.attacks.escaping.file_handle import file_handle
from lacre.attacks.escaping.host_root import host_root
from lacre.attacks.escaping.kernel_log import kernel_log
from lacre.attacks.escaping.keyring import keyring
from lacre.attacks.escaping.mount import mount
from lacre.attacks.escaping.mount_namespace import mount_namespace
from lacre.attacks.escaping.network_namespace import network_namespace
from lacre.attacks.escaping.pivot_root import pivot_root
from lacre.attacks.escaping.raw_disk import raw_disk
from lacre.attacks.escaping.setns import setns
from lacre.attacks.escaping.sysctl import sysctl
from lacre.attacks.escaping.sysfs import sysfs
from lacre.attacks.escaping.sysrq import sysrq
from lacre.attacks.escaping.umount import umount
from lacre.attacks.escaping.user_namespace import user_namespace
from lacre.attacks.kernel.acct import acct
from lacre.attacks.kernel.bpf import bpf
from lacre.attacks.kernel.clock import clock
from lacre.attacks.kernel.hostname import hostname
from lacre.attacks.kernel.io_uring import io_uring
from lacre.attacks.kernel.kexec import kexec
from lacre.attacks.kernel.modules import modules
from lacre.attacks.kernel.perf_event import perf_event
from lacre.attacks.kernel.personality import personality
from lacre.attacks.kernel.rare_families import rare_families
from lacre.attacks.kernel.reboot import reboot
from lacre.attacks.kernel.swapon import swapon
from lacre.attacks.kernel.userfaultfd import userfaultfd
from lacre.attacks.model import Attack

ATTACKS: tuple[Attack, ...] = (
    bpf,
    perf_event,
    userfaultfd,
    io_uring,
    rare_families,
    personality,
    kexec,
    modules,
    clock,
    hostname,
    reboot,
    swapon,
    acct,
    mount,
    umount,
    pivot_root,
    chroot,
    user_namespace,
    mount_namespace,
    network_namespace,
    setns,
    device_node,
    raw_disk,
    control_groups,
    sysrq,
    core_pattern,
    sysctl,
    sysfs,
    kernel_log,
    engine_socket,
    host_root,
    keyring,
    file_handle,
)
