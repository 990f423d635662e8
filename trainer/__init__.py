import os

# Before torch is imported: a thread that waits looks 10,000 times, then sleeps. What draws wants its core.
os.environ.setdefault("GOMP_SPINCOUNT", "10000")
