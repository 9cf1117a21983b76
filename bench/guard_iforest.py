"""guard_iforest.py FILE... - ROC-AUC of scikit-learn's IsolationForest, 3 seeds, fitted to all rows of
each table (gzip, header, label last): a line "NAME AUC" each."""
import gzip
import os
import sys

import numpy
from sklearn.ensemble import IsolationForest
from sklearn.metrics import roc_auc_score

for path in sys.argv[1:]:
    with gzip.open(path, "rt") as f:
        data = numpy.loadtxt(f, delimiter=",", skiprows=1)
    x, y = data[:, :-1], data[:, -1]
    auc = [roc_auc_score(y, -IsolationForest(random_state=seed).fit(x).score_samples(x)) for seed in range(3)]
    print(os.path.basename(path).split(".")[0], numpy.mean(auc))
