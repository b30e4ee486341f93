package discrete

// Model applies a network with a control to samples. It belongs to one goroutine.
type Model struct{ sys *system }

// NewModel makes room for a network; threads share the work, and the results don't depend on them.
func NewModel(n Network, threads int) (*Model, error) {
	s, err := newSystem(n, threads)
	return &Model{s}, err
}

// Load takes a control, which is copied.
func (m *Model) Load(theta []float64) { m.sys.load(theta) }

// Logits returns the logits (classes×n, a view until the next call) of n samples x (inputs×n), normalised by the running moments.
func (m *Model) Logits(x []float32, n int) []float32 { return m.sys.forward(x, n, false) }

// CrossEntropy returns the summed cross-entropy of the softmax of logits (classes×n) and how many of the n samples
// the largest logit names rightly.
func CrossEntropy(logits []float32, labels []int) (loss float64, right int) {
	return crossEntropy(nil, logits, labels, len(labels))
}
