"""lap_scipy.py FILE RUNS - the peer of bench_lap: scipy's linear_sum_assignment on a LAP1 file.

Prints "SECONDS MATCHED COST": the median processor time of the call alone.
"""
import sys
import time

import numpy as np
from scipy.optimize import linear_sum_assignment

data = open(sys.argv[1], "rb").read()
n, m = (int(v) for v in np.frombuffer(data, "<u4", 2, 4))
cost = np.frombuffer(data, "<i4", n * m, 12).reshape(n, m).astype(np.float64)
hole = cost >= 1 << 30
cost[hole] = float(1 << 40)
times = []
for _ in range(int(sys.argv[2])):
    start = time.process_time()
    row, col = linear_sum_assignment(cost)
    times.append(time.process_time() - start)
good = ~hole[row, col]
times.sort()
print("%.6f %d %d" % (times[len(times) // 2], good.sum(), cost[row, col][good].sum()))
