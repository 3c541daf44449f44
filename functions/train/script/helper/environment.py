"""Finds the Python that a script runs on, and prints {"python", "lock", "told"} as JSON.

usage: environment.py CACHE [REQUIREMENTS]

With a requirements.txt it is a virtual environment, made once for its digest (of the requirements with what they include, of
this Python and of the platform) and kept in CACHE; else this very Python. One process at a time makes one; what a crash left
half made lacks its last file, and is made anew.
"""
import fcntl, hashlib, json, os, re, shutil, subprocess, sys, sysconfig, time

LISTING = 'import importlib.metadata as m; print("\\n".join(sorted({f"{d.name}=={d.version}" for d in m.distributions() if d.name}, key=str.lower)))'
# What turns the models of a library into ONNX: without it a script would train for hours and then fail.
EXPORTERS = [
    ({'scikit-learn'}, 'skl2onnx'), ({'lightgbm', 'xgboost', 'xgboost-cpu'}, 'onnxmltools'), ({'torch'}, 'onnx'),
]
LAST = 'mezz-lock.txt'
HEAD = f'python {sys.version.split()[0]} {sysconfig.get_platform()}\n'


def say(text):
    print(text, file=sys.stderr, flush=True)


def run(*command):
    # stdout is for the answer alone.
    return subprocess.run(command, stdout=sys.stderr, check=True)


def packages(python):
    return HEAD + subprocess.run([python, '-c', LISTING], stdout=subprocess.PIPE, text=True, check=True).stdout


def texts(path, seen):
    """A requirements file and, after it, those that it includes."""
    if path in seen:
        return []
    seen.add(path)
    with open(path, encoding='utf-8-sig') as file:
        text = file.read()
    included = re.findall(r'^\s*(?:-r|-c|--requirement|--constraint)[ =]\s*(\S+)', text, re.M)
    return [text] + [more for name in included for more in texts(os.path.join(os.path.dirname(path), name), seen)]


def exporters(text):
    names = {re.sub(r'[-_.]+', '-', name).lower() for name in re.findall(r'^\s*([A-Za-z0-9][\w.-]*)', text, re.M)}
    wanted = {package for libraries, package in EXPORTERS if libraries & names}
    return sorted(wanted - names)


def make(folder, requirements, added):
    shutil.rmtree(folder, ignore_errors=True)
    uv = shutil.which('uv')
    python = os.path.join(folder, 'bin', 'python')
    if uv:
        run(uv, 'venv', '--quiet', '--python', sys.executable, folder)
        run(uv, 'pip', 'install', '--python', python, '-r', requirements, *added)
    else:
        run(sys.executable, '-m', 'venv', folder)
        run(python, '-m', 'pip', 'install', '--disable-pip-version-check', '--progress-bar', 'off', '--no-compile', '-r', requirements, *added)
    lock = packages(python)
    with open(os.path.join(folder, LAST + '.new'), 'w') as file:
        file.write(lock)
        file.flush()
        os.fsync(file.fileno())
    os.rename(file.name, os.path.join(folder, LAST))


def environment(cache, requirements):
    whole = '\n'.join(texts(requirements, set()))
    added = exporters(whole)
    facts = json.dumps([whole, added, sys.version, sysconfig.get_platform(), os.path.realpath(sys.executable)])
    digest = hashlib.sha256(facts.encode()).hexdigest()[:32]
    os.makedirs(cache, mode=0o700, exist_ok=True)
    folder = os.path.join(cache, digest)
    began = time.monotonic()
    # Held by this process while it lives, however it ends.
    with open(folder + '.making', 'w') as turn:
        fcntl.flock(turn, fcntl.LOCK_EX)
        made = not os.path.exists(os.path.join(folder, LAST))
        if made:
            more = f' with {", ".join(added)}' if added else ''
            say(f'installing requirements.txt{more}')
            make(folder, requirements, added)
    with open(os.path.join(folder, LAST)) as file:
        lock = file.read()
    how = f'made in {time.monotonic() - began:.0f} s' if made else 'from the cache'
    return {'python': os.path.join(folder, 'bin', 'python'), 'lock': lock,
            'told': f'{HEAD.strip()}, {len(lock.splitlines()) - 1} packages of requirements.txt, {how}'}


def main(cache, requirements=''):
    if requirements:
        try:
            answer = environment(cache, requirements)
        except subprocess.CalledProcessError as error:
            say(f'{" ".join(map(str, error.cmd[:6]))} … ended with exit code {error.returncode}')
            sys.exit(1)
    else:
        lock = packages(sys.executable)
        answer = {'python': sys.executable, 'lock': lock,
                  'told': f'{HEAD.strip()} of this machine with {len(lock.splitlines()) - 1} packages: there is no requirements.txt'}
    print(json.dumps(answer))


main(*sys.argv[1:])
