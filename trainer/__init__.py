import os

# Before torch is imported: threads that wait do not spin, for a core is wanted by the process that draws.
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
