package onnx_test

import (
	"bytes"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/costate-go/costate/experiments/internal/onnxtest"
	"github.com/costate-go/costate/experiments/onnx"
)

// runner reads tasks from standard input, runs each in ONNX Runtime and writes the outputs.
const runner = `
const ort = require("onnxruntime-node");
(async () => {
  const answers = [];
  for (const task of JSON.parse(require("fs").readFileSync(0, "utf8"))) {
    try {
      const session = await ort.InferenceSession.create(task.path, { logSeverityLevel: 3, intraOpNumThreads: 1, interOpNumThreads: 1 });
      const feeds = {};
      for (const [name, v] of Object.entries(task.feeds)) {
        const array = task.type === "float64" ? Float64Array.from(v.data) : Float32Array.from(v.data);
        feeds[name] = new ort.Tensor(task.type, array, v.dims);
      }
      const out = await session.run(feeds);
      answers.push({ data: Array.from(out[task.output].data) });
    } catch (e) {
      answers.push({ error: String(e) });
    }
  }
  console.log(JSON.stringify(answers));
})();
`

type runnerTensor struct {
	Dims []int     `json:"dims"`
	Data []float64 `json:"data"`
}

type runnerTask struct {
	Path   string                  `json:"path"`
	Type   string                  `json:"type"`
	Output string                  `json:"output"`
	Feeds  map[string]runnerTensor `json:"feeds"`
}

// Where node has the package onnxruntime-node (npm install onnxruntime-node, and NODE_PATH if need be), ONNX Runtime computes what the
// fields do. It has no Erf in float64.
func TestRuntime(t *testing.T) {
	if exec.Command("node", "-e", `require("onnxruntime-node")`).Run() != nil {
		t.Skip("node with the package onnxruntime-node is not here")
	}
	for elem, tolerance := range map[onnx.Type]float64{onnx.Float64: 1e-12, onnx.Float32: 1e-4} {
		kind := map[onnx.Type]string{onnx.Float64: "float64", onnx.Float32: "float32"}[elem]
		var tasks []runnerTask
		var wants [][]float64
		paths, byPath := files(t, elem)
		tensor := func(a onnxtest.Tensor) runnerTensor { return runnerTensor{append([]int{}, a.Dims...), a.Data} }
		for _, path := range paths {
			e, isField := byPath[path]
			if elem == onnx.Float64 && strings.Contains(path, "gelu") {
				continue
			}
			if !isField {
				file, err := os.ReadFile(path)
				if err != nil {
					t.Fatal(err)
				}
				feeds := map[string]onnxtest.Tensor{"pixels": pixels}
				if strings.HasPrefix(filepath.Base(path), "map") {
					feeds = map[string]onnxtest.Tensor{"x": {Dims: []int{3, 2}, Data: draw(6)}}
				}
				task := runnerTask{path, kind, "probabilities", map[string]runnerTensor{}}
				for name, a := range feeds {
					task.Feeds[name] = tensor(a)
				}
				tasks, wants = append(tasks, task), append(wants, onnxtest.Load(t, file).Run(feeds)["probabilities"].Data)
				continue
			}
			d, outputs, output := e.field.Dim(), e.field.Dim(), "dx"
			if e.model.Output != "" {
				outputs, output = 1, e.model.Output
			}
			for _, at := range []float64{0.5, 1.5, 2.9} {
				x := onnxtest.Tensor{Dims: []int{3, d}, Data: draw(3 * d)}
				task := runnerTask{path, kind, output, map[string]runnerTensor{"t": tensor(onnxtest.Tensor{Data: []float64{at}}), "x": tensor(x)}}
				if strings.Contains(path, "driven") && !strings.Contains(path, "known") {
					task.Feeds["u"] = tensor(drives(3))
				}
				tasks, wants = append(tasks, task), append(wants, e.want(at, x.Data, 3, outputs))
			}
		}
		request, err := json.Marshal(tasks)
		if err != nil {
			t.Fatal(err)
		}
		cmd := exec.Command("node", "-e", runner)
		cmd.Stdin = strings.NewReader(string(request))
		var complaints bytes.Buffer
		cmd.Stderr = &complaints
		out, err := cmd.Output()
		if err != nil {
			t.Fatalf("%v\n%s%s", err, out, complaints.Bytes())
		}
		var answers []struct {
			Data  []float64 `json:"data"`
			Error string    `json:"error"`
		}
		if err := json.Unmarshal(out, &answers); err != nil || len(answers) != len(tasks) {
			t.Fatalf("%d answers to %d tasks: %v", len(answers), len(tasks), err)
		}
		for i, a := range answers {
			name := filepath.Base(tasks[i].Path) + ", " + kind
			if a.Error != "" {
				t.Errorf("%s: %s", name, a.Error)
			} else if bad := near(a.Data, wants[i], tolerance); bad != "" {
				t.Errorf("%s: %s", name, bad)
			}
		}
	}
}
