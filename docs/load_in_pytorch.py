"""Loads a model.safetensors of Costate into PyTorch and predicts with it, as `costate predict` does.

    python3 load_in_pytorch.py RUN/model.safetensors input.csv > predictions.csv

A series: the first row of the input (of every trajectory) has time and state, the others the times to predict; inputs are needed in all
rows. Points, pictures and states of a plant: one row is one of them. A control of a classical problem: the first column has times, and
the answer is the control there. Needs PyTorch and nothing else; Field below is an nn.Module to go on from.
"""

import csv
import json
import math
import struct
import sys

import torch

DTYPE = torch.float64


def read_safetensors(path):
    """The tensors and the metadata of a file with numbers in float64."""
    with open(path, "rb") as f:
        head = json.loads(f.read(struct.unpack("<Q", f.read(8))[0]))
        body = f.read()
    meta = head.pop("__metadata__", {})
    tensors = {}
    for name, t in head.items():
        begin, end = t["data_offsets"]
        numbers = struct.unpack("<%dd" % ((end - begin) // 8), body[begin:end])
        tensors[name] = torch.tensor(numbers, dtype=DTYPE).reshape(t["shape"])
    return tensors, meta


ACTIVATIONS = {
    "linear": lambda z: z,
    "tanh": torch.tanh,
    "softplus": torch.nn.functional.softplus,
    "sigmoid": torch.sigmoid,
    "relu": torch.relu,
    "sine": torch.sin,
    "gelu": torch.nn.functional.gelu,
}


# Known equations: derivatives (batch, d) from states x, their columns c, parameters u and the time t.


def kepler(t, x, c, u):
    pull = -u[0] / torch.hypot(c[0], c[1]) ** 3
    return c[2], c[3], pull * c[0], pull * c[1]


def double_pendulum(t, x, c, u):
    m, l, k = u
    sin, cos = torch.sin(c[0] - c[1]), torch.cos(c[0] - c[1])
    r1 = -m * l * sin * c[3] ** 2 - (1 + m) * k * torch.sin(c[0])
    r2 = sin * c[2] ** 2 - k * torch.sin(c[1])
    det = (1 + m) * l - m * l * cos * cos
    return c[2], c[3], (l * r1 - m * l * cos * r2) / det, ((1 + m) * r2 - cos * r1) / det


def heat(t, x, c, u):
    wide = torch.nn.functional.pad(x, (1, 1))
    return (u[0] * (x.shape[1] + 1) ** 2 * (wide[:, :-2] - 2 * x + wide[:, 2:])).T


SYSTEMS = {
    "spiral": lambda t, x, c, u: (-u[0] * c[0] ** 3 - u[1] * c[1] ** 3, u[1] * c[0] ** 3 - u[0] * c[1] ** 3),
    "lotka_volterra": lambda t, x, c, u: (u[0] * c[0] - u[1] * c[0] * c[1], u[2] * c[0] * c[1] - u[3] * c[1]),
    "van_der_pol": lambda t, x, c, u: (c[1], u[0] * (1 - c[0] ** 2) * c[1] - c[0]),
    "pendulum": lambda t, x, c, u: (c[1], -u[0] * torch.sin(c[0]) - u[1] * c[1]),
    "driven_pendulum": lambda t, x, c, u: (c[1], -u[0] * torch.sin(c[0]) - u[1] * c[1] + u[2] * torch.cos(u[3] * t)),
    "lorenz": lambda t, x, c, u: (u[0] * (c[1] - c[0]), c[0] * (u[1] - c[2]) - c[1], c[0] * c[1] - u[2] * c[2]),
    "sir": lambda t, x, c, u: (-u[0] * c[0] * c[1], u[0] * c[0] * c[1] - u[1] * c[1], u[1] * c[1]),
    "brusselator": lambda t, x, c, u: (u[0] + c[0] ** 2 * c[1] - (u[1] + 1) * c[0], u[1] * c[0] - c[0] ** 2 * c[1]),
    "kepler": kepler,
    "double_pendulum": double_pendulum,
    "heat": heat,
}

# Plants: derivatives from columns of the state and the control, and the distance from rest.
PLANTS = {
    "double_integrator": (lambda c, u: (c[1], u), lambda c: c[0] ** 2 + c[1] ** 2),
    "oscillator": (lambda c, u: (c[1], u - c[0]), lambda c: c[0] ** 2 + c[1] ** 2),
    "upright_pendulum": (lambda c, u: (c[1], torch.sin(c[0]) - 0.1 * c[1] + u), lambda c: 2 * (1 - torch.cos(c[0])) + c[1] ** 2),
}


class Control(torch.nn.Module):
    """θ(t), from nodes for intervals or knots: the tensors have the nodes as their first dimension."""

    def __init__(self, tensors, kind, knots):
        super().__init__()
        self.kind = kind
        self.register_buffer("knots", torch.tensor(knots, dtype=DTYPE))
        self.nodes = torch.nn.ParameterDict({self.key(name): torch.nn.Parameter(t) for name, t in tensors.items()})

    @staticmethod
    def key(name):
        return "theta_" + name.replace(".", "_")

    def width(self, k):
        """The mean width of the intervals beside a knot: the unit of slopes."""
        last = len(self.knots) - 1
        lo, hi = max(k - 1, 0), min(k + 1, last)
        return (self.knots[hi] - self.knots[lo]) / (hi - lo)

    def forward(self, name, t):
        nodes = self.nodes[self.key(name)]
        if self.kind == "constant":
            return nodes[0]
        k = int(torch.sum(self.knots[1:-1] <= t))  # the interval that holds t
        if self.kind == "piecewise-constant":
            return nodes[k]
        h = self.knots[k + 1] - self.knots[k]
        s = torch.clamp((t - self.knots[k]) / h, max=1)
        if self.kind == "piecewise-linear":
            return (1 - s) * nodes[k] + s * nodes[k + 1]
        r = 1 - s  # cubic-hermite: value and slope of each knot
        left = (1 + 2 * s) * r * r * nodes[2 * k] + s * r * r * h / self.width(k) * nodes[2 * k + 1]
        return left + s * s * (3 - 2 * s) * nodes[2 * k + 2] - s * s * r * h / self.width(k + 1) * nodes[2 * k + 3]


class Field(torch.nn.Module):
    """dx = f(t, x, θ(t)) on states x of shape (batch, d), in the model's own units; u(t) are the inputs, of shape (batch, k)."""

    def __init__(self, tensors, meta):
        super().__init__()
        self.about = json.loads(meta["field"])
        self.kind = self.about["kind"]
        self.knots = json.loads(meta["mesh"])
        self.theta = Control(tensors, meta["control"], self.knots)

    def forward(self, t, x, u=None):
        if self.kind == "known":
            return self.law(t, x)
        if self.kind in ("gated", "residual"):
            return self.gated(t, x)
        if self.kind == "conv":
            return self.conv(t, x)
        if self.kind in ("hamiltonian", "gradient"):
            return self.potential(t, x)
        y = self.mlp(t, x, u)
        if self.kind == "second-order":
            return torch.cat([x[:, x.shape[1] // 2 :], y], dim=1)
        if self.kind == "hybrid":
            return self.law(t, x) + y * torch.tensor(self.about.get("mask", [1.0]), dtype=DTYPE)
        return y

    def layer(self, l, t, h):
        return h @ self.theta("layers.%d.weight" % l, t).T + self.theta("layers.%d.bias" % l, t)

    def activate(self, l, z):
        return ACTIVATIONS[self.about["activation" if l < len(self.about["hidden"]) else "output"]](z)

    def mlp(self, t, x, u=None):
        h = x**3 if self.about["input"] == "cube" else x
        if self.about["time"]:
            h = torch.cat([h, t * torch.ones_like(h[:, :1])], dim=1)
        if u is not None:
            h = torch.cat([h, u], dim=1)
        for l in range(len(self.about["hidden"]) + 1):
            h = self.activate(l, self.layer(l, t, h))
        return h

    def potential(self, t, x):
        with torch.enable_grad():
            x = x if x.requires_grad else x.detach().requires_grad_()
            (g,) = torch.autograd.grad(self.mlp(t, x).sum(), x, create_graph=True)
        if self.kind == "gradient":
            return -g
        m = x.shape[1] // 2
        return torch.cat([g[:, m:], -g[:, :m]], dim=1)

    def gated(self, t, x):
        last, h = len(self.about["hidden"]), x
        for l in range(last + 1):
            z = self.layer(l, t, h)
            if self.kind == "gated":
                get = lambda part: self.theta("layers.%d.%s" % (l, part), t)
                z = z * torch.sigmoid(get("gate_slope") * t + get("gate_bias")) + get("time_bias") * t
            y = self.activate(l, z)
            h = y + h if self.about["residual"] and l < last and y.shape == h.shape else y
        return h

    def conv(self, t, x):
        last, h = len(self.about["hidden"]), x.reshape(-1, *self.about["shape"])
        for l in range(last + 1):
            seen = torch.cat([h, t * torch.ones_like(h[:, :1])], dim=1) if self.about["time"] else h
            z = torch.nn.functional.conv2d(seen, self.theta("layers.%d.weight" % l, t), self.theta("layers.%d.bias" % l, t), padding=self.about["kernel"] // 2)
            y = self.activate(l, z)
            h = y + h if self.about["residual"] and l < last and y.shape == h.shape else y
        return h.reshape(x.shape)

    def law(self, t, x):
        fixed = self.about.get("parameters")
        u = torch.tensor(fixed, dtype=DTYPE) if fixed is not None else self.theta("parameters", t)
        return torch.stack(list(SYSTEMS[self.about["system"]](t, x, x.T, u)), dim=1)


# Dormand & Prince 5(4), for models whose solver chooses its steps; others say which tableau they take, and how many steps.
DORMAND_PRINCE = {
    "c": [0, 1 / 5, 3 / 10, 4 / 5, 8 / 9, 1, 1],
    "a": [
        [],
        [1 / 5],
        [3 / 40, 9 / 40],
        [44 / 45, -56 / 15, 32 / 9],
        [19372 / 6561, -25360 / 2187, 64448 / 6561, -212 / 729],
        [9017 / 3168, -355 / 33, 46732 / 5247, 49 / 176, -5103 / 18656],
        [35 / 384, 0, 500 / 1113, 125 / 192, -2187 / 6784, 11 / 84],
    ],
    "b": [35 / 384, 0, 500 / 1113, 125 / 192, -2187 / 6784, 11 / 84, 0],
    "e": [71 / 57600, 0, -71 / 16695, 71 / 1920, -17253 / 339200, 22 / 525, -1 / 40],
}


def integrate(f, x, t0, t1, meta, stops=(), rtol=1e-9, atol=1e-10):
    """The state at t1 of dx = f(t, x) from x at t0. Steps end at knots and other stops."""
    solver = json.loads(meta.get("solver", "{}"))
    tableau = solver.get("tableau", DORMAND_PRINCE)
    fixed = solver.get("steps", 0) if "tableau" in solver else 0
    way = math.copysign(1, t1 - t0)
    inner = sorted({s for s in stops if min(t0, t1) < s < max(t0, t1)}, reverse=way < 0)
    h = (t1 - t0) / 100
    for a, b in zip([t0] + inner, inner + [t1]):
        end = float(torch.nextafter(torch.tensor(b, dtype=DTYPE), torch.tensor(a, dtype=DTYPE)))  # before the next knot
        at = lambda s: torch.tensor(min(s, end) if way > 0 else max(s, end), dtype=DTYPE)
        t = a
        if fixed:
            h = (b - a) / fixed
        while way * (b - t) > 1e-14 * max(abs(a), abs(b)):
            h = way * min(abs(h), abs(b - t))
            k = []
            for c, row in zip(tableau["c"], tableau["a"]):
                k.append(f(at(t + c * h), x + h * sum((w * v for w, v in zip(row, k) if w), torch.zeros_like(x))))
            y = x + h * sum(w * v for w, v in zip(tableau["b"], k))
            size = 0.0
            if not fixed:
                error = h * sum(w * v for w, v in zip(tableau["e"], k))
                size = float(torch.max(torch.abs(error) / (atol + rtol * torch.maximum(torch.abs(x), torch.abs(y)))))
            if size <= 1:
                t, x = t + h, y
            if not fixed:
                h *= min(5.0, max(0.2, 0.9 * max(size, 1e-10) ** -0.2))
                if not abs(h) > 1e-14 * max(abs(t), abs(t1 - t0)):
                    raise SystemExit("the solution cannot be continued beyond t = %g" % t)
    return x


class Scaler:
    """z = (x − mean)/std, after the logarithm where the data were transformed."""

    def __init__(self, meta):
        s = json.loads(meta["scaler"])
        self.log = s["transform"] == "log"
        self.mean = torch.tensor(s.get("mean", [0.0]), dtype=DTYPE)
        self.std = torch.tensor(s.get("std", [1.0]), dtype=DTYPE)

    def apply(self, x):
        return ((torch.log(x) if self.log else x) - self.mean) / self.std

    def invert(self, z):
        x = z * self.std + self.mean
        return torch.exp(x) if self.log else x


def interpolation(times, values, cubic):
    """Columns of inputs as functions of time: linear or by natural cubic splines, constant beyond the ends. Returns one tensor (1, k)."""
    t, u = torch.tensor(times, dtype=DTYPE), torch.tensor(values, dtype=DTYPE)
    n, h = len(times), torch.diff(torch.tensor(times, dtype=DTYPE))
    bend = torch.zeros_like(u)  # second derivatives
    if cubic and n > 2:
        m = torch.diag(2 * (h[:-1] + h[1:])) + torch.diag(h[1:-1], 1) + torch.diag(h[1:-1], -1)
        slopes = torch.diff(u, dim=0) / h[:, None]
        bend[1:-1] = torch.linalg.solve(m, 6 * torch.diff(slopes, dim=0))

    def at(s):
        s = torch.clamp(torch.as_tensor(s, dtype=DTYPE), t[0], t[-1])
        k = min(int(torch.sum(t[1:] <= s)), n - 2)
        a, b = t[k + 1] - s, s - t[k]
        line = (a * u[k] + b * u[k + 1]) / h[k]
        curve = (a**3 / h[k] - a * h[k]) * bend[k] + (b**3 / h[k] - b * h[k]) * bend[k + 1]
        return (line + curve / 6)[None]

    return at


def pad(field, x):
    return torch.nn.functional.pad(x, (0, field.about.get("augment", 0)))


def predict_series(field, scaler, meta, header, lines):
    """States at the times of all rows, trajectory by trajectory, from the states of their first rows."""
    data = json.loads(meta.get("data", "{}"))

    def place(name):
        return header.index(name) if name in header else int(name) - 1

    time = place(data["time_column"]) if data.get("time_column") else 0
    ident = place(data["id_column"]) if data.get("id_column") else None
    inputs = [place(name) for name in data.get("inputs", [])]
    states = [place(name) for name in data.get("columns", [])]
    states = states or [i for i in range(len(header)) if i not in [time, ident] + inputs]
    groups = {}
    for line in lines:
        groups.setdefault(line[ident] if ident is not None else "", []).append(line)
    out = []
    for g, rows in enumerate(groups.values()):
        times = [float(r[time]) for r in rows]
        drive = interpolation(times, [[float(r[i]) for i in inputs] for r in rows], data["interpolation"] == "cubic") if inputs else None
        f = (lambda t, x: field(t, x, drive(t))) if drive else field
        x = pad(field, scaler.apply(torch.tensor([[float(rows[0][i]) for i in states]], dtype=DTYPE)))
        first = [g + 1.0] if len(groups) > 1 else []
        for k, now in enumerate(times):
            if k > 0:
                x = integrate(f, x, times[k - 1], now, meta, field.knots)
            out.append(first + [now] + scaler.invert(x[:, : len(states)])[0].tolist())
    return (["trajectory"] if len(groups) > 1 else []) + [header[i] for i in [time] + states], out


def decide(z):
    """Class and probability from logits: of the second class where there is one logit, else of the class that is named."""
    if z.shape[1] == 1:
        p = torch.sigmoid(z[:, 0])
        return [[float(q > 0.5), float(q)] for q in p]
    p, k = torch.softmax(z, dim=1).max(dim=1)
    return [[float(c), float(q)] for c, q in zip(k, p)]


LOGIT_SCALE = 10  # logits are the last states times this


def predict_points(field, scaler, meta, rows):
    x = pad(field, scaler.apply(torch.tensor(rows, dtype=DTYPE)))
    read = len(json.loads(meta["classes"]))
    read = 1 if read == 2 else read
    x = integrate(field, x, field.knots[0], field.knots[-1], meta, field.knots)
    return [row + answer for row, answer in zip(rows, decide(LOGIT_SCALE * x[:, x.shape[1] - read :]))]


def predict_pictures(tensors, meta, rows):
    """Pixels go through the layers in discrete time, or through the flow between two maps."""
    x, about = torch.round(torch.tensor(rows, dtype=DTYPE)) / 255, json.loads(meta["field"])
    if about["kind"] == "layers":
        for l in range(len(about["hidden"]) + 1):
            w, norm = tensors["layers.%d.weight" % l], [tensors["layers.%d.norm.%s" % (l, part)] for part in ("running_mean", "running_var", "weight", "bias")]
            x = torch.nn.functional.batch_norm(x @ w.T, norm[0], norm[1], norm[2], norm[3], eps=1e-5)
            x = torch.relu(x) if l < len(about["hidden"]) else x
        return decide(x)
    data, field = json.loads(meta["data"]), Field({k: t for k, t in tensors.items() if k.startswith("layers.")}, meta)
    x = (x - data["pixel_mean"]) / data["pixel_std"]
    w, b = tensors["input.weight"][0], tensors["input.bias"][0]
    if about["kind"] == "conv":  # patches become the pixels of the state
        rows, columns = about["shape"][1:]
        stride = round(math.sqrt(x.shape[1] / (rows * columns)))
        picture = x.reshape(-1, 1, rows * stride, columns * stride)
        x = torch.nn.functional.conv2d(picture, w, b, stride=stride, padding=(w.shape[-1] - stride) // 2).reshape(len(x), -1)
    else:
        x = x @ w.T + b
    x = integrate(field, x, data["t0"], data["t1"], meta)
    return decide(x @ tensors["output.weight"][0].T + tensors["output.bias"][0])


def predict_density(field, scaler, meta, rows):
    """log p of points, in the units of the data after the transform: the trace of f_x goes along the flow."""
    x = scaler.apply(torch.tensor(rows, dtype=DTYPE))
    d = x.shape[1]

    def f(t, z):
        with torch.enable_grad():
            x = z[:, :d].detach().requires_grad_()
            dx = field(t, x)
            trace = sum(torch.autograd.grad(dx[:, i].sum(), x, retain_graph=True)[0][:, i] for i in range(d))
        return torch.cat([dx, trace[:, None]], dim=1).detach()

    z = integrate(f, torch.nn.functional.pad(x, (0, 1)), field.knots[0], field.knots[-1], meta, field.knots)
    log = z[:, d] - 0.5 * (z[:, :d] ** 2).sum(dim=1) - 0.5 * d * math.log(2 * math.pi) - torch.log(scaler.std).sum()
    return [row + [float(v)] for row, v in zip(rows, log)]


def predict_policy(field, meta, rows):
    """The control at t = 0, the cost, and the states at the end, of the plant that the policy steers."""
    q = json.loads(meta["policy"])
    plant, size = PLANTS[q["plant"]]
    x = torch.tensor(rows, dtype=DTYPE)
    policy = lambda t, x: (q["limit"] or 1) * field.mlp(t, x)[:, 0]

    def f(t, z):
        u, c = policy(t, z[:, :-1]), z.T
        return torch.stack([*plant(c, u), q["state_weight"] * size(c) + q["control_weight"] * u * u], dim=1)

    z = integrate(f, torch.nn.functional.pad(x, (0, 1)), field.knots[0], field.knots[-1], meta, field.knots)
    cost = z[:, -1] + q["terminal_weight"] * size(z.T)
    u = policy(torch.tensor(field.knots[0], dtype=DTYPE), x)
    return [row + [float(a), float(b)] + end for row, a, b, end in zip(rows, u, cost, z[:, :-1].tolist())]


def predict(tensors, meta, header, lines):
    task, scaler = meta["task"], Scaler(meta)
    source = json.loads(meta.get("data", "{}")).get("source", "")
    rows = lambda: [[float(v) for v in line] for line in lines]
    if source == "idx":
        return ["class", "probability"], predict_pictures(tensors, meta, rows())
    if task == "control":
        control = Control(tensors, meta["control"], tensors["mesh"].tolist())
        at = [float(line[0]) for line in lines]
        u = [control("control", torch.tensor(t, dtype=DTYPE)).reshape(-1).tolist() for t in at]
        return [header[0]] + ["u%d" % (i + 1) for i in range(len(u[0]))], [[t] + v for t, v in zip(at, u)]
    field = Field(tensors, meta)
    if task == "fit" and source == "sine":  # the input is copied to all states, and the answer is their sum
        x = scaler.apply(torch.tensor([[row[0]] for row in rows()], dtype=DTYPE)).repeat(1, 1 + field.about["augment"])
        y = integrate(field, x, field.knots[0], field.knots[-1], meta, field.knots).sum(dim=1)
        return [header[0], "y"], [[row[0], float(v)] for row, v in zip(rows(), y)]
    if task == "fit":
        return predict_series(field, scaler, meta, header, lines)
    if task == "classify":
        return header + ["class", "probability"], predict_points(field, scaler, meta, rows())
    if task == "density":
        return header + ["log_density"], predict_density(field, scaler, meta, rows())
    if task == "policy":
        return header + ["control", "cost"] + ["final_" + name for name in header], predict_policy(field, meta, rows())
    raise SystemExit("this script does not know the task %r" % task)


def is_number(cell):
    try:
        return float(cell) is not None
    except ValueError:
        return False


def main(model, table):
    tensors, meta = read_safetensors(model)
    with open(table, newline="", encoding="utf-8") as f:
        lines = [line for line in csv.reader(f) if line and not line[0].startswith("#")]
    header = [str(i + 1) for i in range(len(lines[0]))]
    if not all(map(is_number, lines[0])):
        header, lines = lines[0], lines[1:]
    with torch.no_grad():
        header, out = predict(tensors, meta, header, lines)
    w = csv.writer(sys.stdout, lineterminator="\n")
    w.writerow(header)
    w.writerows(out)


if __name__ == "__main__":
    if len(sys.argv) != 3:
        raise SystemExit(__doc__)
    main(sys.argv[1], sys.argv[2])
