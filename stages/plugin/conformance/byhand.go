package conformance

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"

	"google.golang.org/protobuf/encoding/protojson"

	"repro/stages"
	"repro/stages/command"
	"repro/stages/plugin/host"
	"repro/stages/plugin/v1"
	"repro/stages/sample"
)

// byHand is a plugin's program started as its author would start it, "PROGRAM
// run REQUEST.json": the same work without engine, protocol and connection.
type byHand struct{ program *host.Program }

// run carries out a request in its folder and returns the most memory that the
// program had, in bytes.
func (b *byHand) run(ctx context.Context, req *pluginv1.RunRequest, log io.Writer) (peak int64, err error) {
	raw, err := protojson.Marshal(req)
	if err != nil {
		return 0, err
	}
	file := filepath.Join(req.GetDir(), "request.json")
	if err := os.WriteFile(file, raw, 0o644); err != nil {
		return 0, err
	}
	cmd := b.command(ctx, req.GetDir(), "run", file)
	cmd.Env = append(cmd.Env, command.GPUEnviron(req.GetGpus())...)
	var last bytes.Buffer
	cmd.Stdout, cmd.Stderr = log, io.MultiWriter(log, &last)
	peak, err = watch(cmd)
	if ctx.Err() != nil {
		if killed(cmd) {
			return peak, errDeaf
		}
		return peak, context.Cause(ctx)
	}
	if exit := (*exec.ExitError)(nil); errors.As(err, &exit) {
		lines := strings.Split(strings.TrimSpace(last.String()), "\n")
		return peak, fmt.Errorf("started by hand it ended with %w: %s", exit, cmp.Or(lines[len(lines)-1], "it said nothing"))
	}
	return peak, err
}

// command returns the program with arguments more than its own, to be run in
// the folder dir with what the engine would let it see of the environment.
func (b *byHand) command(ctx context.Context, dir string, args ...string) *exec.Cmd {
	argv := append(slices.Clone(b.program.Argv), args...)
	cmd := exec.CommandContext(ctx, argv[0], argv[1:]...)
	cmd.Dir, cmd.Env = dir, append(host.Environment(dir), b.program.Env...)
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	cmd.Cancel = func() error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGTERM) }
	cmd.WaitDelay = tolerated
	return cmd
}

// killed reports whether cmd had to be killed.
func killed(cmd *exec.Cmd) bool {
	if cmd.ProcessState == nil {
		return false // it was not started
	}
	status, ok := cmd.ProcessState.Sys().(syscall.WaitStatus)
	return ok && status.Signaled() && status.Signal() == syscall.SIGKILL
}

// byHandSampler is a sampler of the program. It implements sample.Remote.
type byHandSampler struct {
	byHand
	name string
}

// Check implements sample.Remote: by hand, parameters are checked by the run.
func (*byHandSampler) Check(json.RawMessage) error { return nil }

// Draw implements sample.Remote.
func (s *byHandSampler) Draw(ctx context.Context, pool *sample.Pool, d sample.Draw, job *stages.Job, yield func(sample.Batch) error) error {
	poolFile := filepath.Join(job.Dir, "pool.safetensors")
	if err := pool.Save(poolFile); err != nil {
		return err
	}
	draws := filepath.Join(job.Dir, "draws.jsonl")
	if _, err := s.run(ctx, s.request(poolFile, draws, d, job), job.Log); err != nil {
		return err
	}
	return sample.ReadDraws(draws, pool, yield)
}

func (s *byHandSampler) request(pool, draws string, d sample.Draw, job *stages.Job) *pluginv1.RunRequest {
	req := host.Request(job)
	req.What = &pluginv1.RunRequest_Draw{Draw: &pluginv1.Draw{
		Sampler: s.name, Pool: pool, Draws: draws, Steps: uint32(d.Steps), BatchSize: uint32(d.Size), Seed: d.Seed,
	}}
	return req
}

// byHandKind is a kind of stage of the program. It implements stages.Stage.
type byHandKind struct {
	byHand
	spec stages.Spec
}

// Spec implements stages.Stage.
func (k *byHandKind) Spec() stages.Spec { return k.spec }

// Run implements stages.Stage.
func (k *byHandKind) Run(ctx context.Context, job *stages.Job) error {
	req := host.Request(job)
	req.What = &pluginv1.RunRequest_Work{Work: &pluginv1.Work{Kind: k.spec.Kind, Outputs: job.Out, Checkpoint: job.Checkpoint}}
	_, err := k.run(ctx, req, job.Log)
	return err
}
