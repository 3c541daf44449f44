"""What a script that trains on Mezz says to it: `import mezz; mezz.save(model, metrics)`.

One file, the standard library alone. The job finds it by PYTHONPATH; exporters (skl2onnx, onnxmltools) are imported when a
model needs them. All of it works on the columns of the dataset as they are: what is done to them must lie in the model (a
scikit-learn Pipeline, a module's first layer), or a prediction could not do it again.
"""
import copy, csv, json, math, os, pickle, subprocess, sys, tempfile

__all__ = ['save', 'serve', 'once', 'rows', 'frame', 'log', 'parameters', 'target', 'task', 'Fault']

REFERENCE = 200
MOST_ROWS = 10_000
MOST_BYTES = 32 * 2 ** 20
# Seconds: less than what a process may take to listen.
LONGEST_START = 20
target = os.environ.get('MEZZ_TARGET')
task = os.environ.get('MEZZ_TASK')
parameters = json.loads(os.environ.get('MEZZ_PARAMETERS', '{}'))
# `answer` where the script serves its model, `prove` where it shows that it can; none where it trains.
_serving = os.environ.get('MEZZ_SERVE')
_learnt, _taken = [], [0]


class Fault(Exception):
    """What the script's author can mend. Its text is the run's error."""


Fault.__module__ = 'mezz'


def rows():
    """The dataset's rows as dicts: numbers, True and False, texts; None is missing."""
    with open(_variable('MEZZ_TABLE'), encoding='utf-8', newline='') as file:
        return [{name: _value(text) for name, text in row.items()} for row in csv.DictReader(file)]


def frame():
    """The dataset as a pandas DataFrame; only what is empty is missing: a text `NA` is a text."""
    return _need('pandas').read_csv(_variable('MEZZ_TABLE'), keep_default_na=False, na_values=[''])


def log(metric, value, step=None):
    """Tells a metric while the script runs; with `step` its line in the log names it."""
    number = float(value)
    if math.isfinite(number):
        print('mezz: ' + json.dumps({'metrics': {str(metric): number}}), flush=True)
    if step is not None:
        print(f'step {step}: {metric} {number:.6g}', flush=True)


def save(model, metrics=None, *, columns=None, classes=None):
    """Saves the model to be served, with what proves it: its own predictions of some rows of the dataset.

    model    a path to an ONNX file, its bytes or an onnx.ModelProto; a LightGBM, XGBoost or scikit-learn model (also in a
             Pipeline); a torch.nn.Module that takes the columns as float32 [n, k]
    metrics  {name: number}
    columns  the columns of the dataset that it takes, in its order: by default those that it was fitted on
    classes  the labels in the order of its probabilities: by default its own
    """
    output = _variable('MEZZ_OUTPUT')
    saved = _saved(model, _Table(), columns, classes)
    for name, value in saved.files.items():
        with open(os.path.join(output, name), 'wb') as file:
            file.write(value)
    _leave(output, saved, metrics)


def once(learn):
    """What `learn()` gives: it runs where the model is trained, and where it is served its result is there already, by pickle."""
    if _serving is None:
        learnt = learn()
        _learnt.append(pickle.dumps(learnt))
        return learnt
    if not _learnt and 'MEZZ_STATE' in os.environ:
        with open(os.environ['MEZZ_STATE'], 'rb') as file:
            _learnt.extend(pickle.load(file))
    if len(_learnt) == _taken[0]:
        raise Fault('mezz.once is called more often where the model is served than where it was trained')
    _taken[0] += 1
    return pickle.loads(_learnt[_taken[0] - 1])


def serve(predict, metrics=None, *, columns=None, classes=None):
    """Serves a model by this very script, which is started again where predictions are asked for: the call stands at its end.

    predict  takes rows as `rows()` gives them, without the target, and gives for each a number (regression), or a label or
             {label: probability} (classification)
    metrics  {name: number}
    columns  those that it takes: by default all but the target
    classes  the labels: by default those of the dataset

    What takes long to learn belongs into `mezz.once(learn)`: all else runs again at each start.
    """
    if _serving == 'answer':
        _answer(predict)
    elif _serving == 'prove':
        _tell_proof(predict)
    else:
        _keep(predict, metrics, columns, classes)


def _leave(output, saved, metrics):
    signature = {'task': task, 'target': target, 'inputs': saved.inputs}
    if task == 'classification':
        signature['classes'] = [_json(label) for label in saved.classes]
    _write(output, 'signature.json', signature)
    _write(output, 'reference.json', saved.reference)
    numbers = {str(name): float(value) for name, value in (metrics or {}).items()}
    odd = sorted(name for name, value in numbers.items() if not math.isfinite(value))
    if odd:
        print(f'left out, since they are no numbers: {", ".join(odd)}', flush=True)
    finite = {name: value for name, value in numbers.items() if name not in odd}
    _write(output, 'metrics.json', finite)
    print('mezz: ' + json.dumps({'progress': 1, 'metrics': finite}), flush=True)


class _Saved:
    def __init__(self, files, inputs, reference, classes=None):
        self.files, self.inputs, self.reference, self.classes = files, inputs, reference, classes


class _Table:
    """The dataset, and of it the rows by which a model is proved: spread over all of it."""

    def __init__(self):
        with open(_variable('MEZZ_TABLE'), encoding='utf-8', newline='') as file:
            self.columns = next(csv.reader(file))

    def without_target(self):
        return [name for name in self.columns if name != target]

    def sample(self):
        whole = frame()
        step = max(1, len(whole) // REFERENCE)
        return whole.iloc[::step].head(REFERENCE)

    def labels(self):
        values = {row[target] for row in rows()} - {None}
        return sorted(values, key=lambda value: (str(type(value)), value))


def _saved(model, table, columns, classes):
    if isinstance(model, (str, os.PathLike)):
        with open(model, 'rb') as file:
            return _onnx(file.read(), table, columns, classes)
    if isinstance(model, (bytes, bytearray)):
        return _onnx(bytes(model), table, columns, classes)
    kind = [base.__module__.split('.')[0] for base in type(model).__mro__]
    if 'onnx' in kind and hasattr(model, 'SerializeToString'):
        return _onnx(model.SerializeToString(), table, columns, classes)
    if 'torch' in kind:
        return _torch(model, table, columns, classes)
    if 'lightgbm' in kind:
        return _lightgbm(model, table, columns, classes)
    if 'xgboost' in kind:
        return _xgboost(model, table, columns, classes)
    if hasattr(model, 'predict') and hasattr(model, 'get_params'):
        return _sklearn(model, table, columns, classes)
    raise Fault(f'a {type(model).__name__} cannot be saved: mezz.save takes ONNX, scikit-learn, LightGBM, XGBoost and '
                'PyTorch models; what none of them can say is served by mezz.serve(predict)')


# --- ONNX that the script made itself: its own predictions come from ONNX Runtime, if it is there

def _onnx(graph, table, columns, classes):
    session = _need('onnxruntime').InferenceSession(graph)
    numpy = _need('numpy')
    names = _demand_columns(columns or table.without_target(), table)
    sample = table.sample()[names]
    wanted = session.get_inputs()
    types = {'tensor(float)': numpy.float32, 'tensor(double)': numpy.float64, 'tensor(int64)': numpy.int64,
             'tensor(int32)': numpy.int32, 'tensor(bool)': numpy.bool_}

    def typed(values, kind):
        if kind == 'tensor(string)':
            return numpy.array([['' if _missing(cell) else str(cell) for cell in row] for row in values], dtype=object)
        return numpy.asarray(values).astype(types[kind])

    if len(wanted) == 1:
        feeds = {wanted[0].name: typed(sample.to_numpy(), wanted[0].type)}
    elif len(wanted) == len(names):
        feeds = {one.name: typed(sample[[name]].to_numpy(), one.type) for one, name in zip(wanted, names)}
    else:
        raise Fault(f'the graph has {len(wanted)} inputs: it takes one matrix, or one tensor for each of {names}')
    found = [value for value in session.run(None, feeds) if isinstance(value, numpy.ndarray) and value.dtype.kind == 'f']
    labels = classes or (table.labels() if task == 'classification' else None)
    width = len(labels) if labels else 1
    fitting = [value for value in found if value.size == len(sample) * width] or \
              [value.reshape(-1, 1) for value in found if width == 2 and value.size == len(sample)]
    if not fitting:
        raise Fault(f'the graph gives no numbers of which each row has {width}')
    predicted = fitting[0].reshape(len(sample), -1).astype(float)
    if width == 2 and predicted.shape[1] == 1:
        predicted = numpy.hstack([1 - predicted, predicted])
    return _Saved({'model.onnx': graph}, _inputs(names), _reference(sample, predicted), labels)


# --- scikit-learn, also with LightGBM or XGBoost inside a Pipeline

def _sklearn(model, table, columns, classes):
    names = _demand_columns(columns or _fitted_on(model, table), table)
    sample = table.sample()[names]
    texts = [not _is_number(sample[name]) for name in names]
    by_name = any(hasattr(part, 'transformers_') for part in _parts(model, set()))
    # What reads one text takes a series of them, and what was fitted without names takes none.
    given = sample if hasattr(model, 'feature_names_in_') else sample.to_numpy()
    if texts == [True] and not by_name:
        given = sample[names[0]]
    predicted, labels = _predictions(model, given)
    convert = _need('skl2onnx', 'it turns scikit-learn models into ONNX')
    _register_boosters(model)
    types = _need('skl2onnx.common.data_types')
    if by_name or any(texts):
        initial = [(name, (types.StringTensorType if text else types.FloatTensorType)([None, 1]))
                   for name, text in zip(names, texts)]
    else:
        initial = [('features', types.FloatTensorType([None, len(names)]))]
    ready = _exportable(model)
    options = {id(ready): {'zipmap': False}} if task == 'classification' else None
    try:
        with _integers():
            graph = convert.to_onnx(ready, initial_types=initial, options=options, target_opset={'': 18, 'ai.onnx.ml': 3})
    except Exception as error:
        raise Fault(f'skl2onnx cannot turn this model into ONNX: {_line(error)}') from error
    _portable(graph)
    _in_double(graph, model)
    return _Saved({'model.onnx': graph.SerializeToString()}, _inputs(names, 'nan'), _reference(sample, predicted),
                  classes or labels)


class _integers:
    """Meanwhile truth values are integers in a graph's attributes: skl2onnx 1.20 writes them so, protobuf 7 refuses them."""

    def __enter__(self):
        self.helper = _need('onnx').helper
        self.make = self.helper.make_attribute

        def make(key, value, *more, **named):
            if isinstance(value, (list, tuple)) and any(type(one).__name__ in ('bool', 'bool_') for one in value):
                value = [int(one) for one in value]
            return self.make(key, value, *more, **named)
        self.helper.make_attribute = make

    def __exit__(self, *_):
        self.helper.make_attribute = self.make


def _exportable(model):
    """The model with what skl2onnx does not take in other words: a text imputer's missing value, which is the text `nan` in a graph."""
    ready = copy.deepcopy(model)
    for part in _parts(ready, set()):
        missing = getattr(part, 'missing_values', None)
        statistics = getattr(part, 'statistics_', None)
        if isinstance(missing, float) and math.isnan(missing) and getattr(statistics, 'dtype', None) == object:
            part.missing_values = 'nan'
    return ready


def _parts(value, seen):
    if id(value) in seen:
        return
    seen.add(id(value))
    if isinstance(value, dict):
        inner = value.values()
    elif isinstance(value, (list, tuple)):
        inner = value
    elif hasattr(value, 'get_params') and not isinstance(value, type):
        yield value
        inner = vars(value).values()
    else:
        return
    for one in list(inner):
        yield from _parts(one, seen)


def _portable(graph):
    """Lower case by a locale that every Linux has: ONNX Runtime's default is one that slim systems lack."""
    helper = _need('onnx').helper
    for node in graph.graph.node:
        if node.op_type == 'StringNormalizer' and not any(one.name == 'locale' for one in node.attribute):
            node.attribute.append(helper.make_attribute('locale', 'C.UTF-8'))


def _in_double(graph, model):
    """The graph with its numbers taken in double as far as the first operator that has none: a scaler that rounds to single
    precision puts some rows on the other side of a tree's threshold. Exact values are found in the fitted model by their
    single-precision image, which the graph holds."""
    onnx, numpy = _need('onnx'), _need('numpy')
    helper, numbers = onnx.helper, onnx.TensorProto
    fitted = [numpy.atleast_1d(value).astype(float) for part in _parts(model, set()) for name, value in vars(part).items()
              if name.endswith('_') and getattr(value, 'dtype', None) is not None and value.dtype.kind in 'fiu' and value.ndim <= 1]
    exact = {value.astype(numpy.float32).tobytes(): value for value in fitted}
    inverse = {(1 / value).astype(numpy.float32).tobytes(): value for value in fitted if (value != 0).all()}
    double, nodes, made = set(), [], graph.graph

    def constant(value, name):
        made.initializer.append(onnx.numpy_helper.from_array(numpy.asarray(value, dtype=float), name))
        return name

    def floats(node, name):
        return next((numpy.array(one.floats, dtype=numpy.float32).tobytes() for one in node.attribute if one.name == name), b'')

    for one in made.input:
        if one.type.tensor_type.elem_type == numbers.FLOAT:
            one.type.tensor_type.elem_type = numbers.DOUBLE
            double.add(one.name)
    for at, node in enumerate(made.node):
        given = [name for name in node.input if name in double]
        kind, out = node.op_type, node.output[0]
        if not given or kind == 'Cast':
            nodes.append(node)
        elif kind in ('Concat', 'Identity', 'Reshape', 'ArrayFeatureExtractor') and (kind != 'Concat' or len(given) == len(node.input)):
            nodes.append(node)
            double.add(out)
        elif kind == 'Imputer' and floats(node, 'imputed_value_floats') in exact:
            filled = constant(exact[floats(node, 'imputed_value_floats')], f'mezz_filled_{at}')
            nodes.append(helper.make_node('IsNaN', [node.input[0]], [f'mezz_missing_{at}']))
            nodes.append(helper.make_node('Where', [f'mezz_missing_{at}', filled, node.input[0]], [out]))
            double.add(out)
        elif kind == 'Scaler' and floats(node, 'offset') in exact and floats(node, 'scale') in inverse:
            offset = constant(exact[floats(node, 'offset')], f'mezz_offset_{at}')
            scale = constant(inverse[floats(node, 'scale')], f'mezz_scale_{at}')
            nodes.append(helper.make_node('Sub', [node.input[0], offset], [f'mezz_moved_{at}']))
            nodes.append(helper.make_node('Div', [f'mezz_moved_{at}', scale], [out]))
            double.add(out)
        else:
            for place, name in enumerate(node.input):
                if name in double:
                    single = f'mezz_single_{at}_{place}'
                    nodes.append(helper.make_node('Cast', [name], [single], to=numbers.FLOAT))
                    node.input[place] = single
            nodes.append(node)
    del made.node[:], made.value_info[:]
    made.node.extend(nodes)
    for one in graph.opset_import:
        # Where and IsNaN of doubles, in the version of them that graphs of today have.
        if one.domain == '':
            one.version = max(one.version, 13)


def _register_boosters(model):
    inside = {type(part).__module__.split('.')[0] for part in _parts(model, set())}
    if not inside & {'lightgbm', 'xgboost'}:
        return
    skl2onnx = _need('skl2onnx')
    shapes = _need('skl2onnx.common.shape_calculator')
    options = {'nocl': [True, False], 'zipmap': [True, False, 'columns']}
    if 'lightgbm' in inside:
        lightgbm, made = _need('lightgbm'), _need('onnxmltools.convert.lightgbm.operator_converters.LightGbm')
        for kind, shape in (('LGBMClassifier', shapes.calculate_linear_classifier_output_shapes),
                            ('LGBMRegressor', shapes.calculate_linear_regressor_output_shapes)):
            skl2onnx.update_registered_converter(getattr(lightgbm, kind), 'Mezz' + kind, shape, made.convert_lightgbm,
                                                 options=options if kind == 'LGBMClassifier' else {'split': None})
    if 'xgboost' in inside:
        xgboost, made = _need('xgboost'), _need('onnxmltools.convert.xgboost.operator_converters.XGBoost')
        for kind, shape in (('XGBClassifier', shapes.calculate_linear_classifier_output_shapes),
                            ('XGBRegressor', shapes.calculate_linear_regressor_output_shapes)):
            skl2onnx.update_registered_converter(getattr(xgboost, kind), 'Mezz' + kind, shape, made.convert_xgboost,
                                                 options=options if kind == 'XGBClassifier' else None)


# --- LightGBM: its own text, which the platform converts leaf by leaf

def _lightgbm(model, table, columns, classes):
    numpy = _need('numpy')
    booster = getattr(model, 'booster_', model)
    features = booster.feature_name()
    names = _demand_columns(columns or _matching(features, table), table)
    sample = table.sample()[names]
    for name in names:
        if not _is_number(sample[name]):
            raise Fault(f'{name} is no number, and a LightGBM category cannot be served: encode it in a scikit-learn '
                        'Pipeline, as by OneHotEncoder, with the model behind it')
    matrix = sample.to_numpy(dtype=float)
    raw = numpy.asarray(booster.predict(matrix, raw_score=True)).reshape(len(sample), -1)
    labels = classes
    if task == 'classification' and labels is None:
        labels = list(getattr(model, 'classes_', None) if hasattr(model, 'classes_') else table.labels())
    reference = {'features': features, 'rows': _cells(matrix), 'raw': raw.astype(float).tolist()}
    return _Saved({'model.txt': booster.model_to_string().encode()}, _inputs(names), reference, labels)


# --- XGBoost

def _xgboost(model, table, columns, classes):
    if not hasattr(model, 'get_booster'):
        raise Fault('an xgboost.Booster does not say what its numbers mean: save an XGBClassifier or an XGBRegressor')
    booster = model.get_booster()
    features = booster.feature_names
    names = _demand_columns(columns or (_matching(features, table) if features else _all(model.n_features_in_, table)), table)
    sample = table.sample()[names]
    predicted, labels = _predictions(model, sample if features else sample.to_numpy())
    convert = _need('onnxmltools', 'it turns XGBoost models into ONNX')
    types = _need('onnxmltools.convert.common.data_types')
    booster.feature_names = None
    try:
        graph = convert.convert_xgboost(model, initial_types=[('features', types.FloatTensorType([None, len(names)]))])
    except Exception as error:
        raise Fault(f'onnxmltools cannot turn this model into ONNX: {_line(error)}') from error
    finally:
        booster.feature_names = features
    return _Saved({'model.onnx': graph.SerializeToString()}, _inputs(names), _reference(sample, predicted), classes or labels)


# --- PyTorch: a module that takes the columns as float32 [n, k]

def _torch(model, table, columns, classes):
    torch = _need('torch')
    cells = rows()
    numeric = [name for name in table.without_target() if all(not isinstance(row[name], str) for row in cells)]
    names = _demand_columns(columns or numeric, table)
    step = max(1, len(cells) // REFERENCE)
    sample = [[row[name] for name in names] for row in cells[::step][:REFERENCE]]
    if any(isinstance(value, str) for row in sample for value in row):
        raise Fault(f'a module takes numbers; name its columns as in mezz.save(model, columns={numeric})')
    given = torch.tensor([[math.nan if value is None else float(value) for value in row] for row in sample], dtype=torch.float32)
    labels = classes or (table.labels() if task == 'classification' else None)
    was = model.training
    model.eval()
    whole = model
    try:
        with torch.no_grad():
            found = _run_module(model, given)
            width = 1 if found.dim() == 1 else found.shape[-1]
            if labels is not None:
                whole = _with_link(torch, model, found, width, len(labels))
                found = _run_module(whole, given)
            elif width != 1:
                raise Fault(f'a regression gives one number a row, this module gives {width}')
        graph = _export_module(torch, whole, given, found)
    finally:
        model.train(was)
    predicted = found.reshape(len(sample), -1).double().tolist()
    if labels is not None and width == 1:
        predicted = [[1 - one, one] for [one] in predicted]
    key = 'values' if labels is None else 'probabilities'
    answers = [one for [one] in predicted] if labels is None else predicted
    return _Saved({'model.onnx': graph}, _inputs(names), {'rows': sample, key: answers, 'precision': 'single'}, labels)


def _run_module(module, given):
    try:
        return module(given)
    except Exception as error:
        raise Fault(f'the module does not take the columns as float32 [n, {given.shape[1]}]: {_line(error)}; '
                    'name those that it takes: mezz.save(model, columns=[…])') from error


def _with_link(torch, model, found, width, classes):
    """The module with what makes probabilities of its scores, where they are none: softmax, or the sigmoid of one score of two classes."""
    if width == classes:
        likely = bool((found >= 0).all()) and bool(torch.allclose(found.sum(-1), torch.ones(len(found)), atol=1e-4))
        return model if likely else torch.nn.Sequential(model, torch.nn.Softmax(dim=-1))
    if width == 1 and classes == 2:
        likely = bool(((found >= 0) & (found <= 1)).all())
        return model if likely else torch.nn.Sequential(model, torch.nn.Sigmoid())
    raise Fault(f'the module gives {width} numbers a row for {classes} classes')


# What ONNX Runtime computes in double on a CPU, of what modules are made of.
_DOUBLE = set('Gemm MatMul Add Sub Mul Div Pow Sqrt Exp Log Abs Neg Relu LeakyRelu Sigmoid Tanh Softmax LogSoftmax Clip Where '
              'BatchNormalization LayerNormalization ReduceMean ReduceSum Constant ConstantOfShape Identity Flatten Reshape '
              'Transpose Concat Slice Gather Squeeze Unsqueeze Expand Shape Cast'.split())


def _export_module(torch, module, given, found):
    """In double where that can be run and says the same: what single precision leaves differs from one program to the next."""
    try:
        double = copy.deepcopy(module).double()
        with torch.no_grad():
            same = torch.allclose(double(given.double()).float(), found, atol=1e-4)
        graph = _onnx_of(torch, double, given.double()) if same else b''
        if graph and set(_operators(graph)) <= _DOUBLE:
            return graph
    except Exception as error:
        print(f'the module is served in single precision: {_line(error)}', flush=True)
    return _onnx_of(torch, module, given)


def _onnx_of(torch, module, given):
    import io
    file = io.BytesIO()
    # The newer exporter needs onnxscript and knows no dynamic_axes.
    older = {'dynamo': False} if 'dynamo' in torch.onnx.export.__code__.co_varnames else {}
    torch.onnx.export(module, given, file, input_names=['features'], output_names=['output'],
                      dynamic_axes={'features': {0: 'n'}, 'output': {0: 'n'}}, **older)
    return file.getvalue()


def _operators(graph):
    """The operators of an ONNX file: ModelProto.graph (7), GraphProto.node (1), NodeProto.op_type (4)."""
    for model in _fields(graph, 7):
        for node in _fields(model, 1):
            yield from (kind.decode() for kind in _fields(node, 4))


def _fields(message, wanted):
    """The length-delimited fields of this number, of a protobuf message."""
    at = 0

    def varint():
        nonlocal at
        value = shift = 0
        while True:
            byte = message[at]
            at += 1
            value |= (byte & 127) << shift
            shift += 7
            if byte < 128:
                return value
    while at < len(message):
        key = varint()
        kind = key & 7
        if kind == 0:
            varint()
        elif kind == 2:
            size = varint()
            if key >> 3 == wanted:
                yield message[at:at + size]
            at += size
        else:
            at += 8 if kind == 1 else 4


# --- served by the script itself

def _keep(predict, metrics, columns, classes):
    output, table, cells = _variable('MEZZ_OUTPUT'), _Table(), rows()
    names = _demand_columns(columns or table.without_target(), table)
    labels = [_json(label) for label in classes or table.labels()] if task == 'classification' else None
    contract = {'columns': [{'name': name, 'type': _type_of(row[name] for row in cells)} for name in names], 'classes': labels}
    step = max(1, len(cells) // REFERENCE)
    sample = [{name: row[name] for name in names} for row in cells[::step][:REFERENCE]]
    _write(output, 'contract.json', contract)
    if _learnt:
        with open(os.path.join(output, 'state.pickle'), 'wb') as file:
            pickle.dump(_learnt, file)
    answers = _asked(predict, sample, labels)
    again = _ask_again(output, sample)
    for at, (one, other) in enumerate(zip(answers, again)):
        if not all(math.isclose(first, second, rel_tol=1e-9, abs_tol=1e-9) for first, second in zip(_numbers(one), _numbers(other))):
            raise Fault(f'started again, the script answers row {at} of its sample by {_plain(other)}, not by {_plain(one)}: keep what '
                        'it learns by mezz.once(learn), or give what is random a seed')
    reference = {'rows': [list(row.values()) for row in sample],
                 **({'values': [one['value'] for one in answers]} if labels is None else {'probabilities': [_numbers(one) for one in answers]})}
    _leave(output, _Saved({}, _inputs(names), reference, labels), metrics)


def _ask_again(output, sample):
    """What the script says of these rows when it is started as it will be where it is served."""
    with tempfile.TemporaryDirectory() as folder:
        _write(folder, 'rows.json', sample)
        state = os.path.join(output, 'state.pickle')
        environment = {**os.environ, 'MEZZ_SERVE': 'prove', 'MEZZ_OUTPUT': folder, 'MEZZ_CONTRACT': os.path.join(output, 'contract.json'),
                       **({'MEZZ_STATE': state} if os.path.exists(state) else {})}
        try:
            ended = subprocess.run([sys.executable, *sys.argv], env=environment, stdin=subprocess.DEVNULL, capture_output=True,
                                   text=True, timeout=LONGEST_START)
        except subprocess.TimeoutExpired as error:
            raise Fault(f'the script takes more than {LONGEST_START} s from its start to mezz.serve: keep what it learns by '
                        'mezz.once(learn)') from error
        answers = os.path.join(folder, 'answers.json')
        if ended.returncode != 0 or not os.path.exists(answers):
            last = (ended.stderr.strip().splitlines() or ['it ended before mezz.serve'])[-1]
            raise Fault(f'the script cannot be started again to serve its model: {last[:300]}')
        with open(answers, encoding='utf-8') as file:
            return json.load(file)


def _tell_proof(predict):
    folder, contract = _variable('MEZZ_OUTPUT'), _contract()
    with open(os.path.join(folder, 'rows.json'), encoding='utf-8') as file:
        given = json.load(file)
    _write(folder, 'answers.json', _asked(predict, given, contract['classes']))
    raise SystemExit(0)


def _contract():
    with open(_variable('MEZZ_CONTRACT'), encoding='utf-8') as file:
        return json.load(file)


def _asked(predict, given, classes):
    found = list(predict([dict(row) for row in given]))
    if len(found) != len(given):
        raise Fault(f'predict gives {len(found)} answers for {len(given)} rows: it gives one for each')
    return [_prediction(value, classes) for value in found]


def _prediction(value, classes):
    value = value.item() if hasattr(value, 'item') else value
    if classes is None:
        return {'value': _finite(value)}
    shares = {_text(label): _finite(share) for label, share in value.items()} if isinstance(value, dict) else {_text(value): 1.0}
    probabilities = {_text(label): 0.0 for label in classes}
    odd = [text for text in shares if text not in probabilities]
    if odd:
        raise Fault(f'predict gives {odd[0]}, which is none of the classes: {", ".join(list(probabilities)[:10])}')
    probabilities.update(shares)
    label = max(classes, key=lambda one: probabilities[_text(one)])
    return {'label': label, 'probabilities': probabilities}


def _finite(value):
    try:
        number = float(value)
    except (TypeError, ValueError) as error:
        raise Fault(f'predict gives {value!r:.100}, which is no number') from error
    if not math.isfinite(number):
        raise Fault(f'predict gives {number}, which JSON does not have')
    return number


def _numbers(answer):
    return [answer['value']] if 'value' in answer else list(answer['probabilities'].values())


def _plain(answer):
    return json.dumps(answer.get('probabilities', answer.get('value')))[:200]


def _text(label):
    """A label's text as JSON has it."""
    label = _json(label)
    if isinstance(label, bool):
        return 'true' if label else 'false'
    return str(int(label)) if isinstance(label, float) and label.is_integer() else str(label)


def _type_of(values):
    kinds = {'boolean' if isinstance(value, bool) else 'number' if isinstance(value, (int, float)) else 'text'
             for value in values if value is not None}
    return kinds.pop() if len(kinds) == 1 else 'text'


class _Problem(Exception):
    def __init__(self, status, code, detail, errors=None):
        self.status, self.code, self.detail, self.errors = status, code, detail, errors


def _answer(predict):
    """The routes of a model on PORT, until the process is ended."""
    import hmac, re, secrets, threading, time, traceback, uuid
    from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
    contract, lock = _contract(), threading.Lock()
    model, version, guard = os.environ['MEZZ_MODEL'], int(os.environ['MEZZ_VERSION']), os.environ.get('MEZZ_GUARD', '')

    def new_id():
        bits = (int(time.time() * 1000) << 80) | (7 << 76) | (secrets.randbits(12) << 64) | (2 << 62) | secrets.randbits(62)
        return uuid.UUID(int=bits)

    class Handler(BaseHTTPRequestHandler):
        protocol_version = 'HTTP/1.1'
        # Head and body go out together.
        wbufsize = -1
        disable_nagle_algorithm = True

        def do_GET(self):
            self.respond(lambda: {'status': self.path[8:]} if self.path in ('/health/live', '/health/ready') else self.nowhere())

        def do_POST(self):
            self.respond(self.predict)

        do_PUT = do_DELETE = do_PATCH = do_POST

        def respond(self, work):
            try:
                body = self.body()
                if guard and not hmac.compare_digest(self.headers.get('X-Mezz-Guard', '').encode(), guard.encode()):
                    raise _Problem(403, 'forbidden', 'the gateway alone may ask this process')
                self.given = body
                self.send(200, 'application/json', work())
            except _Problem as problem:
                self.send(problem.status, 'application/problem+json', {
                    'type': 'about:blank', 'title': self.responses[problem.status][0], 'status': problem.status,
                    'detail': problem.detail, 'code': problem.code, **({'errors': problem.errors} if problem.errors else {})})
            except (ConnectionError, TimeoutError):
                self.close_connection = True
            except Exception:
                traceback.print_exc()
                self.send(500, 'application/problem+json', {
                    'type': 'about:blank', 'title': 'Internal Server Error', 'status': 500, 'detail': 'unexpected error', 'code': 'internal'})

        def nowhere(self):
            raise _Problem(404, 'not_found', f'no route {self.command} {self.path}')

        def predict(self):
            place = re.fullmatch(r'/models/([^/?]+)/predict(\?.*)?', self.path)
            if self.command != 'POST' or not place:
                self.nowhere()
            if place[1] != model:
                raise _Problem(404, 'not_found', f'here the model {model} is served alone: ask infer for {place[1]}')
            given = _rows_of(self.given, self.headers.get('Content-Type', ''), contract)
            # Who wrote it need not think of two requests at once.
            with lock:
                predictions = _asked(predict, given, contract['classes'])
            return {'id': f'{model}@{version}/{new_id()}', 'model': model, 'version': version, 'predictions': predictions}

        def body(self):
            parts, size = [], 0
            for part in self.chunks():
                size += len(part)
                if size > MOST_BYTES:
                    self.close_connection = True
                    raise _Problem(413, 'too_large', f'the body has more than {MOST_BYTES} bytes')
                parts.append(part)
            return b''.join(parts)

        def chunks(self):
            if 'chunked' not in self.headers.get('Transfer-Encoding', ''):
                left = int(self.headers.get('Content-Length') or 0)
                while left > 0:
                    part = self.rfile.read(min(left, 2 ** 16))
                    if not part:
                        raise ConnectionError('the body ends too early')
                    left -= len(part)
                    yield part
                return
            while size := int(self.rfile.readline(100).split(b';')[0], 16):
                if size > MOST_BYTES:
                    yield bytes(MOST_BYTES + 1)
                yield self.rfile.read(size)
                self.rfile.readline(3)
            while self.rfile.readline(2 ** 16).strip():
                pass

        def send(self, status, kind, document):
            text = json.dumps(document, ensure_ascii=False, allow_nan=False).encode()
            self.send_response(status)
            self.send_header('Content-Type', kind)
            self.send_header('Content-Length', str(len(text)))
            if self.close_connection:
                self.send_header('Connection', 'close')
            self.end_headers()
            self.wfile.write(text)

        def log_message(self, *_):
            pass

    class Server(ThreadingHTTPServer):
        daemon_threads = True
        request_queue_size = 128

    def end_with_parent():
        sys.stdin.buffer.read()
        os._exit(1)

    if os.environ.get('MEZZ_ENDS_WITH_PARENT') == '1':
        threading.Thread(target=end_with_parent, daemon=True).start()
    Server(('127.0.0.1', int(os.environ['PORT'])), Handler).serve_forever()


def _rows_of(body, kind, contract):
    """The rows of a request as `rows()` would give them: a value as its JSON type or as its text in a CSV."""
    if kind.split(';')[0].strip().lower() != 'application/json':
        raise _Problem(415, 'unsupported_media_type', 'send JSON: content-type application/json')
    try:
        whole = json.loads(body)
    except ValueError as error:
        raise _Problem(400, 'invalid_input', f'the body is no JSON: {error}') from error
    given = whole.get('rows') if isinstance(whole, dict) else None
    if not isinstance(given, list) or not 1 <= len(given) <= MOST_ROWS:
        reason = f'expected 1 to {MOST_ROWS} rows'
        raise _Problem(400, 'invalid_input', f'the body is not what this route takes: {reason}', [{'pointer': '/rows', 'reason': reason}])
    odd = [at for at, row in enumerate(given) if not isinstance(row, dict)]
    if odd:
        reason = 'expected an object {column: value}'
        raise _Problem(400, 'invalid_input', f'the body is not what this route takes: {reason}',
                       [{'pointer': f'/rows/{at}', 'reason': reason} for at in odd[:100]])
    faults = []
    found = [{column['name']: _cell(row.get(column['name']), column, at, faults) for column in contract['columns']}
             for at, row in enumerate(given)]
    if faults:
        raise _Problem(422, 'unprocessable', f'the rows do not fit the model: {faults[0]["reason"]}', faults[:100])
    return found


def _cell(value, column, at, faults):
    value = _value(value) if isinstance(value, str) else value
    kinds = {'number': (int, float), 'boolean': bool, 'text': (str, int, float, bool)}[column['type']]
    if value is None or (isinstance(value, kinds) and not (column['type'] == 'number' and isinstance(value, bool))):
        return value
    name = column['name'].replace('~', '~0').replace('/', '~1')
    shown = json.dumps(value, ensure_ascii=False)[:100]
    faults.append({'pointer': f'/rows/{at}/{name}', 'reason': f'{column["name"]} is a {column["type"]}, not {shown}'})
    return None


# --- what they share

def _predictions(model, sample):
    numpy = _need('numpy')
    try:
        if task == 'regression':
            return numpy.asarray(model.predict(sample), dtype=float).reshape(len(sample), -1), None
        if not hasattr(model, 'predict_proba'):
            raise Fault(f'{type(model).__name__} gives no probabilities: put it into a CalibratedClassifierCV')
        return numpy.asarray(model.predict_proba(sample), dtype=float), list(model.classes_)
    except Fault:
        raise
    except Exception as error:
        raise Fault('the model cannot predict rows of the dataset as they are: what is done to its columns must lie in the '
                    f'model, as in a scikit-learn Pipeline ({_line(error)})') from error


def _fitted_on(model, table):
    names = getattr(model, 'feature_names_in_', None)
    return list(names) if names is not None else _all(getattr(model, 'n_features_in_', None), table)


def _all(count, table):
    names = table.without_target()
    if count is None or count == len(names):
        return names
    raise Fault(f'the model takes {count} columns and the dataset has {len(names)} beside {target}: name them, '
                'as in mezz.save(model, columns=[…])')


def _matching(features, table):
    """LightGBM writes a blank as an underscore, and columns without names as Column_0 and on."""
    if features == [f'Column_{at}' for at in range(len(features))]:
        return _all(len(features), table)
    known = {name: name for name in table.columns}
    known.update({'_'.join(name.split()): name for name in table.columns if '_'.join(name.split()) not in known})
    return [known.get(feature, feature) for feature in features]


def _demand_columns(names, table):
    names = [str(name) for name in names]
    unknown = [name for name in names if name not in table.columns]
    if unknown:
        raise Fault(f'the model takes {", ".join(unknown[:5])}, which the dataset does not have: what makes such columns must '
                    'lie in the model, as in a scikit-learn Pipeline')
    if target in names:
        raise Fault(f'the model takes {target}, the very column that it is to foretell')
    return names


def _inputs(names, missing=None):
    return [{'column': name, **({'missing': missing} if missing else {})} for name in names]


def _reference(sample, predicted):
    cells = [[_json(value) for value in row] for row in sample.astype(object).to_numpy().tolist()]
    if task == 'classification':
        return {'rows': cells, 'probabilities': predicted.tolist()}
    if predicted.shape[1] != 1:
        raise Fault(f'a regression gives one number a row, this model gives {predicted.shape[1]}')
    return {'rows': cells, 'values': predicted[:, 0].tolist()}


def _cells(matrix):
    return [[None if math.isnan(value) else value for value in row] for row in matrix.tolist()]


def _json(value):
    value = value.item() if hasattr(value, 'item') else value
    if _missing(value):
        return None
    return value if isinstance(value, (bool, int, float, str)) else str(value)


def _missing(value):
    return value is None or value != value or type(value).__name__ == 'NAType'


def _is_number(series):
    return series.dtype.kind in 'biuf'


def _value(text):
    if text == '':
        return None
    if text in ('true', 'false'):
        return text == 'true'
    try:
        number = float(text)
    except ValueError:
        return text
    if not math.isfinite(number):
        return text
    return int(text) if text.lstrip('+-').isdigit() else number


def _need(name, why=None):
    import importlib
    try:
        return importlib.import_module(name)
    except ModuleNotFoundError as error:
        missing = (error.name or name).split('.')[0]
        reason = f': {why}' if why else ''
        raise Fault(f'{missing} is not installed{reason}. Add it to requirements.txt beside the script') from error


def _line(error):
    lines = str(error).strip().splitlines() or ['']
    return f'{type(error).__name__}: {lines[0][:300]}'


def _variable(name):
    value = os.environ.get(name)
    if value is None:
        raise Fault(f'{name} is not set: this runs as a job of Mezz, as started by `mezz run`')
    return value


def _write(folder, name, value):
    with open(os.path.join(folder, name), 'w', encoding='utf-8') as file:
        json.dump(value, file, ensure_ascii=False, allow_nan=False)
