package sweep

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"

	"github.com/costate-go/costate/experiments/rundir"
)

// Workers are how a sweep is run.
type Workers struct {
	N       int      // processes at a time
	Command []string // program and arguments that a worker's own ones follow; empty: this program
	Flags   []string // more arguments of every run
	Retry   bool     // run failed points again
	// Done is told of every point that was over already or came to its end, in turn, never two at a time.
	Done func(k, finished int, err error)
}

// Run runs what is left of a sweep. When ctx is cancelled the workers are asked to save and end, and Run returns the cause. A point
// that fails does not stop the others: Run then returns nil, and the point's status says why.
func Run(ctx context.Context, dir string, p *Plan, w Workers) error {
	command := w.Command
	if len(command) == 0 {
		self, err := os.Executable()
		if err != nil {
			return err
		}
		command = []string{self}
	}
	var mu sync.Mutex
	finished := 0
	done := func(k int, err error) {
		mu.Lock()
		defer mu.Unlock()
		finished++
		if w.Done != nil {
			w.Done(k, finished, err)
		}
	}
	queue := make(chan int)
	var wg sync.WaitGroup
	for range max(1, w.N) {
		wg.Go(func() {
			for k := range queue {
				if err := work(ctx, dir, k, command, w.Flags); ctx.Err() == nil {
					done(k, err)
				}
			}
		})
	}
	var busy []string
	for k := range p.Points {
		state, status := Look(dir, k, w.Retry)
		switch state {
		case Over:
			done(k, nil)
			continue
		case Running:
			busy = append(busy, fmt.Sprintf("%s by process %d", Name(k), status.PID))
			continue
		}
		select {
		case queue <- k:
		case <-ctx.Done():
		}
		if ctx.Err() != nil {
			break
		}
	}
	close(queue)
	wg.Wait()
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	if len(busy) > 0 {
		return fmt.Errorf("%w: another process is at work in %s: wait for it, or stop it", rundir.ErrIO, strings.Join(busy, ", "))
	}
	return nil
}

// work runs one point. Its error is what the process said where it could not even begin.
func work(ctx context.Context, dir string, k int, command, flags []string) error {
	if err := prepare(dir, k); err != nil {
		return err
	}
	args := append(command[1:len(command):len(command)], "run", filepath.Join(dir, Points, Name(k)+".toml"), "--out", filepath.Join(dir, Name(k)), "--resume", "--quiet")
	cmd := exec.CommandContext(ctx, command[0], append(args, flags...)...)
	cmd.Cancel = func() error { return cmd.Process.Signal(os.Interrupt) }
	var messages bytes.Buffer
	cmd.Stdout, cmd.Stderr = io.Discard, &messages
	apart(cmd)
	if err := cmd.Run(); err != nil && ctx.Err() == nil {
		return said(messages.String(), err)
	}
	return nil
}

// said is the end of what a failing process wrote, or how it ended where it wrote nothing.
func said(messages string, err error) error {
	text := strings.TrimSpace(messages)
	if text == "" {
		return err
	}
	lines := strings.Split(text, "\n")
	return errors.New(strings.Join(lines[max(0, len(lines)-3):], "; "))
}
