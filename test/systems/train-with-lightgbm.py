# Trains models of many kinds with LightGBM itself and writes each with what it predicts for ordinary rows and for odd ones:
# <name>.txt, <name>.json {rows, raw, output, leaves}; numbers that JSON lacks are their names.
import json, sys
import lightgbm, numpy

folder = sys.argv[1]
random = numpy.random.RandomState(5)
n = 2500
X = numpy.column_stack([
    random.randn(n),
    random.randint(0, 200, n).astype(float),
    random.randn(n) * 1e7,
    numpy.where(random.rand(n) < 0.2, numpy.nan, random.rand(n)),
    numpy.where(random.rand(n) < 0.5, 0, random.randn(n)),
    random.randint(0, 3, n).astype(float),
])
signal = X[:, 0] + (X[:, 1] % 7) / 3 + numpy.nan_to_num(X[:, 3]) * 2 + (X[:, 4] > 0) + random.randn(n) * 0.3
odd = [-0.5, -1, 0, 0.5, 199, 200, 201.5, 1e-36, -1e-36, 1e-35, float(numpy.float32(1e-35)), numpy.inf, -numpy.inf,
       numpy.nan, 2 ** 31, 5e9, -5e9, 1e300]
rows = numpy.vstack([X[:400], random.choice(odd, (400, 6))])

above = (signal > 1.5).astype(int)
third = numpy.digitize(signal, [1, 2.5])
share = numpy.clip(1 / (1 + numpy.exp(-signal)), 0.01, 0.99)
cases = {
    'multiclassova': (dict(objective='multiclassova', num_class=3, sigmoid=0.7), third, [1]),
    'cross_entropy': (dict(objective='cross_entropy'), share, [1]),
    'cross_entropy_lambda': (dict(objective='cross_entropy_lambda'), share, [1]),
    'tweedie': (dict(objective='tweedie'), numpy.maximum(signal, 0), [1]),
    'gamma': (dict(objective='gamma'), numpy.exp(signal / 3), []),
    'sqrt': (dict(objective='regression', reg_sqrt=True), signal * numpy.abs(signal), [1, 5]),
    'regression_l1': (dict(objective='regression_l1'), signal, [1]),
    'quantile': (dict(objective='quantile', alpha=0.8), signal, []),
    'huber without missing values': (dict(objective='huber', use_missing=False), signal, []),
    'binary, zero as missing': (dict(objective='binary', zero_as_missing=True, sigmoid=1.7), above, [1, 5]),
    'multiclass forest': (dict(objective='multiclass', num_class=3, boosting='rf', bagging_freq=1, bagging_fraction=0.6,
                               feature_fraction=0.7), third, [1]),
    'binary dart': (dict(objective='binary', boosting='dart', drop_rate=0.4, skip_drop=0.1), above, [1]),
    'mape with goss': (dict(objective='mape', data_sample_strategy='goss'), numpy.abs(signal) + 1, []),
    'one category a split': (dict(objective='regression', max_cat_to_onehot=300), signal, [1, 5]),
    'one leaf': (dict(objective='regression', min_data_in_leaf=5000), signal, []),
    'a class without rows': (dict(objective='multiclass', num_class=3), numpy.where(signal > 1.5, 2, 0), []),
}
common = dict(verbosity=-1, num_threads=1, seed=3, min_data_in_leaf=5)


def named(value):
    return value if numpy.isfinite(value) else str(value)


def table(values):
    return [[named(value) for value in row] for row in numpy.asarray(values).reshape(len(rows), -1).tolist()]


def write(name, model):
    model.save_model(f'{folder}/{name}.txt')
    answers = dict(rows=table(rows), raw=table(model.predict(rows, raw_score=True)), output=table(model.predict(rows)),
                   leaves=table(model.predict(rows, pred_leaf=True)))
    with open(f'{folder}/{name}.json', 'w') as file:
        json.dump(answers, file)


for name, (parameters, target, categories) in cases.items():
    data = lightgbm.Dataset(X, target, categorical_feature=categories)
    write(name, lightgbm.train({**common, **parameters}, data, 25))

first = lightgbm.train({**common, 'objective': 'regression'}, lightgbm.Dataset(X, signal), 5)
second = {**common, 'objective': 'regression', 'zero_as_missing': True}
write('went on with other missing values', lightgbm.train(second, lightgbm.Dataset(X, signal), 5, init_model=first))
