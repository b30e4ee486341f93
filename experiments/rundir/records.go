package rundir

// Metrics is a row of metrics.jsonl: one iteration.
type Metrics struct {
	Iteration     int   `json:"iteration"`
	Epoch         Float `json:"epoch"` // passes through the training set
	WallSeconds   Float `json:"wall_seconds"`
	Loss          Float `json:"loss"`
	ValLoss       Float `json:"val_loss"` // NaN where not evaluated
	Hamiltonian   Float `json:"hamiltonian"`
	PMPResidual   Float `json:"pmp_residual"`
	GradNorm      Float `json:"grad_norm"`
	ControlNorm   Float `json:"control_norm"`
	StepParameter Float `json:"step_parameter"` // ε, ρ or learning rate
	Accepted      bool  `json:"accepted"`
	NFEForward    int64 `json:"nfe_forward"`
	NFEBackward   int64 `json:"nfe_backward"`
	StepsAccepted int64 `json:"steps_accepted"`
	StepsRejected int64 `json:"steps_rejected"`
	MinStep       Float `json:"min_step"`
	MaxStep       Float `json:"max_step"`
	Rollbacks     int   `json:"rollbacks"`
}

// Event is a row of events.jsonl: a rollback, a rejected update, a solver warning, a signal.
type Event struct {
	Iteration   int    `json:"iteration"`
	WallSeconds Float  `json:"wall_seconds"`
	Kind        string `json:"kind"`
	Text        string `json:"text"`
}

// State of a run.
type State string

// The states of a run.
const (
	Running     State = "running"
	Complete    State = "complete"
	Interrupted State = "interrupted"
	Failed      State = "failed"
)

// Status is status.json.
type Status struct {
	State     State  `json:"state"`
	Reason    string `json:"reason"` // why it stopped, empty while running
	Iteration int    `json:"iteration"`
	PID       int    `json:"pid"`
	Started   string `json:"started"` // UTC, RFC 3339
	Updated   string `json:"updated"`
}

// Manifest is manifest.json: what is needed to say under which circumstances the numbers came about.
type Manifest struct {
	Version     string            `json:"version"`
	Revision    string            `json:"vcs_revision"`
	Modified    bool              `json:"vcs_modified"`
	Go          string            `json:"go"`
	OS          string            `json:"os"`
	Arch        string            `json:"arch"`
	CPUFeatures []string          `json:"cpu_features"`
	CPUs        int               `json:"cpus"`
	Threads     int               `json:"threads"`
	Seed        uint64            `json:"seed"`
	ConfigHash  string            `json:"config_hash"`
	DataHashes  map[string]string `json:"data_hashes"` // source → SHA-256
	CommandLine []string          `json:"command_line"`
	Started     string            `json:"started"` // UTC, RFC 3339
}

// Summary is summary.json: the final numbers, for programs.
type Summary struct {
	Name          string           `json:"name"`
	Task          string           `json:"task"`
	Optimizer     string           `json:"optimizer"`
	Costate       string           `json:"costate"`
	Method        string           `json:"method"`
	Seed          uint64           `json:"seed"`
	Iterations    int              `json:"iterations"`
	StopReason    string           `json:"stop_reason"`
	WallSeconds   Float            `json:"wall_seconds"`
	InitialLoss   Float            `json:"initial_loss"`
	FinalLoss     Float            `json:"final_loss"`
	BestLoss      Float            `json:"best_loss"`
	BestIteration int              `json:"best_iteration"`
	Metrics       map[string]Float `json:"metrics"` // of the task
	NFE           struct {
		Forward  int64 `json:"forward"`
		Backward int64 `json:"backward"`
	} `json:"nfe"`
	Steps struct {
		Accepted int64 `json:"accepted"`
		Rejected int64 `json:"rejected"`
	} `json:"steps"`
	PMP struct {
		Residual         Float `json:"residual"`
		HamiltonianDrift Float `json:"hamiltonian_drift"`
	} `json:"pmp"`
	Params       int   `json:"params"`
	PeakRSSBytes int64 `json:"peak_rss_bytes"`
}
