"""Loads a model.safetensors of Costate into PyTorch and predicts with it, as `costate predict` does.

    python3 load_in_pytorch.py RUN/model.safetensors input.csv > predictions.csv

A series: the first row of the input has time and state, the others the times to predict. Labelled points: one row is one point, all
columns are features. Needs PyTorch and nothing else; Field below is an nn.Module to go on from.
"""

import csv
import json
import math
import struct
import sys

import torch


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
        tensors[name] = torch.tensor(numbers, dtype=torch.float64).reshape(t["shape"])
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


class Field(torch.nn.Module):
    """dx = f(t, x, θ(t)) on states x of shape (batch, d), in the model's own units."""

    def __init__(self, tensors, meta):
        super().__init__()
        self.about = json.loads(meta["field"])
        if self.about["kind"] != "mlp":
            raise SystemExit("this script knows fully connected networks, not field.kind = %r" % self.about["kind"])
        self.kind = meta["control"]
        if self.kind not in ("constant", "piecewise-constant", "piecewise-linear"):
            raise SystemExit("this script knows no controls of kind %r" % self.kind)
        self.register_buffer("knots", torch.tensor(json.loads(meta["mesh"]), dtype=torch.float64))
        self.layers = len(self.about["hidden"]) + 1
        self.weight = torch.nn.ParameterList([tensors["layers.%d.weight" % l] for l in range(self.layers)])  # nodes × out × in
        self.bias = torch.nn.ParameterList([tensors["layers.%d.bias" % l] for l in range(self.layers)])  # nodes × out

    def at(self, nodes, t):
        """The value at time t of a control with these nodes."""
        if self.kind == "constant":
            return nodes[0]
        k = int(torch.sum(self.knots[1:-1] <= t))  # the interval that holds t
        if self.kind == "piecewise-constant":
            return nodes[k]
        left, right = self.knots[k], self.knots[k + 1]
        share = torch.clamp((t - left) / (right - left), max=1)
        return (1 - share) * nodes[k] + share * nodes[k + 1]

    def forward(self, t, x):
        h = x**3 if self.about["input"] == "cube" else x
        if self.about["time"]:
            h = torch.cat([h, torch.full_like(h[:, :1], float(t))], dim=1)
        for l in range(self.layers):
            h = h @ self.at(self.weight[l], t).T + self.at(self.bias[l], t)
            h = ACTIVATIONS[self.about["activation" if l + 1 < self.layers else "output"]](h)
        return h


def integrate(f, x, t0, t1, steps):
    """The classical Runge–Kutta method; steps lie between knots."""
    inner = [float(k) for k in f.knots if min(t0, t1) < k < max(t0, t1)]
    stops = [t0] + sorted(inner, reverse=t1 < t0) + [t1]
    for a, b in zip(stops, stops[1:]):
        n = max(1, math.ceil(steps * abs(b - a) / abs(t1 - t0)))
        h = (b - a) / n
        for i in range(n):
            t = a + i * h
            end = torch.nextafter(torch.tensor(t + h, dtype=torch.float64), torch.tensor(a, dtype=torch.float64))  # left of the next knot
            k1 = f(torch.tensor(t, dtype=torch.float64), x)
            k2 = f(torch.tensor(t + h / 2, dtype=torch.float64), x + h / 2 * k1)
            k3 = f(torch.tensor(t + h / 2, dtype=torch.float64), x + h / 2 * k2)
            k4 = f(end, x + h * k3)
            x = x + h / 6 * (k1 + 2 * k2 + 2 * k3 + k4)
    return x


class Scaler:
    """z = (x − mean)/std, after the logarithm where the data were transformed."""

    def __init__(self, meta):
        s = json.loads(meta["scaler"])
        self.log = s["transform"] == "log"
        self.mean = torch.tensor(s.get("mean", [0.0]), dtype=torch.float64)
        self.std = torch.tensor(s.get("std", [1.0]), dtype=torch.float64)

    def apply(self, x):
        return ((torch.log(x) if self.log else x) - self.mean) / self.std

    def invert(self, z):
        x = z * self.std + self.mean
        return torch.exp(x) if self.log else x


def predict_series(field, scaler, rows):
    """States at the times of all rows, from the state of the first one."""
    d = len(rows[0]) - 1
    x = scaler.apply(torch.tensor([rows[0][1:]], dtype=torch.float64))
    x = torch.nn.functional.pad(x, (0, field.about["augment"]))
    out = [rows[0]]
    for before, now in zip(rows, rows[1:]):
        x = integrate(field, x, before[0], now[0], 50)
        out.append([now[0]] + scaler.invert(x[:, :d])[0].tolist())
    return out


LOGIT_SCALE = 10  # logits are the last states times this


def predict_points(field, scaler, rows, classes):
    """Class and probability: of the second class where there are two, else of the class that is named."""
    x = scaler.apply(torch.tensor(rows, dtype=torch.float64))
    x = torch.nn.functional.pad(x, (0, field.about["augment"]))
    read = 1 if classes == 2 else classes
    x = integrate(field, x, float(field.knots[0]), float(field.knots[-1]), 100)
    z = LOGIT_SCALE * x[:, x.shape[1] - read :]
    if read == 1:
        p = torch.sigmoid(z[:, 0])
        return [row + [float(q > 0.5), float(q)] for row, q in zip(rows, p)]
    p, k = torch.softmax(z, dim=1).max(dim=1)
    return [row + [float(c), float(q)] for row, c, q in zip(rows, k, p)]


def main(model, table):
    tensors, meta = read_safetensors(model)
    field, scaler = Field(tensors, meta), Scaler(meta)
    with open(table, newline="") as f:
        lines = [line for line in csv.reader(f) if line and not line[0].startswith("#")]
    rows = [[float(v) if v.strip() else math.nan for v in line] for line in lines[1:]]
    task = meta["task"]
    with torch.no_grad():
        if task == "fit":
            header, out = lines[0], predict_series(field, scaler, rows)
        elif task == "classify":
            header, out = lines[0] + ["class", "probability"], predict_points(field, scaler, rows, len(json.loads(meta["classes"])))
        else:
            raise SystemExit("this script knows the tasks fit and classify, not %r" % task)
    w = csv.writer(sys.stdout, lineterminator="\n")
    w.writerow(header)
    w.writerows(out)


if __name__ == "__main__":
    if len(sys.argv) != 3:
        raise SystemExit(__doc__)
    main(sys.argv[1], sys.argv[2])
