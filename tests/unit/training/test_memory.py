import subprocess
import sys

import pytest

# In a process of its own: the setting lasts as long as the process.
PROBE = """
import resource
from training.memory import keep_freed_memory
if {keep}:
    assert keep_freed_memory()
def faults():
    return resource.getrusage(resource.RUSAGE_SELF).ru_minflt
import ctypes
c = ctypes.CDLL(None)
c.malloc.restype = c.memset.restype = ctypes.c_void_p
c.malloc.argtypes, c.free.argtypes = [ctypes.c_size_t], [ctypes.c_void_p]
c.memset.argtypes = [ctypes.c_void_p, ctypes.c_int, ctypes.c_size_t]
for turn in range(11):
    if turn == 1:
        before = faults()
    block = c.malloc(64 << 20)
    c.memset(block, 1, 64 << 20)
    c.free(block)
print(faults() - before)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="glibc only")
def test_freed_blocks_are_taken_again_without_new_pages():
    faults = {
        keep: int(
            subprocess.run(
                [sys.executable, "-c", PROBE.format(keep=keep)], capture_output=True, text=True, check=True
            ).stdout
        )
        for keep in (False, True)
    }
    assert faults[True] < 1000 < faults[False]
