# SPDX-License-Identifier: GPL-2.0-or-later
"""What the system tests are made of; each module says what it is for.

Everything here drives QEMU from outside and looks at it from outside: serial lines, QMP, the disk
image, the network peer, memory dumps and QEMU's own trace. What a zone or the hypervisor says about
itself steers the dialogue and is compared with such a witness; it is never the proof.
"""
