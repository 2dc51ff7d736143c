package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"repro/cache"
)

type outputFlags struct {
	workflowFlags
	port string
	to   string
}

func newOutput(t *terminal) *cobra.Command {
	var f outputFlags
	c := &cobra.Command{
		Use:   "output [FILE] STAGE",
		Short: "Print what a stage made, or copy it to a path",
		Args:  cobra.RangeArgs(1, 2),
		RunE:  f.on(func(ctx context.Context, p *project) error { return p.showOutput(ctx, t, &f) }),
	}
	f.add(c)
	c.Flags().StringVar(&f.port, "port", "", "which output, if the stage has several")
	c.Flags().StringVar(&f.to, "to", "", "copy the file or folder to the new `PATH`")
	return c
}

func (p *project) showOutput(ctx context.Context, t *terminal, f *outputFlags) (err error) {
	_, stage, err := p.findStage()
	if err != nil {
		return err
	}
	if f.json {
		return t.printJSON(stage.Outputs)
	}
	ports := slices.Sorted(maps.Keys(stage.Outputs))
	if f.port == "" && len(ports) == 1 {
		f.port = ports[0]
	}
	artifact, ok := stage.Outputs[f.port]
	if !ok {
		return withCode(exitUsage, fmt.Errorf("%s has the outputs %s: name one with --port", stage.Addr, strings.Join(ports, ", ")))
	}
	store, err := p.openStore(ctx, t)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, store.Close()) }()
	if f.to != "" {
		return copyOut(ctx, store, artifact, f.to)
	}
	if artifact.Tree {
		tree, err := cache.LoadTree(ctx, store, artifact.Digest)
		if err != nil {
			return err
		}
		t.say("%s is a folder; copy it with --to PATH", f.port)
		for _, e := range tree {
			if err := t.print(fmt.Sprintf("%12d  %s\n", e.Digest.Size, e.Path)); err != nil {
				return err
			}
		}
		return nil
	}
	r, err := store.Open(ctx, artifact.Digest)
	if err != nil {
		return err
	}
	defer r.Close() //nolint:errcheck // opened for reading only
	_, err = io.Copy(t.out, r)
	return err
}

// copyOut writes an artifact to a new path. The copies are the user's own: no
// link leads into the cache.
func copyOut(ctx context.Context, blobs cache.Blobs, a cache.Artifact, to string) error {
	if _, err := os.Lstat(to); err == nil {
		return withCode(exitUsage, fmt.Errorf("%s is there already", to))
	}
	if !a.Tree {
		return cache.CopyBlob(ctx, blobs, a.Digest, to, 0o644)
	}
	tree, err := cache.LoadTree(ctx, blobs, a.Digest)
	if err != nil {
		return err
	}
	for _, e := range tree {
		name := filepath.Join(to, filepath.FromSlash(e.Path))
		if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
			return err
		}
		mode := os.FileMode(0o644)
		if e.Exec {
			mode = 0o755
		}
		if err := cache.CopyBlob(ctx, blobs, e.Digest, name, mode); err != nil {
			return err
		}
	}
	return nil
}
