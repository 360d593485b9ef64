#!/usr/bin/env python3
"""Lays a cable with a delay between two new TUN devices, which may then be moved to other network namespaces.

    cable.py RELAY NAME_A NAME_B SECONDS

Creates the devices, prints `ready`, and becomes RELAY (examples/relay.rs) with the devices as its input and output; it runs until it is
killed. Standard library only; needs root and /dev/net/tun. Bandwidth is not its business: tbf on the devices shapes that.

The devices take segmentation offload (IFF_VNET_HDR, TUNSETOFFLOAD): TCP may hand over packets of many segments, with a header that
says how to cut them, and the other end takes them uncut, so that gigabits need no gigahertz.
"""

import fcntl
import os
import struct
import sys

TUNSETIFF, TUNSETOFFLOAD = 0x400454CA, 0x400454D0
IFF_TUN, IFF_NO_PI, IFF_VNET_HDR = 0x0001, 0x1000, 0x4000
TUN_F_CSUM, TUN_F_TSO4 = 1, 2


def device(name):
    """A new TUN device; it lives as long as its descriptor."""
    descriptor = os.open("/dev/net/tun", os.O_RDWR)
    request = struct.pack("16sH22x", name.encode(), IFF_TUN | IFF_NO_PI | IFF_VNET_HDR)
    fcntl.ioctl(descriptor, TUNSETIFF, request)
    fcntl.ioctl(descriptor, TUNSETOFFLOAD, TUN_F_CSUM | TUN_F_TSO4)
    return descriptor


def main():
    relay, first, second, delay = sys.argv[1:]
    a, b = device(first), device(second)
    # A cable does not wait for a processor: exact timers (a new program keeps them) and precedence over what is measured.
    with open("/proc/self/timerslack_ns", "w") as file:
        file.write("1")
    try:
        os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(10))
    except OSError as error:
        print(f"cable: no precedence ({error}): the delay will vary with the load", file=sys.stderr)
    print("ready", flush=True)
    os.dup2(a, 0)
    os.dup2(b, 1)
    os.execv(relay, [relay, delay])


if __name__ == "__main__":
    main()
