// Package config turns a TOML file and command-line overrides into a Config, strictly: every unknown key,
// wrong type, value out of range, non-finite number, key that does not apply and missing key is reported, all in
// one go, with its position and a suggestion.
//
// One table (keys.go) describes every key: name, type, default, range, choices, where it applies, meaning. It
// drives decoding, checking, printing, suggestions and docs/configuration.md. A key that does not apply to the
// chosen task or optimizer is zero in the Config and is neither printed nor hashed.
package config

// Config is a fully resolved experiment: every applicable key has its value.
type Config struct {
	Name      string
	Seed      uint64
	Task      string
	Precision string

	Data      Data
	Field     Field
	Density   Density
	Policy    Policy
	Control   Control
	Problem   Problem
	Solver    Solver
	Costate   Costate
	Optimizer Optimizer
	Train     Train
	Report    Report

	notes []string
}

// Data is the section [data]: where the numbers come from and how they are cut into samples.
type Data struct {
	Source     string
	File       string   // source = "csv"
	Folder     string   // source = "idx"
	Shift      int      // pixels, source = "idx"
	TimeColumn string   // csv, task fit; empty: the first column
	Columns    []string // csv; names or numbers from 1; empty: all others
	Label      string   // csv, task classify; empty: the last column

	Parameters []float64 // of a built-in system; nil: the usual ones
	X0         []float64 // initial state of a built-in system; nil: the usual one

	Hide       []string  // columns of a built-in system that are not observed
	IDColumn   string    // csv, task fit; empty: one trajectory
	Inputs     []string  // csv, task fit: columns that drive the system
	Interp     string    // of the inputs
	Starts     string    // initial states of windows: observed or estimated
	Guess      []float64 // of initial states that nobody observed
	Continuity float64   // weight of mismatches between windows

	Points    int
	Samples   int
	T0, T1    float64 // units of the data; for csv with task fit 0 and 0 mean the whole file
	Noise     float64
	Irregular bool

	Window    int // points of one window; 0: the whole series as one
	Stride    int // distance of window starts; 0: half the window
	GrowTo    int // points; 0: windows do not grow
	GrowEvery int // iterations

	Validation float64 // fraction
	Test       float64 // fraction
	SplitBy    string
	Normalize  bool
	Transform  string
}

// Field is the section [field]: the vector field f(t, x, θ).
type Field struct {
	Kind string

	Residual      bool      // kinds gated and conv
	Shape         []int     // kind conv: channels, height, width
	Kernel        int       // kind conv
	Patch         int       // kind conv, source = "idx": pixels a side; 0: as far as they are apart
	System        string    // kinds known and hybrid; "auto": that of the data
	Parameters    []float64 // first values; nil: the usual ones
	FitParameters bool      // kind hybrid
	Components    []string  // kind hybrid: states that the network adds to; empty: all

	Hidden     []int
	Activation string
	Output     string
	Input      string
	Time       bool
	Augment    int
	Init       string
	InitScale  float64
	States     int     // of the flow, source = "idx"
	Weights    string  // kind = "layers": the set of their values
	Density    float64 // kind = "layers": share of first weights that are not zero
}

// Policy is the section [policy] of task policy: a plant, where it starts, and what counts.
type Policy struct {
	Plant          string
	Samples        int
	HeldOut        int
	Spread         []float64 // nil: the plant's own
	Horizon        float64   // 0: the plant's own
	StateWeight    float64
	ControlWeight  float64
	TerminalWeight float64
	Limit          float64 // of |u|; 0: none
}

// Density is the section [density] of task density: how a flow's likelihood is found and regularized.
type Density struct {
	Trace    string
	Probes   int
	Kinetic  float64 // weight of ∫|f|²
	Jacobian float64 // weight of ∫‖f_x‖²
}

// Control is the section [control]: θ as a function of time and the set Θ.
type Control struct {
	Kind      string
	Intervals int
	Lower     []float64 // nil: unbounded (for task control: the problem's own bounds); one number: all entries
	Upper     []float64
	L2, L1    float64
	L0        float64
	Radius    float64 // 0: no ball
	Durations bool
	Modes     []float64 // nil: the values are unknown
	Refine    float64   // 0: the mesh stays
	Initial   float64
}

// Problem is the section [problem] of task control: a classical problem by name.
type Problem struct {
	Name          string
	Horizon       float64 // 0: the problem's own
	Terminal      string
	Tolerance     float64
	Penalty       float64
	PenaltyGrowth float64
	Constraints   []string // besides the problem's own
	Jumps         []string
}

// Solver is the section [solver].
type Solver struct {
	Method     string
	RTol, ATol float64
	Steps      int // > 0: fixed steps per interval between observations and knots
	Observe    string
	Controller string
	Norm       string
	MaxSteps   int
	FirstStep  float64
	MaxStep    float64
}

// Costate is the section [costate].
type Costate struct {
	Kind   string
	Memory string // "auto" or bytes; see Bytes
}

// Optimizer is the section [optimizer]. Which keys apply depends on Kind.
type Optimizer struct {
	Kind      string
	Maximizer string

	Rho             float64
	Adaptive        bool
	InnerIterations int
	Levels          []float64
	Perturbation    float64
	PenaltyCostate  bool

	Epsilon     float64
	EpsilonRule string
	Sigma       float64
	Zeta        float64
	Eta         float64
	Kappa       float64

	LearningRate float64
	Momentum     float64
	Beta1, Beta2 float64
	Decay        float64
	Eps          float64
	WeightDecay  float64
	Schedule     string
	ClipNorm     float64
	Nodes        int     // pieces of multiple shooting
	Tolerance    float64 // of Newton's method
	Memory       int
	Every        int

	Threshold    float64 // ρ of discrete-msa
	Price        float64 // λ
	Sparsity     float64 // κ
	Average      float64 // α
	AverageDecay float64 // d

	Damping  float64
	Dense    int
	Products int
}

// Train is the section [train].
type Train struct {
	Iterations      int
	Batch           int    // samples; 0: all
	Loss            string // task fit: squared or absolute
	ValidateEvery   int
	Patience        int     // validations without improvement; 0: off
	TargetLoss      float64 // 0: off
	CheckpointEvery int
	Select          string // which control is the best one
	Keep            int
	MaxSeconds      float64 // 0: no limit
	MemoryLimit     string
}

// Report is the section [report].
type Report struct {
	Figures     bool
	Formats     []string
	Every       int // iterations; 0: at the end only
	TensorBoard bool
	Snapshots   int
}

// Notes are remarks for the user that are not errors: keys of the file that an override made inapplicable.
func (c *Config) Notes() []string { return c.notes }

// Default returns the configuration of an empty file.
func Default() *Config {
	c, err := Parse("defaults", nil)
	if err != nil {
		panic("config: the table's own defaults are invalid: " + err.Error())
	}
	return c
}
