import assert from 'node:assert/strict'
import { it } from 'node:test'
import { reasonOf } from '../../../../functions/train/script/reason.ts'

const PYTHON = { entry: 'train.py', runtime: 'python' } as const
const NODE = { entry: 'train.mjs', runtime: 'node' } as const
const TRACE = 'Traceback (most recent call last):\n  File "train.py", line 3, in <module>\n'

const REASONS = [
  [PYTHON, { exit: 'SIGSEGV', said: '' }, 'train.py was ended by SIGSEGV'],
  [PYTHON, { exit: 3, said: '' }, 'train.py ended with exit code 3'],
  [
    PYTHON,
    { exit: 1, said: `${TRACE}ValueError: no such luck\n` },
    'train.py ended with exit code 1: ValueError: no such luck',
  ],
  [
    PYTHON,
    { exit: 1, said: `${TRACE}ModuleNotFoundError: No module named 'sklearn.linear'\n` },
    'train.py needs scikit-learn, which is not installed: add it to a requirements.txt beside it',
  ],
  [
    PYTHON,
    { exit: 1, said: `${TRACE}mezz.Fault: skl2onnx is not installed. Add it to requirements.txt beside the script\n` },
    'train.py: skl2onnx is not installed. Add it to requirements.txt beside the script',
  ],
  [
    NODE,
    { exit: 1, said: "Error [ERR_MODULE_NOT_FOUND]: Cannot find package 'ml-cart' imported from /x/train.mjs\n" },
    'train.mjs needs ml-cart, which is not installed: add it to a package.json beside it',
  ],
] as const

for (const [program, end, reason] of REASONS) {
  it(`says: ${reason}`, () => {
    assert.equal(reasonOf(program, end), reason)
  })
}
