//go:build gotch

package trainer

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"github.com/sugarme/gotch/ts"

	"repro/stages/tensor"
	"repro/stages/train"
	"repro/stages/train/gotch/torch"
)

// keeper writes checkpoints now and then, so that little is lost when the
// process ends.
type keeper struct {
	training *training
	file     string // "" if nobody keeps one
	every    time.Duration
	next     time.Time
	last     int // steps that the checkpoint has
}

// checkpointEvery is how long to train between checkpoints at least, and
// checkpointShare how much of the time may go into writing them.
const (
	checkpointEvery = 30 * time.Second
	checkpointShare = 0.05
)

func newKeeper(s *training, every time.Duration) *keeper {
	k := &keeper{training: s, every: every}
	if every == 0 {
		k.every = checkpointEvery
	}
	if s.Checkpoint != "" {
		k.file = filepath.Join(s.Checkpoint, "checkpoint.safetensors")
	}
	k.next = time.Now().Add(k.every)
	return k
}

// progress is what a checkpoint has besides tensors.
type progress struct {
	Taken      []train.Step `json:"taken"`
	Optimised  int64        `json:"optimised"` // optimiser steps
	Limit      int          `json:"limit"`
	Validation *validation  `json:"validation,omitempty"`
}

const progressKey = "progress"

// tensors returns what a checkpoint keeps, by name.
func (s *training) tensors() map[string]*ts.Tensor {
	all := map[string]*ts.Tensor{}
	groups := s.optimiser.state()
	groups["best"] = s.best
	for name, group := range groups {
		for i, x := range group {
			all[fmt.Sprintf("%s.%d", name, i)] = x
		}
	}
	return all
}

// keep writes a checkpoint, if it is time.
func (k *keeper) keep() error {
	if k.file == "" || time.Now().Before(k.next) {
		return nil
	}
	began := time.Now()
	if err := k.write(); err != nil {
		// The training itself is well, and what it still needs to write may fit.
		k.training.Logf("no checkpoint could be written: %v", err)
	} else {
		k.last = len(k.training.taken)
	}
	took := time.Since(began)
	k.next = time.Now().Add(max(k.every, time.Duration(float64(took)/checkpointShare)))
	return nil
}

// write replaces the checkpoint as a whole.
func (k *keeper) write() error {
	s := k.training
	text, err := json.Marshal(progress{
		Taken: s.taken, Optimised: s.optimiser.decayed.Steps, Limit: s.limit, Validation: s.validation,
	})
	if err != nil {
		return err
	}
	var columns []tensor.Column
	for name, x := range s.tensors() {
		var shape []int
		for _, n := range x.MustSize() {
			shape = append(shape, int(n))
		}
		columns = append(columns, tensor.Column{Name: name, Dtype: tensor.DtypeF32, Shape: shape, Write: func(w io.Writer) error {
			return tensor.WriteFloats(w, torch.Values[float32](x))
		}})
	}
	if err := os.MkdirAll(filepath.Dir(k.file), 0o755); err != nil {
		return err
	}
	made := k.file + ".new"
	if err := errors.Join(os.RemoveAll(made), tensor.SaveColumns(made, map[string]string{progressKey: string(text)}, columns)); err != nil {
		return errors.Join(err, os.RemoveAll(made))
	}
	if err := syncFile(made); err != nil {
		return err
	}
	return os.Rename(made, k.file)
}

func syncFile(name string) error {
	f, err := os.OpenFile(name, os.O_RDWR, 0)
	if err != nil {
		return err
	}
	return errors.Join(f.Sync(), f.Close())
}

// resume goes on from the checkpoint, if there is a whole one.
func (s *training) resume() error {
	if s.keeper.file == "" {
		return nil
	}
	r, err := tensor.OpenSafetensors(s.keeper.file)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	var p progress
	if err == nil {
		defer r.Close() //nolint:errcheck // opened for reading only
		p, err = s.restorable(r)
	}
	if err != nil {
		s.Logf("the checkpoint is of no use, starting anew: %v", err)
		return nil
	}
	if err := s.restore(r, p); err != nil {
		return fmt.Errorf("restore the checkpoint %s: %w. To start anew, remove it", s.keeper.file, err)
	}
	s.Logf("going on after step %d", len(p.Taken))
	return nil
}

// restorable returns the progress of a checkpoint that has all tensors.
func (s *training) restorable(r *tensor.Reader) (p progress, err error) {
	if err := json.Unmarshal([]byte(r.Metadata[progressKey]), &p); err != nil {
		return p, err
	}
	for name, x := range s.tensors() {
		info, ok := r.Info(name)
		if !ok || fmt.Sprint(info.Shape) != fmt.Sprint(x.MustSize()) {
			return p, fmt.Errorf("it has no tensor %s of shape %v", name, x.MustSize())
		}
	}
	return p, nil
}

func (s *training) restore(r *tensor.Reader, p progress) error {
	s.optimiser.decayed.Steps, s.optimiser.others.Steps = p.Optimised, p.Optimised
	if s.limit != p.Limit {
		s.limit = p.Limit
		s.rechunked()
	}
	if s.validation != nil && p.Validation != nil {
		s.validation.Best, s.validation.Since = p.Validation.Best, p.Validation.Since
	}
	for name, x := range s.tensors() {
		values, err := r.Floats(name, nil)
		if err != nil {
			return err
		}
		err = s.thread.Arena(func() error {
			s.thread.NoGrad(func() { x.Copy_(torch.Of(values, x.MustSize()...)) })
			return nil
		})
		if err != nil {
			return err
		}
	}
	for _, step := range p.Taken {
		if err := s.Report(step); err != nil {
			return err
		}
	}
	s.taken, s.keeper.last = p.Taken, len(p.Taken)
	return nil
}
