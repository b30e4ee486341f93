package exit

import (
	"errors"

	"github.com/costate-go/costate/experiments/checkpoint"
	"github.com/costate-go/costate/experiments/config"
	"github.com/costate-go/costate/experiments/data"
	"github.com/costate-go/costate/experiments/rundir"
	"github.com/costate-go/costate/ode"
	"github.com/costate-go/costate/pmp"
)

// The sections of docs/troubleshooting.md, by their anchors. Every message that is not about the command line itself names one.
const (
	TopicConfig      = "issues-in-the-configuration"
	TopicData        = "the-data-are-refused"
	TopicMemory      = "the-run-needs-too-much-memory"
	TopicOccupied    = "the-directory-is-not-empty"
	TopicNoRun       = "this-is-not-a-run-directory"
	TopicIO          = "reading-or-writing-fails"
	TopicCheckpoint  = "a-checkpoint-is-corrupt-or-does-not-belong"
	TopicSteps       = "too-many-steps"
	TopicBlowUp      = "the-states-blow-up"
	TopicDiverged    = "the-iteration-diverges"
	TopicGradient    = "the-gradient-is-off"
	TopicCertificate = "the-certificate-does-not-hold"
	TopicShooting    = "shooting-finds-no-solution"
	TopicNumerical   = "an-iteration-cannot-be-computed"
	TopicBug         = "a-bug"
)

// Topics are all of them.
var Topics = []string{TopicConfig, TopicData, TopicMemory, TopicOccupied, TopicNoRun, TopicIO, TopicCheckpoint, TopicSteps, TopicBlowUp, TopicDiverged, TopicGradient, TopicCertificate, TopicShooting, TopicNumerical, TopicBug}

// Topical is an error that knows its section; it wins over the rules of Topic. About gives one to any error.
type Topical interface{ Topic() string }

type topical struct {
	error
	topic string
}

func (t topical) Topic() string { return t.topic }
func (t topical) Unwrap() error { return t.error }

// About gives an error its section; nil stays nil.
func About(topic string, err error) error {
	if err == nil {
		return nil
	}
	return topical{err, topic}
}

// Topic is the section that explains an error, empty where it is about the command line or no error at all.
func Topic(err error) string {
	var own Topical
	var issues *config.Error
	var occupied *rundir.OccupiedError
	var nothing *rundir.NoRunError
	switch {
	case err == nil:
		return ""
	case errors.As(err, &own):
		return own.Topic()
	case errors.As(err, &issues):
		return TopicConfig
	case errors.As(err, &occupied):
		return TopicOccupied
	case errors.Is(err, data.ErrData):
		return TopicData
	case errors.Is(err, checkpoint.ErrCheckpoint):
		return TopicCheckpoint
	case errors.Is(err, pmp.ErrMemory):
		return TopicMemory
	case errors.Is(err, ode.ErrMaxSteps):
		return TopicSteps
	case errors.Is(err, ode.ErrStepTooSmall), errors.Is(err, ode.ErrNonFinite):
		return TopicBlowUp
	case errors.Is(err, pmp.ErrDiverged):
		return TopicDiverged
	case errors.Is(err, pmp.ErrShooting):
		return TopicShooting
	case errors.As(err, &nothing):
		return TopicNoRun
	}
	switch Code(err) {
	case Usage:
		if isUnposed(err) {
			return TopicConfig
		}
	case Numerical:
		return TopicNumerical
	case IO:
		return TopicIO
	case Bug:
		return TopicBug
	}
	return ""
}
