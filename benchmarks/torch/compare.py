"""Trains with torchdiffeq and torchdyn what BenchmarkTrain trains, in turn with it, and prints the ratios of the times.

Run by the script `compare` beside it, which finds a Python and sets the environment. The works are those of
../work_test.go: the same numbers are drawn from SplitMix64, and the first loss and gradient norm must be the same.
"""

import argparse
import importlib
import math
import os
import platform
import re
import statistics
import subprocess
import sys
import time
import types

import torch

MASK = (1 << 64) - 1


class Stream:
    """SplitMix64, with normal numbers by Box and Muller."""

    def __init__(self, seed):
        self.state = seed

    def next(self):
        self.state = (self.state + 0x9E3779B97F4A7C15) & MASK
        z = self.state
        z = ((z ^ (z >> 30)) * 0xBF58476D1CE4E5B9) & MASK
        z = ((z ^ (z >> 27)) * 0x94D049BB133111EB) & MASK
        return z ^ (z >> 31)

    def normal(self):
        u1 = ((self.next() >> 11) + 1) * 2.0**-53
        u2 = (self.next() >> 11) * 2.0**-53
        return math.sqrt(-2 * math.log(u1)) * math.cos(2 * math.pi * u2)

    def normals(self, *shape):
        n = math.prod(shape)
        return torch.tensor([self.normal() for _ in range(n)], dtype=torch.float64).reshape(shape)


SEED = 1

# The ways to a gradient. The seminorm leaves the parameters' part of the adjoint out of the error.
THROUGH, ADJOINT, SEMINORM = "through the solver", "adjoint", "adjoint, seminorm"


def ways(tool, name):
    return (THROUGH, ADJOINT, SEMINORM) if tool == "torchdiffeq" and name != "large" else (THROUGH, ADJOINT)


class Field(torch.nn.Module):
    """A perceptron of tanh as vector field; the spiral's sees the cubes of the state."""

    def __init__(self, sizes, scale, cube, dtype):
        super().__init__()
        self.cube = cube
        self.nfe = 0
        stream = Stream(SEED)
        layers = []
        for fan_in, fan_out in zip(sizes, sizes[1:]):
            layer = torch.nn.Linear(fan_in, fan_out, dtype=dtype)
            weight = stream.normals(fan_out, fan_in) * (scale or 1 / math.sqrt(fan_in))
            with torch.no_grad():
                layer.weight.copy_(weight)
                layer.bias.zero_()
            layers += [layer, torch.nn.Tanh()]
        self.net = torch.nn.Sequential(*layers[:-1])

    def forward(self, t, x, args=None):
        self.nfe += 1
        return self.net(x**3 if self.cube else x)


class Work:
    def __init__(self, name, dtype):
        self.name, self.dtype = name, dtype
        if name == "spiral":
            self.field = Field([2, 50, 2], 0.1, True, dtype)
            self.method, self.rtol, self.atol = "dopri5", 1e-7, 1e-9
            self.loss, self.norm = 0.077968573, 0.0379187335
            self.series = spiral_series().to(dtype)
            self.times = torch.linspace(0, 25, 1000, dtype=torch.float64)[:10].to(dtype)
            self.stream = Stream(SEED + 1)
            self.optimizer = torch.optim.RMSprop(self.field.parameters(), lr=1e-3)
        else:
            d, h, batch = (16, 64, 128) if name == "mid" else (64, 256, 512)
            self.field = Field([d, h, h, d], None, False, dtype)
            self.x0 = Stream(SEED + 1).normals(batch, d).to(dtype)
            self.target = Stream(SEED + 2).normals(batch, d).to(dtype)
            if name == "mid":
                self.method, self.rtol, self.atol = "dopri5", 1e-5, 1e-7
                self.loss, self.norm = 2.19057081, 1.00162478
                self.times = torch.tensor([0, 1], dtype=dtype)
            else:
                self.method, self.rtol, self.atol = "rk4", None, None
                self.loss, self.norm = 2.23626769, 0.513128117
                self.times = torch.tensor([0, 1], dtype=dtype)
                self.grid = torch.linspace(0, 1, 21, dtype=dtype)
            self.optimizer = torch.optim.SGD(self.field.parameters(), lr=1e-3)

    def batch(self):
        """Brings the next mini-batch: initial states and what to compare with."""
        if self.name != "spiral":
            return
        starts = []
        while len(starts) < 20:
            s = self.stream.next() % 990
            if s not in starts:
                starts.append(s)
        windows = self.series[torch.tensor(starts)[:, None] + torch.arange(10)]  # window × time × entry
        self.x0, self.target = windows[:, 0], windows.transpose(0, 1)

    def cost(self, states):
        """The cost of the states at self.times."""
        if self.name == "spiral":
            return (states - self.target).abs().mean()
        return ((states[-1] - self.target) ** 2).mean()


def spiral_series():
    """1000 points of y' = y³A on [0, 25] from (2, 0)."""
    from torchdiffeq import odeint

    a = torch.tensor([[-0.1, 2.0], [-2.0, -0.1]], dtype=torch.float64)
    with torch.no_grad():
        return odeint(
            lambda t, y: (y**3) @ a,
            torch.tensor([2.0, 0.0], dtype=torch.float64),
            torch.linspace(0, 25, 1000, dtype=torch.float64),
            rtol=1e-12, atol=1e-13, method="dopri8",
        )


def torchdiffeq_solver(work, way):
    from torchdiffeq import odeint, odeint_adjoint

    solve = odeint if way == THROUGH else odeint_adjoint
    options = {"method": work.method, "rtol": work.rtol, "atol": work.atol}
    if work.method == "rk4":
        options = {"method": "rk4", "options": {"step_size": 0.05}}
    if way == SEMINORM:
        options["adjoint_options"] = {"norm": "seminorm"}
    return lambda: solve(work.field, work.x0, work.times, **options)


def torchdyn_solver(work, way, dense=True):
    import_torchdyn()
    from torchdyn.core.problems import ODEProblem
    from torchdyn.numerics.solvers.ode import str_to_solver

    fixed = work.method == "rk4"
    tolerances = {"rtol": work.rtol, "atol": work.atol, "rtol_adjoint": work.rtol, "atol_adjoint": work.atol}
    if fixed:  # what its solver takes for none given: others are warned about
        tolerances = {"rtol": 1e-3, "atol": 1e-3, "rtol_adjoint": 1e-3, "atol_adjoint": 1e-3}
    problem = ODEProblem(
        work.field,
        str_to_solver(work.method, work.dtype),
        # Through the solver it interpolates, as torchdiffeq does; otherwise it steps onto the times.
        interpolator="4th" if dense and not fixed and way == THROUGH else None,
        sensitivity="autograd" if way == THROUGH else "adjoint",
        **tolerances,
    )
    if not fixed:
        return lambda: problem(work.x0, work.times)[1]
    if way == ADJOINT:  # its adjoint takes one step from one saved time to the next
        return lambda: problem(work.x0, work.grid)[1]
    return lambda: problem(work.x0, work.grid, save_at=work.times)[1]


class Missing(types.ModuleType):
    """Stands for a package that torchdyn imports and that is not used here."""

    def __getattr__(self, name):
        if name.startswith("__"):
            raise AttributeError(name)
        return type(name, (torch.nn.Module,), {})


def import_torchdyn():
    for name in ("attr", "torchcde", "torchsde", "torchsde._brownian", "pytorch_lightning"):
        try:
            importlib.import_module(name)
        except ImportError:
            sys.modules[name] = Missing(name)
            if name == "attr":  # one class with one field is decorated, for events
                sys.modules[name].s = lambda *a, **k: a[0] if a else (lambda c: c)
                sys.modules[name].ib = sys.modules[name].attrib = lambda *a, **k: None


class Job:
    """One tool's iteration of one work."""

    def __init__(self, tool, name, dtype, way):
        self.tool, self.way, self.dtype = tool, way, dtype
        self.work = Work(name, {"f64": torch.float64, "f32": torch.float32}[dtype])
        self.key = f"{tool}, {way}"
        self.times = []
        if tool == "torchdiffeq":
            self.solve = torchdiffeq_solver(self.work, way)
            return
        self.solve = torchdyn_solver(self.work, way)
        if way == THROUGH and name == "spiral":
            try:
                self.gradient()
            except IndexError:  # where an end of its steps and a time asked for differ by rounding
                self.solve = torchdyn_solver(self.work, way, dense=False)
                self.key += " onto the times"
            self.work.stream = Stream(SEED + 1)

    def gradient(self):
        self.work.batch()
        self.work.optimizer.zero_grad(set_to_none=True)
        loss = self.work.cost(self.solve())
        loss.backward()
        return loss

    def check(self):
        """Does the first iteration and says whether it is the reference's."""
        work = self.work
        start = work.field.nfe
        loss = self.gradient().item()
        self.evaluations = work.field.nfe - start
        norm = math.sqrt(sum(p.grad.double().pow(2).sum().item() for p in work.field.parameters()))
        work.optimizer.step()
        # torchdyn's rk4 is the classical one and its dopri5 chooses other steps; an adjoint has errors of its own.
        tight = 2e-8 if self.tool == "torchdiffeq" else (1e-5 if work.name == "large" else 1e-6)
        if work.dtype == torch.float32:
            tight = 1e-4
        wide = tight * 10 if self.way == THROUGH else 1e-3
        off, off_norm = abs(loss / work.loss - 1), abs(norm / work.norm - 1)
        self.first = f"loss {loss:.10g} (off {off:.1e}), gradient norm {norm:.10g} (off {off_norm:.1e}), {self.evaluations} evaluations"
        return off <= tight and off_norm <= wide

    def measure(self, seconds):
        """Does whole iterations for that long, three at least, and keeps the mean time of one in milliseconds."""
        n, begin = 0, time.perf_counter()
        while n < 3 or time.perf_counter() - begin < seconds:
            self.gradient()
            self.work.optimizer.step()
            n += 1
        self.times.append((time.perf_counter() - begin) / n * 1e3)


LINE = re.compile(r"^BenchmarkTrain/(\S+?)(?:-\d+)?\s+\d+\s+(.*)$")


def ours(binary, work, seconds, times):
    """Runs our benchmark of a work and adds the milliseconds to times, by name."""
    command = [binary, "-test.run", "^$", "-test.bench", f"^BenchmarkTrain$/^work={work}$", "-test.benchtime", f"{seconds}s", "-test.cpu", "1"]
    out = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    for line in out.splitlines():
        if m := LINE.match(line):
            fields = m.group(2).split()
            metrics = dict(zip(fields[1::2], map(float, fields[::2])))
            name = dict(part.split("=", 1) for part in m.group(1).split("/"))
            key = name.get("dtype", "f64"), name.get("costate", "discrete")
            times.setdefault(key, []).append(metrics["ms"])


def machine():
    name = platform.processor() or platform.machine()
    try:
        with open("/proc/cpuinfo", encoding="utf-8") as f:
            name = next(line.split(":", 1)[1].strip() for line in f if line.startswith("model name"))
    except (OSError, StopIteration):
        pass
    return name


def blas():
    try:
        from threadpoolctl import threadpool_info
    except ImportError:
        libraries = set()
        with open("/proc/self/maps", encoding="utf-8") as f:
            for line in f:
                if "blas" in line:
                    libraries.add(os.path.basename(line.split()[-1]))
        return ", ".join(sorted(libraries)) or "unknown (install threadpoolctl to see)"
    return ", ".join(
        f"{i['internal_api']} {i['version']} ({i.get('architecture', '?')}, {i['num_threads']} thread)"
        for i in threadpool_info() if i["user_api"] == "blas"
    )


def main():
    parser = argparse.ArgumentParser(prog="compare", description=__doc__.splitlines()[0])
    parser.add_argument("--binary", required=True, help="our benchmarks, built with go test -c")
    parser.add_argument("--works", default="spiral,mid,large", help="comma-separated")
    parser.add_argument("--dtypes", default="f64,f32", help="comma-separated")
    parser.add_argument("--rounds", type=int, default=5, help="how often every tool has its turn")
    parser.add_argument("--seconds", type=float, default=0.5, help="how long a turn lasts at least")
    parser.add_argument("--check", action="store_true", help="check the first iterations only")
    args = parser.parse_args()

    torch.set_num_threads(1)
    tools = []
    for tool, importer in (("torchdiffeq", lambda: importlib.import_module("torchdiffeq")),
                           ("torchdyn", lambda: (import_torchdyn(), importlib.import_module("torchdyn.core.problems")))):
        try:
            importer()
            tools.append(tool)
        except ImportError as e:
            print(f"without {tool}: {e}")
    versions = [f"{t} {getattr(sys.modules[t], '__version__', '')}" for t in tools]
    go = subprocess.run([os.environ.get("GO", "go"), "version"], capture_output=True, text=True).stdout.strip()
    print(f"{machine()}; {time.strftime('%Y-%m-%d')}; {go}; Python {platform.python_version()}, "
          f"torch {torch.__version__}, {', '.join(versions)}; BLAS: {blas()}; OMP_WAIT_POLICY={os.environ.get('OMP_WAIT_POLICY')}")

    wrong = False
    rows = []
    for name in args.works.split(","):
        jobs = []
        for dtype in args.dtypes.split(","):
            for tool in tools:
                for way in ways(tool, name):
                    label = f"{name} {dtype} {tool}, {way}"
                    try:
                        job = Job(tool, name, dtype, way)
                        good = job.check()
                    except Exception as e:  # noqa: BLE001: a tool that fails is left out, the others go on
                        print(f"{label}: fails: {type(e).__name__}: {e}")
                        continue
                    print(f"{name} {dtype} {job.key}: {job.first}{'' if good else '  <- NOT THE SAME WORK'}")
                    wrong = wrong or not good
                    jobs.append(job)
        if args.check:
            continue
        mine = {}
        for _ in range(args.rounds):
            ours(args.binary, name, args.seconds, mine)
            for job in jobs:
                job.measure(args.seconds)
        for dtype in args.dtypes.split(","):
            costates = {c: statistics.median(ms) for (d, c), ms in mine.items() if d == dtype}
            best = "discrete" if "discrete" in costates else min(costates, key=costates.get, default="none")
            ms = costates.pop(best, math.nan)
            others = [(job.key, statistics.median(job.times)) for job in jobs if job.dtype == dtype]
            others += [(f"ours, {costate}", t) for costate, t in costates.items()]
            rows += [(name, dtype, key, t, best, ms, t / ms) for key, t in others]
        sys.stdout.flush()
    if rows:
        print("\nOne iteration of training (next batch, forward, backward, update), one thread, medians of "
              f"{args.rounds} turns.\n")
        print("| work | dtype | tool | ms | our costate | ms | ratio |\n|---|---|---|---:|---|---:|---:|")
        for name, dtype, tool, theirs, costate, us, ratio in rows:
            print(f"| {name} | {dtype} | {tool} | {theirs:.4g} | {costate} | {us:.4g} | {ratio:.3g} |")
    if wrong:
        sys.exit("compare: a first iteration is not that of the reference; its times mean nothing")


if __name__ == "__main__":
    main()
