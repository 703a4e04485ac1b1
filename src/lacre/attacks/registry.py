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
from lacre.attacks.executing.dropped import dropped_program
from lacre.attacks.executing.dropped_data import dropped_data
from lacre.attacks.executing.file_capabilities import file_capabilities
from lacre.attacks.executing.interpreter import interpreter
from lacre.attacks.executing.memfd import memfd
from lacre.attacks.executing.root_reach import root_reach
from lacre.attacks.executing.set_id import set_id
from lacre.attacks.executing.shared_object import shared_object
from lacre.attacks.exhausting.cpu import cpu
from lacre.attacks.exhausting.descriptors import descriptors
from lacre.attacks.exhausting.disk import disk_fill
from lacre.attacks.exhausting.log import log_flood
from lacre.attacks.exhausting.memory import memory
from lacre.attacks.exhausting.processes import fork_bomb
from lacre.attacks.exhausting.threads import threads
from lacre.attacks.exhausting.tmpfs import tmpfs_fill
from lacre.attacks.exhausting.volume import volume_fill
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
from lacre.attacks.spying.environment import environment
from lacre.attacks.spying.listen import listen
from lacre.attacks.spying.memory import read_memory
from lacre.attacks.spying.neighbours import neighbours
from lacre.attacks.spying.packet import packet_socket
from lacre.attacks.spying.private_files import private_files
from lacre.attacks.spying.raw import raw_socket
from lacre.attacks.spying.trace import trace
from lacre.attacks.spying.ways_out import ways_out
from lacre.attacks.writing.content import content
from lacre.attacks.writing.data import data
from lacre.attacks.writing.etc import etc
from lacre.attacks.writing.hidden_directory import hidden_directory
from lacre.attacks.writing.hidden_file import hidden_file
from lacre.attacks.writing.program import program
from lacre.attacks.writing.startup import startup

ATTACKS: tuple[Attack, ...] = (
    program,
    content,
    etc,
    startup,
    hidden_directory,
    hidden_file,
    data,
    dropped_program,
    dropped_data,
    memfd,
    shared_object,
    interpreter,
    set_id,
    file_capabilities,
    root_reach,
    trace,
    read_memory,
    environment,
    private_files,
    raw_socket,
    packet_socket,
    neighbours,
    listen,
    ways_out,
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
    fork_bomb,
    threads,
    descriptors,
    memory,
    tmpfs_fill,
    disk_fill,
    volume_fill,
    cpu,
    log_flood,
)
