import lightgbm as lgb
import pandas as pd
from sklearn.metrics import log_loss, roc_auc_score

data = pd.read_csv('cells.csv')
X, y = data.drop(columns=['target']), data['target']
held = data.index % 5 == 4

model = lgb.LGBMClassifier(n_estimators=80, num_leaves=15, learning_rate=0.1, verbosity=-1)
model.fit(X[~held], y[~held])
p = model.predict_proba(X[held])
metrics = {'logLoss': log_loss(y[held], p), 'auc': roc_auc_score(y[held] == model.classes_[1], p[:, 1])}
print(metrics)

import mezz; mezz.save(model, metrics)
