package host

import (
	"context"
	"fmt"
	"os"
	"path/filepath"

	"repro/stages"
	"repro/stages/plugin/v1"
	"repro/stages/sample"
)

// Draw implements sample.Remote: the pool goes out as a file that the plugin
// maps, the draws come back as a file that is read when all are there.
func (s *sampler) Draw(ctx context.Context, pool *sample.Pool, d sample.Draw, job *stages.Job, yield func(sample.Batch) error) error {
	dir, err := os.MkdirTemp(job.Dir, "plugin-")
	if err != nil {
		return err
	}
	poolFile, drawsFile := filepath.Join(dir, "pool.safetensors"), filepath.Join(dir, "draws.jsonl")
	if err := pool.Save(poolFile); err != nil {
		return fmt.Errorf("hand over the pool: %w", err)
	}
	own := *job
	own.Dir = dir
	req := Request(&own)
	req.What = &pluginv1.RunRequest_Draw{Draw: &pluginv1.Draw{
		Sampler: s.name, Pool: poolFile, Draws: drawsFile,
		Steps: uint32(d.Steps), BatchSize: uint32(d.Size), Seed: d.Seed,
	}}
	if err := run(ctx, s.plugin.program, req, &own, s.plugin.options); err != nil {
		return err
	}
	if err := sample.ReadDraws(drawsFile, pool, func(b sample.Batch) error {
		if err := ctx.Err(); err != nil {
			return err
		}
		return yield(b)
	}); err != nil {
		return fmt.Errorf("plugin %s: %w", s.plugin.program.Name, err)
	}
	return nil
}
